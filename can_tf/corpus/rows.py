"""From the rows of a list, whatever it was read from, to a corpus: a row names a recording, its label and its words."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from can_tf.alignment.formats import AlignmentFiles, marks_silence
from can_tf.alignment.mending import within
from can_tf.alignment.silence import silence_at_edges
from can_tf.alignment.word import Word
from can_tf.audio import seconds_in
from can_tf.corpus.labels import LabelSet, label_set_of
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CanError, CorpusError

REQUIRED_COLUMNS = ("id", "audio", "label", "speaker")
COLUMNS = (*REQUIRED_COLUMNS, "session", "scenario", "alignment", "transcript")

Row = Mapping[str, str]  # By the names of COLUMNS; "" where there is nothing.


class Listed(NamedTuple):
    """A row of a list: where it stands, such as "row 3", what it says, and what is wrong with it, if anything is."""

    place: str
    row: Row
    fault: str = ""


def corpus_of_rows(
    name: str, path: Path, listed: Sequence[Listed], label_set: LabelSet | None, options: CorpusOptions
) -> Corpus:
    """Returns the corpus that a list makes; of the audio, at most its length is read.

    Args:
        name: Of the corpus.
        path: The list's, for its rejections; the paths in it are relative to its folder.
        listed: Its rows, in any order.
        label_set: Which labels count, and as what; None takes those of the rows in alphabetical order.
        options: How alignments are read.
    """
    labels = [each.row["label"] for each in listed if not each.fault and each.row["label"]]
    label_set = label_set or label_set_of([label for label in labels if _is_text(label)])
    utterances: list[Utterance] = []
    rejected: list[Rejection] = []
    excluded: Counter[str] = Counter()
    seen: set[str] = set()
    alignments = AlignmentFiles(options.reading)
    for place, row, fault in listed:
        if not fault and row["label"] in label_set.excluded:
            excluded[row["label"]] += 1
            continue
        try:
            if fault:
                raise CorpusError(fault)
            _check(row, seen, label_set)
            utterances.append(_utterance(path.parent, row, label_set, alignments))
        except CanError as error:
            id_ = row["id"] if row["id"] and _is_text(row["id"]) else place
            rejected.append(Rejection(id_, f"{place}: {error}", str(path)))
        seen.add(row["id"])
    return Corpus(
        name,
        label_set.labels,
        tuple(sorted(utterances, key=lambda utterance: utterance.id)),
        tuple(sorted(rejected, key=lambda rejection: rejection.id)),
        dict(sorted(excluded.items())),
    )


def _check(row: Row, seen: set[str], label_set: LabelSet) -> None:
    if not row["id"] or not row["id"].isprintable():
        raise CorpusError("expected an id of printable characters")
    for name, value in row.items():
        if not _is_text(value):
            raise CorpusError(f"its {name} holds a NUL or half a character; expected text")
    if not row["label"].isprintable():
        raise CorpusError(f"expected a label of printable characters, found {row['label'][:40]!r}")
    if row["id"] in seen:
        raise CorpusError("its id occurs twice; the first is used")
    if row["label"] not in label_set.mapping:
        known = ", ".join([*label_set.mapping, *label_set.excluded])
        raise CorpusError(f"its label {row['label']!r} is unknown; the label set {label_set.name} has {known}")
    if not row["audio"]:
        raise CorpusError("names no audio file")


def _is_text(value: str) -> bool:
    """Tells whether text can be written to a file, and be a file's name: JSON can hold more."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _utterance(folder: Path, row: Row, label_set: LabelSet, alignments: AlignmentFiles) -> Utterance:
    audio = _found(folder, row["audio"], "audio file")
    return Utterance(
        row["id"],
        audio,
        _words(folder, row, audio, alignments) if row["alignment"] else (),
        label_set.mapping[row["label"]],
        row["speaker"],
        row["session"],
        row["scenario"],
        row["transcript"],
    )


def _found(folder: Path, name: str, what: str) -> Path:
    """Returns the file of a name, whichever way its accents are written; raises CorpusError if it is not there."""
    path = folder / name
    try:
        for form in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
            if (folder / form).is_file():
                return folder / form
        slashed = PureWindowsPath(name).as_posix()
        hint = ""
        if "\\" in name:
            there = ", and that is there" if (folder / slashed).is_file() else ""
            hint = f"; here / separates folders: {slashed!r}{there}"
        raise CorpusError(f"{path}: there is no such {what}{hint}")
    except OSError as error:  # A name that is too long.
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error


def _words(folder: Path, row: Row, audio: Path, alignments: AlignmentFiles) -> tuple[Word, ...]:
    silence_is_marked = marks_silence(Path(row["alignment"]))  # Or of no format: that goes before its being there.
    words = alignments.read(_found(folder, row["alignment"], "alignment"), row["id"])
    if silence_is_marked:
        return words
    seconds = seconds_in(audio)
    return silence_at_edges(within(words, seconds, str(audio)), seconds)
