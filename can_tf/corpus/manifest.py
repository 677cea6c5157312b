"""Reads a corpus of one's own: one row per utterance, in CSV or JSONL.

Columns: `id`, `audio`, `label`, `speaker`, and where there are any `alignment` or `transcript`, `session` and
`scenario`; in any case, or under other names that the options give. Paths are relative to the manifest's folder, and
may lead out of it: a corpus seldom lies where its list does, and nothing but sound and word timings is read there. An
id never becomes a path. A transcript is the words themselves, and counts where there is no alignment; where there is
neither, words are to be recognized. An alignment that does not mark silence, CTM or JSON, is taken to be silent before
its first and after its last word.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from can_tf.alignment.formats import marks_silence, read_alignment
from can_tf.alignment.mending import within
from can_tf.alignment.silence import silence_at_edges
from can_tf.alignment.word import Word
from can_tf.audio import seconds_in
from can_tf.corpus.columns import lacking, names_by_column
from can_tf.corpus.labels import LabelSet, label_set_of
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.tables import Row as TableRow
from can_tf.corpus.tables import read_table
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CanError, CorpusError

MANIFEST = "manifest"  # The name of the corpus.
REQUIRED_COLUMNS = ("id", "audio", "label", "speaker")
COLUMNS = (*REQUIRED_COLUMNS, "session", "scenario", "alignment", "transcript")

Row = Mapping[str, str]


def read_manifest(path: Path, label_set: LabelSet | None = None, options: CorpusOptions = DEFAULT_OPTIONS) -> Corpus:
    """Reads utterances, labels and alignments; of the audio, at most its length is read.

    Args:
        path: A .csv or .tsv file with a header, or a .jsonl file with one object per line.
        label_set: Which labels count, and as what; None takes the manifest's own labels in alphabetical order.
        options: Other names of columns, and how alignments are read.

    Raises:
        CorpusError: The manifest is missing, not of its format, or lacks a required column.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> import soundfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     soundfile.write(Path(folder, "u1.wav"), np.zeros(16_000), 16_000)
        ...     rows = ["id,audio,label,speaker,transcript", "u1,u1.wav,calm,anna,yes"]
        ...     _ = Path(folder, "corpus.csv").write_text("\\n".join(rows))
        ...     corpus = read_manifest(Path(folder, "corpus.csv"))
        >>> corpus.labels, corpus.utterances[0].transcript
        (('calm',), 'yes')
    """
    rows = list(_rows(path, options.columns))
    labels = [row["label"] for _, row, fault in rows if not fault and row["label"] and _is_text(row["label"])]
    label_set = label_set or label_set_of(labels)
    utterances: list[Utterance] = []
    rejected: list[Rejection] = []
    excluded: Counter[str] = Counter()
    seen: set[str] = set()
    for number, row, fault in rows:
        if not fault and row["label"] in label_set.excluded:
            excluded[row["label"]] += 1
            continue
        try:
            if fault:
                raise CorpusError(fault)
            _check(row, seen, label_set)
            utterances.append(_utterance(path.parent, row, label_set, options))
        except CanError as error:
            id_ = row["id"] if row["id"] and _is_text(row["id"]) else f"row {number}"
            rejected.append(Rejection(id_, f"row {number}: {error}", str(path)))
        seen.add(row["id"])
    return Corpus(
        MANIFEST,
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


def _utterance(folder: Path, row: Row, label_set: LabelSet, options: CorpusOptions) -> Utterance:
    audio = _found(folder, row["audio"], "audio file")
    return Utterance(
        row["id"],
        audio,
        _words(folder, row, audio, options) if row["alignment"] else (),
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


def _words(folder: Path, row: Row, audio: Path, options: CorpusOptions) -> tuple[Word, ...]:
    silence_is_marked = marks_silence(Path(row["alignment"]))  # Or of no format: that goes before its being there.
    words = read_alignment(_found(folder, row["alignment"], "alignment"), row["id"], options.reading)
    if silence_is_marked:
        return words
    seconds = seconds_in(audio)
    return silence_at_edges(within(words, seconds, str(audio)), seconds)


def _rows(path: Path, renamed: Mapping[str, str]) -> Iterator[tuple[int, Row, str]]:
    """Yields line and columns of each row, and what is wrong with it; a missing optional column is an empty string."""
    table = read_table(path, [*COLUMNS, *renamed.values()])
    names = names_by_column(path, table.columns, renamed, COLUMNS)
    csv_like = not path.suffix.lower().endswith("l")
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing and (csv_like or not table.rows):
        raise CorpusError(f"{path}: {lacking('the columns ' + ', '.join(missing), missing, table.columns, renamed)}")
    faults = [row.fault if row.fault and not row.values else _fault(row, names, renamed) for row in table.rows]
    if table.rows and all(faults) and not any(row.fault and row.values for row in table.rows):
        raise CorpusError(f"{path}:{table.rows[0].line}: {faults[0]}.")
    for row, fault in zip(table.rows, faults, strict=True):
        values = {name: _as_text(row.values.get(names[name])) if name in names else "" for name in COLUMNS}
        fault = fault or row.fault
        if csv_like and not fault and not values["alignment"] and not values["transcript"]:
            fault = _words_cut_off(row, names)
        yield row.line, values, fault


def _fault(row: TableRow, names: Mapping[str, str], renamed: Mapping[str, str]) -> str:
    """Returns what keeps a row from being an utterance; nothing where that is for its values to say."""
    missing = [name for name in REQUIRED_COLUMNS if names.get(name) not in row.values]
    if missing and not row.fault:
        return lacking(", ".join(missing), missing, tuple(row.values), renamed)
    odd = [name for name, theirs in names.items() if isinstance(row.values.get(theirs), (dict, list, bool))]
    return f"expected text in {', '.join(odd)}" if odd else ""


def _words_cut_off(row: TableRow, names: Mapping[str, str]) -> str:
    """Returns what is wrong with a row without words that ends before its last columns; they may have been there."""
    lacking = [theirs for name, theirs in names.items() if name in ("alignment", "transcript")]
    lacking = [theirs for theirs in lacking if theirs not in row.values]
    if not lacking:
        return ""
    return f"ends before its column {lacking[0]}; expected a field for each column, if an empty one"


def _as_text(value: Any) -> str:
    return "" if value is None else str(value).strip()
