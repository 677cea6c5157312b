"""No input makes a parser fail but by the project's own errors, hang, or take the machine's memory.

In short form as part of the tests, in long form by `make fuzz`.
"""

import gc
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from tests.fuzz import corpora, folders, records, runs, serving

PARSERS = {**corpora.PARSERS, **records.PARSERS, **runs.PARSERS, **serving.PARSERS, **folders.PARSERS}
EXAMPLES = int(os.environ.get("CAN_TF_FUZZ_EXAMPLES", "60"))
MOST_SECONDS = 1.0  # Of processor time, so that a busy machine does not count.
MOST_BYTES = 1_000_000_000


class TooSlowError(Exception):
    """An input took too long."""


def _stop(*_):
    raise TooSlowError(f"more than {MOST_SECONDS} s for one input")


def _memory(name: str) -> int:
    """Returns the bytes that this process has (VmRSS), or has had at most since `_forget_peak` (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"the kernel does not tell {name}")


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@pytest.fixture
def virtual_alarm():
    """What interrupts a hang."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def _timed(feed, content, folder) -> float:
    """Feeds one input and returns the seconds of processor time that it took."""
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        feed(content, folder)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        seconds = time.process_time() - started
    assert seconds < MOST_SECONDS
    return seconds


@pytest.mark.parametrize("name", PARSERS)
def test_no_input_breaks_a_parser_and_valid_ones_are_taken(name, tmp_path, virtual_alarm, capsys):
    parser = PARSERS[name]
    parser.prepare(tmp_path)
    for sample in parser.valid:
        parser.feed(sample, tmp_path)  # Warms up what the first call loads or traces, too.
    counts, slowest = Counter(), [0.0]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(parser.hostile)
    def fuzz(content):
        counts["tried"] += 1
        started = time.process_time()
        try:
            _timed(parser.feed, content, tmp_path)
            counts["accepted"] += 1
        except parser.refusals as error:
            counts["refused" if str(error).strip() else "refused without a reason"] += 1
        except Exception:
            note(repr(content))
            raise
        finally:
            slowest[0] = max(slowest[0], time.process_time() - started)

    gc.collect()
    gc.freeze()  # Or what TensorFlow has made would be looked through within some input's time, again and again.
    before = _memory("VmRSS")
    _forget_peak()
    fuzz()
    peak = _memory("VmHWM")
    gc.unfreeze()
    assert counts["tried"] >= EXAMPLES
    assert counts["refused"], "nothing was hostile"
    assert not counts["refused without a reason"]
    assert peak - before < MOST_BYTES
    with capsys.disabled():
        if "CAN_TF_FUZZ_EXAMPLES" in os.environ:
            print(
                f"\n| {name} | {counts['tried']} | {counts['accepted']} | {counts['refused']} "
                f"| {1000 * slowest[0]:.0f} ms | {peak / 1e6:.0f} MB |",
                end="",
            )
