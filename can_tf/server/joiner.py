"""Requests that wait while the graph runs are answered together by its next run.

Nobody waits for others to come: who asks a server that has a turn to give is answered alone. A run takes the request
that has waited longest and what can be joined with it, up to a bound. If the graph refuses them together, each is asked
alone, so that an invalid request costs nobody else the answer.
"""

import asyncio
import dataclasses
import math
import time
from collections.abc import Sequence

import anyio
import numpy as np
import tensorflow as tf

from can_tf.limits import JOINED_SECONDS, JOINED_WORDS
from can_tf.server.batches import Arrays, Size, joined, parted
from can_tf.server.gate import Gate, Wait, took_too_long
from can_tf.server.runs import CountedVersion
from can_tf.server.versions import Version

Outputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """What a request asks of the model.

    Attributes:
        version: That is asked.
        signature, inputs: What is asked.
        size: What it costs in a batch; None if it must be asked alone.
    """

    version: Version
    signature: str
    inputs: Arrays
    size: Size | None


@dataclasses.dataclass(frozen=True, eq=False)
class _Waiting:
    question: Question
    deadline: float  # In seconds of `time.monotonic`.
    wait: Wait
    since: float
    answer: "asyncio.Future[Outputs]"


class Joiner:
    """Asks versions. For one event loop.

    Args:
        gate: Has the turns that runs take, what a batch may hold, and where runs are counted.
    """

    def __init__(self, gate: Gate):
        self._gate, self._limits = gate, gate.limits
        self._waiting: list[_Waiting] = []
        self._threads = anyio.CapacityLimiter(math.inf)  # Who runs has a turn already.
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question, deadline: float, wait: Wait) -> Outputs:
        """Returns a question's outputs by name.

        Args:
            question: The question.
            deadline: When it is given up, in seconds of `time.monotonic`.
            wait: What the time until its run begins is added to.

        Raises:
            tf.errors.OpError: The graph refuses the inputs.
            HttpError: It took too long (504).
        """
        now = time.monotonic()
        waiting = _Waiting(question, deadline, wait, now, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        # A turn for each; it ends at once where the run of another has taken the question.
        task = asyncio.create_task(self._run_next())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with anyio.move_on_after(deadline - now):
                return await waiting.answer
            raise took_too_long(self._limits.answer_seconds)
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    async def _run_next(self) -> None:
        async with self._gate.turns:
            batch = self._next_batch()
            if not batch:
                return
            outcomes: Sequence[Outputs | Exception]
            try:
                outcomes = await anyio.to_thread.run_sync(self._outcomes, batch, limiter=self._threads)
            except Exception as error:
                outcomes = [error] * len(batch)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():  # Nobody waits for it any more.
                continue
            if isinstance(outcome, Exception):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)
            await asyncio.sleep(0)  # One answer at a time is sent, so that a probe waits for one at most.

    def _next_batch(self) -> list[_Waiting]:
        """Takes the next batch from those that wait, in their order."""
        batch = self._waiting[:1]
        size = batch[0].question.size if batch else None
        for waiting in self._waiting[1:]:
            more = waiting.question.size
            if size and more and self._fits(size + more) and _alike(waiting.question, batch[0].question):
                batch.append(waiting)
                size += more
        now = time.monotonic()
        for waiting in batch:
            self._waiting.remove(waiting)
            waiting.wait.add(now - waiting.since)
        return batch

    def _fits(self, size: Size) -> bool:
        return (
            size.rows <= self._limits.joined
            and size.places <= min(JOINED_WORDS, self._limits.words)
            and size.all_seconds <= min(JOINED_SECONDS, self._limits.seconds)
        )

    def _outcomes(self, batch: Sequence[_Waiting]) -> list[Outputs | Exception]:
        """Returns the outputs of each request, or why it has none."""
        if len(batch) > 1:
            try:
                outputs = self._run(batch, joined([waiting.question.inputs for waiting in batch]))
                sizes = [waiting.question.size for waiting in batch if waiting.question.size]
                return [*parted(outputs, sizes)]
            except tf.errors.OpError:
                pass  # One of them is to blame: alone, each hears what is wrong with its own.
        return [self._alone(waiting) for waiting in batch]

    def _alone(self, waiting: _Waiting) -> Outputs | Exception:
        try:
            return self._run([waiting], waiting.question.inputs)
        except Exception as error:
            return error

    def _run(self, batch: Sequence[_Waiting], inputs: Arrays) -> Outputs:
        first = batch[0].question
        left = max(waiting.deadline for waiting in batch) - time.monotonic()
        counted = CountedVersion(first.version, self._gate.metrics, self._limits.answer_seconds, left, len(batch))
        return counted.run(first.signature, inputs)


def _alike(one: Question, other: Question) -> bool:
    return one.version is other.version and one.signature == other.signature
