"""Asks a version what costs much, and prints the memory of each request as a multiple of its size: a program of a test.

It needs a process of its own, whose peak is that of its requests.
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np

from can_tf.audio import wav_bytes

LARGEST_RATIO = 64
_FREE_BYTES = 30 * 2**20  # What TensorFlow takes for any request.
# Utterances of so many seconds and words, cheapest first: a peak hides what comes below it.
REQUESTS = {
    "as many words as may be": [(20.0, 1_050)],
    "as many places as may be": [(100.0, 355), *[(0.03, 1)] * 120],
    "words that overlap": [(60.0, -200)],
}


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
    version.run("serving_default", request_of([(1.0, 3)]))
    costs = {}
    for name, utterances in REQUESTS.items():
        request = request_of(utterances)
        size = sum(map(len, request["audio"])) + request["words"].size * 9
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        version.run("serving_default", request)
        cost = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        costs[name] = round((cost - _FREE_BYTES) / size, 1)
    print(json.dumps(costs))


if __name__ == "__main__":
    main()
