"""From the rows of a list, whatever it was read from, to a corpus: a row names a recording, its label and its words."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

from can_tf.alignment.formats import AlignmentFiles, marks_silence
from can_tf.alignment.mending import mended, within
from can_tf.alignment.silence import silence_at_edges, with_marks
from can_tf.alignment.word import Word
from can_tf.audio import seconds_in
from can_tf.corpus.labels import LabelSet, label_set_of
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CanError, CorpusError

REQUIRED_COLUMNS = ("id", "audio", "label", "speaker")
COLUMNS = (*REQUIRED_COLUMNS, "session", "scenario", "alignment", "transcript")

Row = Mapping[str, str]  # By the names of COLUMNS; "" where there is nothing.
NOTHING: dict[str, str] = dict.fromkeys(COLUMNS, "")
_FOLDERS_ABOVE = 3
_ROUNDING_SECONDS = 0.05  # By less than this, a list and a recording may differ in how long it is.


class Listed(NamedTuple):
    """A row of a list.

    Attributes:
        place: Where it stands, such as "row 3".
        row: What it says.
        fault: What is wrong with it, if anything is.
        words: With times, where the list itself has them; they go before those of the row's alignment.
    """

    place: str
    row: Row
    fault: str = ""
    words: tuple[Word, ...] = ()


def corpus_of_rows(
    name: str,
    path: Path,
    listed: Sequence[Listed],
    label_set: LabelSet | None,
    options: CorpusOptions,
    folder: Path | None = None,
) -> Corpus:
    """Returns the corpus that a list makes; of the audio, at most its length is read.

    Args:
        name: Of the corpus.
        path: The list's, for its rejections.
        listed: Its rows, in any order.
        label_set: Which labels count, and as what; None takes those of the rows in alphabetical order.
        options: How alignments are read.
        folder: What the paths in the list are relative to; None is the list's own folder.
    """
    labels = [each.row["label"] for each in listed if not each.fault and each.row["label"]]
    label_set = label_set or label_set_of([label for label in labels if _is_text(label)])
    utterances: list[Utterance] = []
    rejected: list[Rejection] = []
    excluded: Counter[str] = Counter()
    seen: set[str] = set()
    alignments = AlignmentFiles(options.reading)
    folder = folder or path.parent
    for place, row, fault, words in listed:
        if not fault and row["label"] in label_set.excluded:
            excluded[row["label"]] += 1
            continue
        try:
            if fault:
                raise CorpusError(fault)
            _check(row, seen, label_set)
            words = _mended(words, row["id"], options) if words else ()
            utterances.append(_utterance(folder, row, label_set, words, alignments))
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
        notes=_note_on_speakers(utterances),
    )


def row_of(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Returns the row that values make.

    Args:
        values: By the names that a list has for them.
        names: Those names by the columns' of can_tf.
    """
    found = {column: values.get(name) for column, name in names.items()}
    return {column: "" if found.get(column) is None else str(found[column]).strip() for column in COLUMNS}


def no_text(values: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Returns what is wrong with values that are no text; nothing where all are. Arguments are those of `row_of`."""
    odd = [column for column, name in names.items() if isinstance(values.get(name), (dict, list, bool))]
    return f"expected text in {', '.join(odd)}" if odd else ""


def from_above(root: Path, path: str) -> str:
    """Returns a path as it counts from a folder, or from one of the three above it: from where it is there."""
    above = [Path(*[".."] * count) for count in range(_FOLDERS_ABOVE + 1)]
    try:
        return next((str(folder / path) for folder in above if (root / folder / path).is_file()), path)
    except (OSError, ValueError):  # No name of a file, which is told where the recording is looked for.
        return path


def leads_out(path: str) -> str:
    """Returns what is wrong with a path that leads out of a folder; nothing if it stays there.

    Example:
        >>> leads_out("wav/u1.wav"), leads_out("../u1.wav")
        ('', "its path '../u1.wav' leads out of the folder; expected one below it")
    """
    parts = PureWindowsPath(path)  # Which separates by / as well.
    out = parts.anchor or ".." in parts.parts
    return f"its path {path[:80]!r} leads out of the folder; expected one below it" if out else ""


def part_of(start: float, end: float, seconds: float) -> str:
    """Returns what is wrong with an utterance that is a part of its recording; nothing if it is the whole.

    Args:
        start: Where it begins, in seconds.
        end: Where it ends.
        seconds: How long the recording is.

    Example:
        >>> part_of(0.0, 1.99, 2.0), part_of(0.5, 2.0, 2.0)[:40]
        ('', 'is 0.5 to 2 s of a recording of 2 s; exp')
    """
    if start <= _ROUNDING_SECONDS and end >= seconds - _ROUNDING_SECONDS:
        return ""
    return f"is {start:g} to {end:g} s of a recording of {seconds:g} s; expected a recording for each: cut it out first"


def _note_on_speakers(utterances: Sequence[Utterance]) -> tuple[str, ...]:
    named = not utterances or any(utterance.speaker for utterance in utterances)
    return () if named else ("Nothing says who speaks: all utterances count as one speaker's.",)


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


def _utterance(
    folder: Path, row: Row, label_set: LabelSet, words: tuple[Word, ...], alignments: AlignmentFiles
) -> Utterance:
    audio = _found(folder, row["audio"], "audio file")
    if words:
        words = _to_edges(words, audio)
    elif row["alignment"]:
        words = _words(folder, row, audio, alignments)
    return Utterance(
        row["id"],
        audio,
        words,
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
    return words if silence_is_marked else _to_edges(words, audio)


def _mended(words: tuple[Word, ...], id_: str, options: CorpusOptions) -> tuple[Word, ...]:
    return mended(with_marks(words, options.reading.silence), f"the words of {id_}")


def _to_edges(words: tuple[Word, ...], audio: Path) -> tuple[Word, ...]:
    """Returns words without those behind the recording's end, and silence before the first and behind the last."""
    seconds = seconds_in(audio)
    return silence_at_edges(within(words, seconds, str(audio)), seconds)
