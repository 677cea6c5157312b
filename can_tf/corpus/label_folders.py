"""Reads folders that say all: `LABEL/SPEAKER/*.wav`, with a text file beside each recording that has its words."""

from pathlib import Path

from can_tf.audio.streams import SUFFIXES
from can_tf.corpus.acted import Take, read_takes
from can_tf.corpus.labels import LabelSet, label_set_of
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError
from can_tf.text_files import read_text

LABEL_FOLDERS = "label-folders"  # The name of the corpus.
_TRANSCRIPTS = (".txt", ".lab")


def read_label_folders(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads names and transcripts; sound is not opened.

    Args:
        root: The folder of the labels' folders.
        label_set: Which labels count, and as what; None takes all there are.

    Raises:
        CorpusError: There is no recording.
    """
    found = [path for path in root.glob("*/*/*") if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    if not found:
        raise CorpusError(f"{root}: has no recording LABEL/SPEAKER/*.wav; expected a folder for each label.")
    label_set = label_set or label_set_of([_label(path) for path in found])
    return read_takes(LABEL_FOLDERS, sorted(found), label_set, _label, _take, lambda path: _id(root, path))


def _id(root: Path, path: Path) -> str:
    return "_".join(path.relative_to(root).with_suffix("").parts)


def _label(path: Path) -> str:
    return path.parents[1].name


def _take(path: Path) -> Take:
    beside = [path.with_suffix(suffix) for suffix in _TRANSCRIPTS]
    said = next((read_text(text, CorpusError) for text in beside if text.exists()), "")
    return Take(speaker=path.parent.name, transcript=" ".join(said.split()))
