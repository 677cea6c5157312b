"""Reads ESD: ten speakers of English and ten of Mandarin, 350 sentences each in five emotions.

Zhou, Sisman, Liu and Li, "Emotional voice conversion: theory, databases and ESD", Speech Communication 137, 2022. Under
the folder, at any depth: `0011/Angry/0011_000351.wav`, or with a folder `train`, `evaluation` or `test` between, is
speaker 0011, anger; `0011/0011.txt` has a line for each recording, its name, sentence and emotion. The sentences of
speakers 0011 to 0020 are English; those of the others, which nothing here can align, are left to be recognized.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from can_tf.corpus.acted import Take, read_takes, recordings_in
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError
from can_tf.text_files import read_text

ESD = "esd"  # The name of the corpus.
SOURCE = Source(
    license="ESD is given out by the National University of Singapore and SUTD to those who sign, for research.",
    speech="acted English and Mandarin, 350 sentences each",
    citation='Zhou, Sisman, Liu and Li, "Emotional voice conversion: theory, databases and ESD", Speech Communication '
    "137, 2022",
    address="https://github.com/HLTSingapore/Emotional-Speech-Data",
)
EMOTIONS = {
    "Angry": "anger",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}
PUBLISHED_COUNTS = {
    "esd": dict.fromkeys(EMOTIONS.values(), 7_000),
    "four": dict.fromkeys(("ang", "hap", "sad", "neu"), 7_000),
}
_FIRST_ENGLISH, _LAST = 11, 20


def read_esd(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads names and English sentences; sound is not opened.

    Args:
        root: A folder that the folders `0001` to `0020` are in or below.
        label_set: Which labels count, and as what; None takes all five.

    Raises:
        CorpusError: There is no recording.
    """
    recordings = recordings_in(root, "**/00[0-2][0-9]_*.wav", "the folder in which ESD was unpacked")
    sentences = functools.cache(_sentences)

    def take(path: Path) -> Take:
        speaker = _speaker(path)
        said = sentences(_folder(path, speaker)) if int(speaker) >= _FIRST_ENGLISH else {}
        number = path.stem.removeprefix(f"{speaker}_")
        return Take(speaker=speaker, transcript=said.get(path.stem, ""), scenario=_sentence_of(number))

    return read_takes(ESD, recordings, label_set or LABEL_SETS["esd"], _emotion, take)


def _speaker(path: Path) -> str:
    speaker, _, number = path.stem.partition("_")
    if len(speaker) != 4 or not (speaker + number).isdigit() or not 1 <= int(speaker) <= _LAST:
        raise CorpusError("expected a name such as 0011_000351: speaker, number")
    return speaker


def _sentence_of(number: str) -> str:
    """Returns the number of the sentence, 0 to 349: the emotions follow one another."""
    return f"{(int(number) - 1) % 350:03d}"


def _folder(path: Path, speaker: str) -> Path:
    """Returns the folder of the recording's speaker, where there is one above it."""
    return next((folder for folder in path.parents if folder.name == speaker), path.parent)


def _emotion(path: Path) -> str:
    _speaker(path)
    emotion = next((folder.name for folder in path.parents if folder.name in EMOTIONS), None)
    if emotion is None:
        raise CorpusError(f"expected it in a folder {', '.join(EMOTIONS)}")
    return EMOTIONS[emotion]


def _sentences(folder: Path) -> Mapping[str, str]:
    """Returns what is said, by the name of the recording; nothing where the speaker has no list."""
    path = folder / f"{folder.name}.txt"
    if not path.exists():
        return {}
    rows = [line.split("\t") for line in read_text(path, CorpusError).splitlines()]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) >= 2}
