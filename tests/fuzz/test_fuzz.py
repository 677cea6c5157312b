"""No input makes a parser fail but by the project's own errors, hang, or take the machine's memory.

In short form as part of the tests, in long form by `make fuzz`.
"""

import dataclasses
import gc
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from tests.fuzz import corpora, folders, lists, records, runs, searches, serving
from tests.fuzz.parser import Parser

MODULES = (corpora, lists, records, runs, searches, serving, folders)
PARSERS = {name: parser for module in MODULES for name, parser in module.PARSERS.items()}
EXAMPLES = int(os.environ.get("CAN_TF_FUZZ_EXAMPLES", "60"))
MOST_SECONDS = 1.0  # Of processor time, so that a busy machine does not count.
MOST_BYTES = 1_000_000_000


@dataclasses.dataclass
class Tally:
    """What became of the inputs tried, and the processor time that the slowest took."""

    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    slowest_seconds: float = 0.0


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


def _timed(parser: Parser, content: object, folder: Path, tally: Tally) -> None:
    """Feeds one input, interrupted if it takes too long."""
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        parser.feed(content, folder)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        seconds = time.process_time() - started
        tally.slowest_seconds = max(tally.slowest_seconds, seconds)
    assert seconds < MOST_SECONDS


def _try(parser: Parser, content: object, folder: Path, tally: Tally) -> None:
    """Feeds one input and counts what became of it; anything but the parser's own refusals goes on up."""
    try:
        _timed(parser, content, folder, tally)
        tally.outcomes["accepted"] += 1
    except parser.refusals as error:
        tally.outcomes["refused" if str(error).strip() else "refused without a reason"] += 1
    except Exception:
        note(repr(content))
        raise


def _fuzz(parser: Parser, folder: Path) -> Tally:
    """Tries `EXAMPLES` hostile inputs on a parser."""
    tally = Tally()

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
        _try(parser, content, folder, tally)

    fuzz()
    return tally


def _row(name: str, tally: Tally, peak: int) -> str:
    """Returns a parser's row of the table that `make fuzz` prints."""
    outcomes = tally.outcomes
    return (
        f"| {name} | {outcomes.total()} | {outcomes['accepted']} | {outcomes['refused']} "
        f"| {1000 * tally.slowest_seconds:.0f} ms | {peak / 1e6:.0f} MB |"
    )


@pytest.mark.parametrize("name", PARSERS)
def test_no_input_breaks_a_parser_and_valid_ones_are_taken(name, tmp_path, virtual_alarm, capsys):
    parser = PARSERS[name]
    parser.prepare(tmp_path)
    for sample in parser.valid:
        parser.feed(sample, tmp_path)  # Warms up what the first call loads or traces, too.
    gc.collect()
    gc.freeze()  # Or what TensorFlow has made would be looked through within some input's time, again and again.
    before = _memory("VmRSS")
    _forget_peak()
    tally = _fuzz(parser, tmp_path)
    peak = _memory("VmHWM")
    assert tally.outcomes.total() >= EXAMPLES
    assert tally.outcomes["refused"], "nothing was hostile"
    assert not tally.outcomes["refused without a reason"]
    assert peak - before < MOST_BYTES
    if "CAN_TF_FUZZ_EXAMPLES" in os.environ:
        with capsys.disabled():
            print(f"\n{_row(name, tally, peak)}", end="")
