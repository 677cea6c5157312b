"""Reads the JL corpus: acted New Zealand English, four speakers, ten emotions.

James, Tian and Watson, "An open source emotional speech corpus for human robot interaction applications", Interspeech
2018. Under the folder, at any depth: `female1_angry_10a_1.wav` is speaker female1, anger, sentence 10a, said first;
`female1_angry_10a_1.txt` beside it has the sentence. Five emotions are primary (anger, excitement, happiness, neutral,
sadness), five secondary.
"""

import re
from pathlib import Path

from can_tf.corpus.acted import Take, read_takes, recordings_in
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import ASKED_BY_CC0, Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError
from can_tf.text_files import read_text

JL_CORPUS = "jl-corpus"  # The name of the corpus.
SOURCE = Source(
    license="The JL corpus is in the public domain (CC0 1.0).",
    speech="acted New Zealand English",
    citation='James, Tian and Watson, "An open source emotional speech corpus for human robot interaction '
    'applications", Interspeech 2018',
    address="https://www.kaggle.com/datasets/tli725/jl-corpus",
    asks=ASKED_BY_CC0,
)
EMOTIONS = {
    "angry": "anger",
    "excited": "excitement",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "anxious": "anxious",
    "apologetic": "apologetic",
    "assertive": "assertive",
    "concerned": "concerned",
    "encouraging": "encouraging",
}
_NAME = re.compile(r"((?:fe)?male[12])_([a-z]+)_(\d+[ab])_[12]")


def read_jl_corpus(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads names and sentences; sound is not opened.

    Args:
        root: A folder that the recordings are in or below.
        label_set: Which labels count, and as what; None takes the five primary ones.

    Raises:
        CorpusError: There is no recording.
    """
    recordings = recordings_in(root, "**/*male[12]_*.wav", "the folder in which the JL corpus was unpacked")
    return read_takes(JL_CORPUS, recordings, label_set or LABEL_SETS["jl-corpus"], _emotion, _take)


def _parts(path: Path) -> tuple[str, str, str]:
    """Returns speaker, emotion and sentence, each as the name has it."""
    name = _NAME.fullmatch(path.stem)
    if name is None or name[2] not in EMOTIONS:
        raise CorpusError("expected a name such as female1_angry_10a_1: speaker, emotion, sentence, take")
    return name[1], name[2], name[3]


def _emotion(path: Path) -> str:
    return EMOTIONS[_parts(path)[1]]


def _take(path: Path) -> Take:
    speaker, _, sentence = _parts(path)
    transcript = path.with_suffix(".txt")
    said = read_text(transcript, CorpusError).strip() if transcript.exists() else ""
    return Take(speaker=speaker, transcript=" ".join(said.split()), scenario=sentence)
