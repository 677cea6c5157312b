"""Reads the speech of RAVDESS: acted North American English, 24 actors, two sentences, eight emotions.

Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLoS ONE 13(5), 2018; Zenodo
record 1188976. Under the folder, at any depth: `Actor_12/03-01-06-01-02-01-12.wav` is sound alone (03), speech (01),
fearful (06), of normal strength (01), "Dogs are sitting by the door" (02), said first (01), by actor 12. Song (02 in
the second place) is left out.
"""

import re
from pathlib import Path

from can_tf.corpus.acted import Take, read_takes, recordings_in
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

RAVDESS = "ravdess"  # The name of the corpus.
SOURCE = Source(
    license="RAVDESS is given out under CC BY-NC-SA 4.0: name its authors, earn no money with it, and pass on what is "
    "made from it under the same terms. Commercial use needs a license from its authors.",
    speech="acted North American English, two sentences",
    citation='Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLoS ONE '
    "13(5), 2018",
    address="https://zenodo.org/records/1188976",
)
EMOTIONS = ("neutral", "calm", "happiness", "sadness", "anger", "fear", "disgust", "surprise")  # From 01 on.
SENTENCES = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
PUBLISHED_COUNTS = {
    "ravdess": {emotion: 96 if emotion == "neutral" else 192 for emotion in sorted(EMOTIONS)},
    "ravdess7": {e: 288 if e == "neutral" else 192 for e in sorted(EMOTIONS) if e != "calm"},
    "four": {"ang": 192, "hap": 192, "sad": 192, "neu": 96},
}
_NAME = re.compile(r"0[1-3]-01-0([1-8])-0[12]-(0[12])-0[12]-(\d\d)")
_SONG = re.compile(r"\d\d-02-.*")


def read_ravdess(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads names, which say all; sound is not opened.

    Args:
        root: A folder that the folders `Actor_01` to `Actor_24` are in or below.
        label_set: Which labels count, and as what; None takes all eight, `ravdess7` counts calm as neutral.

    Raises:
        CorpusError: There is no recording.
    """
    recordings = recordings_in(root, "**/Actor_*/*.wav", "the folder in which RAVDESS was unpacked")
    speech = [path for path in recordings if not _SONG.fullmatch(path.stem)]
    return read_takes(RAVDESS, speech, label_set or LABEL_SETS["ravdess"], _emotion, _take)


def _parts(path: Path) -> tuple[str, str, str]:
    """Returns the numbers of emotion, sentence and actor."""
    name = _NAME.fullmatch(path.stem)
    if name is None:
        raise CorpusError("expected a name such as 03-01-06-01-02-01-12, seven numbers of two digits")
    emotion, sentence, actor = name.groups()
    return emotion, sentence, actor


def _emotion(path: Path) -> str:
    return EMOTIONS[int(_parts(path)[0]) - 1]


def _take(path: Path) -> Take:
    _, sentence, actor = _parts(path)
    return Take(speaker=actor, transcript=SENTENCES[sentence], scenario=sentence)
