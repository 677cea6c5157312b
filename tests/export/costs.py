"""Asks a version what costs much, and prints the memory of each request as a multiple of its size: a program of a test.

Between requests, freed memory is given back and the kernel's peak is reset (Linux), so that no request hides another.
Run with `ENVIRONMENT`: what glibc's `malloc` otherwise holds in reserve, once more or twice, differs from time to time.
"""

import contextlib
import ctypes
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from can_tf.audio import wav_bytes

ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1000000"}  # Large blocks come from the system, and go back when freed.
LARGEST_RATIO = 64
_FREE_BYTES = 30 * 2**20  # What TensorFlow takes for any request.
# Utterances of so many seconds and words.
REQUESTS = {
    "as many words as may be": [(20.0, 1_050)],
    "as many words as may be without sound": [(0.02, 40)] * 6,
    "as many places as may be": [(100.0, 355), *[(0.03, 1)] * 120],
    "words that overlap": [(60.0, -160)],
    "a long recording": [(120.0, 300)],
    "a long recording and many short ones": [(40.0, 1), *[(0.01, 1)] * 400],
}
SIGNATURES = ("serving_default", "frames")


def request_of(utterances):
    """Returns a request of (seconds, words): the first word lasts half the recording, the others share the rest.

    A number below zero is that of words that each last a sixtieth of it, wherever they are.
    """
    most = max(abs(count) for _, count in utterances)
    words = np.full([len(utterances), most], "w", object)
    start, end = np.zeros([2, len(utterances), most], np.float32)
    noise = np.random.default_rng(0).normal(size=round(16_000 * max(seconds for seconds, _ in utterances))) * 0.1
    for row, (seconds, count) in enumerate(utterances):
        edges = np.linspace(0.0, seconds, abs(count) + 1)
        if count > 1:
            edges = np.concatenate([[0.0], np.linspace(seconds / 2, seconds, count)])
        start[row, : abs(count)], end[row, : abs(count)] = edges[:-1], edges[1:]
        if count < 0:
            end[row] = np.minimum(start[row] + seconds / 60, seconds)
        words[row, abs(count) :] = ""
    return {
        "audio": np.array([wav_bytes(noise[: round(16_000 * seconds)]) for seconds, _ in utterances], object),
        "words": words,
        "start": start,
        "end": end,
        "num_words": np.array([abs(count) for _, count in utterances], np.int32),
    }


def main():
    from can_tf.prediction.saved_model import LoadedVersion

    version = LoadedVersion(Path(sys.argv[1]))
    costs = {}
    for signature in SIGNATURES:
        version.run(signature, request_of([(30.0, 75)]))  # What it keeps ever after is no request's.
        for name, utterances in REQUESTS.items():
            request = request_of(utterances)
            size = sum(map(len, request["audio"])) + request["words"].size * 9
            costs[f"{signature}: {name}"] = round(max(_peak_of(version, signature, request) - _FREE_BYTES, 0) / size, 1)
    print(json.dumps(costs))


def _peak_of(version, signature, request):
    """The bytes that a request takes beyond what was taken before it."""
    ctypes.CDLL(None).malloc_trim(0)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    with contextlib.suppress(tf.errors.InvalidArgumentError):  # What is refused may cost no more either.
        version.run(signature, request)
    return _status("VmHWM") - before


def _status(name):
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:")]
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()
