"""Reads TESS: acted Canadian English, two women, 200 words in one carrier sentence, seven emotions.

Pichora-Fuller and Dupuis, "Toronto emotional speech set (TESS)", Borealis, 2020, doi:10.5683/SP2/E8H2MF. Under the
folder, at any depth: `OAF_angry/OAF_back_angry.wav` is the older woman's "Say the word back", angry; YAF is the younger
one, and `ps` pleasant surprise. One recording is published as `OA_bite_neutral.wav`.
"""

import re
from pathlib import Path

from can_tf.corpus.acted import Take, read_takes, recordings_in
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

TESS = "tess"  # The name of the corpus.
SOURCE = Source(
    license="TESS is given out under CC BY-NC-ND 4.0: name its authors, earn no money with it, and pass nothing on "
    "that is adapted from it.",
    speech="acted Canadian English, one sentence with 200 words",
    citation='Pichora-Fuller and Dupuis, "Toronto emotional speech set (TESS)", Borealis, 2020',
    address="https://doi.org/10.5683/SP2/E8H2MF",
)
EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "ps": "surprise",
}
PUBLISHED_COUNTS = {
    "seven": dict.fromkeys(EMOTIONS.values(), 400),
    "four": dict.fromkeys(("ang", "hap", "sad", "neu"), 400),
}
_NAME = re.compile(r"([OY]A)F?_([a-z]+)_([a-z]+)", re.IGNORECASE)


def read_tess(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads names, which say all; sound is not opened.

    Args:
        root: A folder that the folders `OAF_angry` and so on are in or below.
        label_set: Which labels count, and as what; None takes all seven.

    Raises:
        CorpusError: There is no recording.
    """
    recordings = recordings_in(root, "**/[OY]AF_*/*.wav", "the folder in which TESS was unpacked")
    return read_takes(TESS, recordings, label_set or LABEL_SETS["seven"], _emotion, _take)


def _parts(path: Path) -> tuple[str, str, str]:
    """Returns speaker, word and emotion, each as the name has it."""
    name = _NAME.fullmatch(path.stem)
    if name is None or name[3].lower() not in EMOTIONS:
        raise CorpusError("expected a name such as OAF_back_angry: speaker, word, emotion")
    return f"{name[1].upper()}F", name[2].lower(), name[3].lower()


def _emotion(path: Path) -> str:
    return EMOTIONS[_parts(path)[2]]


def _take(path: Path) -> Take:
    speaker, word, _ = _parts(path)
    return Take(speaker=speaker, transcript=f"say the word {word}", scenario=word)
