"""Reads SAVEE: acted British English, four men, seven emotions, 15 sentences each, twice as many neutral ones.

Haq and Jackson, "Speaker-dependent audio-visual emotion recognition", AVSP 2009. Under the folder, at any depth:
`AudioData/DC/sa01.wav`, or `DC_sa01.wav` as it is also passed on: speaker DC, sadness, its first sentence. What is said
is not in the download, so words are to be recognized.
"""

import re
from pathlib import Path

from can_tf.corpus.acted import Take, read_takes, recordings_in
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

SAVEE = "savee"  # The name of the corpus.
SOURCE = Source(
    license="SAVEE is given out by the University of Surrey to those who register, for research.",
    speech="acted British English",
    citation='Haq and Jackson, "Speaker-dependent audio-visual emotion recognition", AVSP 2009',
    address="http://kahlan.eps.surrey.ac.uk/savee/",
)
SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
PUBLISHED_COUNTS = {
    "seven": {emotion: 120 if emotion == "neutral" else 60 for emotion in EMOTIONS.values()},
    "four": {"ang": 60, "hap": 60, "sad": 60, "neu": 120},
}
_NAME = re.compile(rf"({'|'.join(SPEAKERS)})_([a-z]+)(\d\d)")


def read_savee(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads names; sound is not opened.

    Args:
        root: A folder that the recordings are in or below.
        label_set: Which labels count, and as what; None takes all seven.

    Raises:
        CorpusError: There is no recording.
    """
    recordings = recordings_in(root, "**/*.wav", "the folder in which SAVEE was unpacked")
    return read_takes(SAVEE, recordings, label_set or LABEL_SETS["seven"], _emotion, _take, _id)


def _id(path: Path) -> str:
    return path.stem if "_" in path.stem else f"{path.parent.name}_{path.stem}"


def _parts(path: Path) -> tuple[str, str, str]:
    """Returns speaker, emotion and number, each as the names have it."""
    name = _NAME.fullmatch(_id(path))
    if name is None or name[2] not in EMOTIONS:
        raise CorpusError("expected a name such as DC/sa01 or DC_sa01: speaker, emotion, number")
    return name[1], name[2], name[3]


def _emotion(path: Path) -> str:
    return EMOTIONS[_parts(path)[1]]


def _take(path: Path) -> Take:
    return Take(speaker=_parts(path)[0])
