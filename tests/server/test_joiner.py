"""Who is answered together, and what that changes for nobody."""

import asyncio
import threading
import types

import numpy as np
import pytest
import tensorflow as tf

from can_tf.server.batches import Size
from can_tf.server.gate import Gate, HttpError, RequestLimits, Wait
from can_tf.server.joiner import Joiner, Question

SIZE = Size(1, 1, 0, 3.0)


class Echo:
    """Answers with what it is asked, once it may; refuses negative numbers. Remembers its batches."""

    folder, definitions, frames_per_second = None, types.MappingProxyType({}), None

    def __init__(self):
        self.batches, self.begun, self.may_go_on = [], threading.Event(), threading.Event()
        self.limits = []

    def run(self, signature, inputs, *, seconds):
        self.batches.append(inputs["number"].tolist())
        self.limits.append(seconds)
        self.begun.set()
        assert self.may_go_on.wait(30)
        if (inputs["number"] < 0).any():
            raise tf.errors.InvalidArgumentError(None, None, f"{inputs['number'].tolist()}: negative")
        return {"number": inputs["number"]}


def question(version, number, *, size=SIZE, signature="a"):
    rows = size.rows if size else 1
    return Question(version, signature, {"number": np.full(rows, number)}, size)


async def ask_behind(version, first, others, limits=None, seconds=30.0):
    """Asks one question and, while it is answered, others; returns all outcomes, in order."""
    joiner = Joiner(Gate(limits or RequestLimits(at_once=1)))

    async def ask(asked):
        return await joiner.answer(asked, asyncio.get_running_loop().time() + seconds, Wait())

    tasks = [asyncio.create_task(ask(first))]
    while not version.begun.is_set():
        await asyncio.sleep(0.001)
    tasks += [asyncio.create_task(ask(other)) for other in others]
    await asyncio.sleep(0.01)
    version.may_go_on.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [each["number"].tolist() if isinstance(each, dict) else each for each in outcomes]


@pytest.fixture
def echo():
    return Echo()


def test_who_comes_first_is_answered_alone_and_who_waits_meanwhile_together_in_order(echo):
    outcomes = asyncio.run(ask_behind(echo, question(echo, 1), [question(echo, number) for number in (2, 3, 4)]))
    assert outcomes == [[1], [2], [3], [4]]
    assert echo.batches == [[1], [2, 3, 4]]


def test_an_invalid_request_costs_only_itself(echo):
    outcomes = asyncio.run(ask_behind(echo, question(echo, 1), [question(echo, number) for number in (2, -3, 4)]))
    assert [*outcomes[:2], outcomes[3]] == [[1], [2], [4]]
    assert isinstance(outcomes[2], tf.errors.InvalidArgumentError)
    assert outcomes[2].message == "[-3]: negative"
    assert echo.batches == [[1], [2, -3, 4], [2], [-3], [4]]


def test_what_is_not_alike_is_not_joined_and_nobody_is_overtaken_for_ever(echo):
    other = Echo()
    other.may_go_on.set()
    asked = [
        question(echo, 2),
        question(echo, 3, signature="b"),
        question(echo, 4, size=None),
        question(other, 5),
        question(echo, 6),
    ]
    outcomes = asyncio.run(ask_behind(echo, question(echo, 1), asked))
    assert outcomes == [[1], [2], [3], [4], [5], [6]]
    assert echo.batches == [[1], [2, 6], [3], [4]]
    assert other.batches == [[5]]


@pytest.mark.parametrize(
    "limits, sizes, batches",
    [
        ({"joined": 3}, [Size(1, 1, 0, 1.0), Size(2, 1, 0, 1.0), Size(1, 1, 0, 1.0)], [[2, 3, 3], [4]]),
        ({}, [Size(1, 1, 0, 50.0), Size(1, 1, 0, 11.0), Size(1, 1, 0, 10.0)], [[2, 4], [3]]),  # 60 s together.
        ({"seconds": 5.0}, [SIZE, SIZE, SIZE], [[2], [3], [4]]),
        ({"words": 20}, [Size(1, 10, 0, 1.0), Size(1, 1, 0, 1.0), Size(1, 1, 0, 1.0)], [[2, 3], [4]]),
        ({}, [Size(1, 1, 400_000, 0.0), Size(1, 1, 400_000, 0.0), Size(1, 1, 1, 0.0)], [[2, 3], [4]]),
    ],
)
def test_a_batch_is_bounded_in_utterances_words_and_sound(echo, limits, sizes, batches):
    asked = [question(echo, number, size=size) for number, size in enumerate(sizes, 2)]
    asyncio.run(ask_behind(echo, question(echo, 1), asked, RequestLimits(at_once=1, **limits)))
    assert echo.batches == [[1], *batches]


def test_who_waits_too_long_is_given_up_and_not_asked(echo):
    async def asking():
        joiner, wait = Joiner(Gate(RequestLimits(at_once=1, answer_seconds=0.2))), Wait()
        now = asyncio.get_running_loop().time()
        first = asyncio.create_task(joiner.answer(question(echo, 1), now + 30, Wait()))
        await asyncio.to_thread(echo.begun.wait, 30)
        with pytest.raises(HttpError, match="longer than 0.2 s") as refused:
            await joiner.answer(question(echo, 2), now + 0.2, wait)
        assert refused.value.status == 504
        assert wait.seconds is None
        echo.may_go_on.set()
        assert (await first)["number"].tolist() == [1]
        assert (await joiner.answer(question(echo, 3), now + 30, wait))["number"].tolist() == [3]
        assert wait.seconds is not None

    asyncio.run(asking())
    assert echo.batches == [[1], [3]]


def test_a_client_that_goes_away_takes_nothing_from_the_others(echo):
    async def asking():
        joiner = Joiner(Gate(RequestLimits(at_once=1)))
        later = asyncio.get_running_loop().time() + 30
        tasks = [asyncio.create_task(joiner.answer(question(echo, 1), later, Wait()))]
        await asyncio.to_thread(echo.begun.wait, 30)
        tasks += [asyncio.create_task(joiner.answer(question(echo, number), later, Wait())) for number in (2, 3)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()  # Its run goes on.
        tasks[1].cancel()
        await asyncio.sleep(0.01)
        echo.may_go_on.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = asyncio.run(asking())
    assert [type(outcome) for outcome in outcomes[:2]] == [asyncio.CancelledError] * 2
    assert outcomes[2]["number"].tolist() == [3]
    assert echo.batches == [[1], [3]]


def test_a_run_may_take_as_long_as_the_most_patient_in_it_waits(echo):
    async def asking():
        joiner = Joiner(Gate(RequestLimits(at_once=1)))
        now = asyncio.get_running_loop().time()
        tasks = [asyncio.create_task(joiner.answer(question(echo, 1), now + 5.0, Wait()))]
        await asyncio.to_thread(echo.begun.wait, 30)
        tasks += [
            asyncio.create_task(joiner.answer(question(echo, 1), now + patience, Wait()))
            for patience in (10.0, 90.0, 20.0)
        ]
        await asyncio.sleep(0.01)
        echo.may_go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(asking())
    assert echo.limits == [pytest.approx(5.0, abs=2.0), pytest.approx(90.0, abs=2.0)]


def test_what_nobody_foresaw_is_heard_by_all_of_a_batch(echo):
    def broken(signature, inputs, *, seconds):
        Echo.run(echo, signature, inputs, seconds=seconds)
        raise MemoryError

    echo.run = broken
    outcomes = asyncio.run(ask_behind(echo, question(echo, 1), [question(echo, 2), question(echo, 3)]))
    assert [type(outcome) for outcome in outcomes] == [MemoryError] * 3
