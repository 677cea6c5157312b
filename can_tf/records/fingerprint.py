"""What records are made of, as hashes: by them a build knows its own, and a training its data."""

import concurrent.futures
import hashlib
import json
from pathlib import Path
from typing import Any

from can_tf.alignment.forced import aligner_description
from can_tf.corpus.utterance import Corpus
from can_tf.files import sha256_of_file, sha256_of_json
from can_tf.processes import cores
from can_tf.records.dataset import SCHEMA_VERSION
from can_tf.records.shards import BuildOptions, is_unaligned
from can_tf.records.specification import described

UTTERANCES_PER_SHARD = 64


def hash_of_utterances(corpus: Corpus, options: BuildOptions, recognizer: str | None = None) -> str:
    """Returns a hash of all that decides the records, but for the sound.

    `recognizer` is what decides the words of utterances that have none.
    """
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        digest.update(json.dumps(value, sort_keys=True).encode() + b"\n")

    add([SCHEMA_VERSION, options.to_json(), corpus.name, corpus.labels, UTTERANCES_PER_SHARD])
    for utterance in corpus.utterances:
        if utterance.corpus:
            add(utterance.corpus)
        add([described(utterance), [(word.text, word.start, word.end) for word in utterance.words]])
        if is_unaligned(utterance):
            add([utterance.transcript, aligner_description()])
        elif not utterance.words:
            add(recognizer)
    add([(rejection.id, rejection.reason) for rejection in corpus.rejected])
    return digest.hexdigest()


def hash_of_sound(corpus: Corpus) -> str:
    """Returns a hash of all bytes of the recordings: made louder, a file keeps its size, and a copy its time."""
    with concurrent.futures.ThreadPoolExecutor(cores()) as threads:
        return sha256_of_json([*threads.map(_hash_of, [utterance.audio_path for utterance in corpus.utterances])])


def _hash_of(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except OSError:  # Whoever reads the recording says what is wrong with it.
        return ""
