"""What records are made of, told before they are: so that other records, or half of them, are not taken for these."""

import dataclasses
from typing import Any

from can_tf.alignment.forced import aligner_description
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.recognition.registry import Choice, choose
from can_tf.corpus.utterance import Corpus
from can_tf.files import sha256_of_json
from can_tf.progress import Event, Progress, amount
from can_tf.provenance import git_commit, versions
from can_tf.records.dataset import SCHEMA_VERSION
from can_tf.records.fingerprint import hash_of_sound, hash_of_utterances
from can_tf.records.shards import BuildOptions, is_unaligned, is_unheard


def chosen_recognizer(corpus: Corpus, options: RecognizerOptions, progress: Progress) -> tuple[Choice, str] | None:
    """Returns the recognizer and what decides its words; None where there are none to be recognized."""
    unheard = sum(map(is_unheard, corpus.utterances))
    if not unheard:
        return None
    # One thread, as for the features; there are as many workers as cores.
    choice = choose(dataclasses.replace(options, threads=1))
    note = choice.note or f"Words are recognized by {choice.title}."
    what = f"{amount(unheard, 'utterances')} with neither an alignment nor a transcript"
    progress(Event("Building records", note=f"{what}: {note[0].lower()}{note[1:]}"))
    return choice, choice.describe()


def make_plan(corpus: Corpus, options: BuildOptions, chosen: tuple[Choice, str] | None) -> dict[str, Any]:
    """Returns what records are made of, as `dataset.json` describes it."""
    recognizer = chosen[1] if chosen else None
    made_of = {"utterances": hash_of_utterances(corpus, options, recognizer), "sound": hash_of_sound(corpus)}
    return {
        "schema_version": SCHEMA_VERSION,
        "labels": list(corpus.labels),
        **options.to_json(),
        "corpus": {
            "name": corpus.name,
            "synthetic": corpus.synthetic,
            **({"listeners": dict(corpus.listeners)} if corpus.listeners else {}),
            **({"notes": list(corpus.notes)} if corpus.notes else {}),
            **({"parts": dict(corpus.parts)} if corpus.parts else {}),
        },
        **({"aligner": aligner_description()} if has_transcripts(corpus) else {}),
        **({"recognizer": recognizer} if recognizer else {}),
        "made_of": made_of,
        "fingerprint": sha256_of_json(made_of),
        "versions": versions(),
        "git_commit": git_commit(),
    }


def has_transcripts(corpus: Corpus) -> bool:
    """Tells whether there are transcripts to be aligned."""
    return any(is_unaligned(utterance) for utterance in corpus.utterances)
