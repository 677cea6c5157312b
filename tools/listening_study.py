"""Measures `can-tf listen`: how long after its end each stretch of speech is named, and whether memory grows.

    python tools/listening_study.py talk.wav --minutes 10 --whisper MODEL --model saved_models/can

The recording, again and again with a second of silence between, is piped in as fast as it would be spoken. A stretch
is late by the time from its end to its line. Memory is that of the command and the process that finds words. Needs
Linux, and: pip install -c constraints.txt -e '.[asr]'
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from can_tf.audio import read_audio
from can_tf.report.tables import format_table
from can_tf.samples import SAMPLE_RATE_HZ, pcm16

_BLOCK = SAMPLE_RATE_HZ // 20
_SECONDS_BETWEEN_LOOKS = 5.0


def spoken(recording: Path, minutes: float) -> np.ndarray:
    """Returns so much speech, `<int16>[samples]`."""
    once = np.concatenate([pcm16(read_audio(recording)), np.zeros(SAMPLE_RATE_HZ, np.int16)])
    length = round(60 * minutes * SAMPLE_RATE_HZ)
    return np.tile(once, -(-length // len(once)))[:length]


class Listening:
    """A `can-tf listen` that runs, what it has said and when, and its memory."""

    def __init__(self, options: list[str]) -> None:
        command = [sys.executable, "-m", "can_tf", "listen", "-", "--json", *options]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, **pipes)
        self.said: list[tuple[float, dict[str, Any]]] = []
        self.notes: list[str] = []
        self._reading = threading.Thread(target=self._read)

    def until_ready(self) -> None:
        """Waits until it listens."""
        for line in self.process.stderr:
            if line.startswith(b"Listening"):
                self._reading.start()
                threading.Thread(target=lambda: self.notes.extend(map(bytes.decode, self.process.stderr))).start()
                return
            click.echo(line.decode(), err=True, nl=False)
        sys.exit(1)

    def speak(self, samples: np.ndarray) -> Iterator[int]:
        """Pipes samples in as time goes by; yields its memory in bytes now and then."""
        self.begun, looked = time.monotonic(), 0.0
        for place in range(0, len(samples), _BLOCK):
            time.sleep(max(0.0, self.begun + (place + _BLOCK) / SAMPLE_RATE_HZ - time.monotonic()))
            self.process.stdin.write(samples[place : place + _BLOCK].astype("<i2").tobytes())
            self.process.stdin.flush()
            if place / SAMPLE_RATE_HZ - looked >= _SECONDS_BETWEEN_LOOKS:
                looked = place / SAMPLE_RATE_HZ
                yield memory_of(self.process.pid)
        self.process.stdin.close()
        self._reading.join()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.said.append((time.monotonic(), json.loads(line)))


def memory_of(process: int) -> int:
    """Returns the bytes of main memory that a process and its children take."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            about = dict(line.split(":", 1) for line in path.read_text().splitlines())
        except OSError:  # It has ended.
            continue
        if process in (int(path.parent.name), int(about["PPid"])):
            total += 1024 * int(about.get("VmRSS", "0 kB").split()[0])
    return total


@click.command()
@click.argument("recording", type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", type=float, default=10.0)
@click.option("--whisper", help="As can-tf listen has it.")
@click.option("--model", default="saved_models/can")
def main(recording: Path, minutes: float, whisper: str | None, model: str) -> None:
    """Measures how `can-tf listen` does with a recording."""
    samples = spoken(recording, minutes)
    listening = Listening(["--model", model, *(["--whisper", whisper] if whisper else [])])
    listening.until_ready()
    memory = [used / 2**20 for used in listening.speak(samples)]
    late = [when - listening.begun - stretch["end"] for when, stretch in listening.said[:-1]]  # The last ends with all.
    named = sum("label" in stretch for _, stretch in listening.said)
    third = max(len(memory) // 3, 1)
    rows = [
        ["stretches", f"{len(listening.said)}, {named} with an emotion"],
        ["late by, median", f"{np.median(late):.2f} s"],
        ["late by, 95 %", f"{np.quantile(late, 0.95):.2f} s"],
        ["late by, at most", f"{max(late):.2f} s, in the last third {max(late[-max(len(late) // 3, 1) :]):.2f} s"],
        ["memory, first third", f"{np.mean(memory[:third]):.0f} MiB"],
        ["memory, last third", f"{np.mean(memory[-third:]):.0f} MiB"],
        ["said beside", " ".join(listening.notes).strip() or "nothing"],
    ]
    click.echo(format_table(["what", "measured"], rows))


if __name__ == "__main__":
    main()
