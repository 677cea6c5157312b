"""Reads a corpus of one's own: one row per utterance, in CSV or JSONL.

Columns: `id`, `audio`, `label`, `speaker`, `alignment` or `transcript`, and where there are any `session` and
`scenario`. Paths are relative to the manifest's folder, and may lead out of it: a corpus seldom lies where its list
does, and nothing but sound and word timings is read there. An id never becomes a path. A transcript is the words
themselves, and counts where there is no alignment. An alignment that does not mark silence, CTM or JSON, is taken to be
silent before its first and after its last word.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from can_tf.alignment.formats import marks_silence, read_alignment
from can_tf.alignment.formats.registry import suffixes_in_words
from can_tf.alignment.silence import silence_at_edges
from can_tf.alignment.word import Word
from can_tf.audio import seconds_in
from can_tf.corpus.labels import LabelSet, label_set_of
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CanError, CorpusError

MANIFEST = "manifest"  # The name of the corpus.
REQUIRED_COLUMNS = ("id", "audio", "label", "speaker")
_OPTIONAL_COLUMNS = ("session", "scenario", "alignment", "transcript")
_COLUMNS = REQUIRED_COLUMNS + _OPTIONAL_COLUMNS

Row = Mapping[str, str]


def read_manifest(path: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads utterances, labels and alignments; of the audio, at most its length is read.

    Args:
        path: A .csv file with a header, or a .jsonl file with one object per line.
        label_set: Which labels count, and as what; None takes the manifest's own labels in alphabetical order.

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
    rows = list(_rows(path))
    label_set = label_set or label_set_of([row["label"] for _, row in rows if row["label"] and _is_text(row["label"])])
    utterances: list[Utterance] = []
    rejected: list[Rejection] = []
    excluded: Counter[str] = Counter()
    seen: set[str] = set()
    for number, row in rows:
        if row["label"] in label_set.excluded:
            excluded[row["label"]] += 1
            continue
        try:
            _check(row, seen, label_set)
            utterances.append(_utterance(path.parent, row, label_set))
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
    if not row["alignment"] and not row["transcript"]:
        raise CorpusError(
            f"has neither an alignment nor a transcript; expected a {suffixes_in_words()} file in the column "
            "alignment, or what is said in the column transcript"
        )


def _is_text(value: str) -> bool:
    """Tells whether text can be written to a file, and be a file's name: JSON can hold more."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _utterance(folder: Path, row: Row, label_set: LabelSet) -> Utterance:
    audio = folder / row["audio"]
    try:
        there = audio.is_file()
    except OSError as error:  # A name that is too long.
        raise CorpusError(f"{audio}: cannot be read ({error.strerror})") from error
    if not there:
        raise CorpusError(f"{audio}: there is no such audio file")
    return Utterance(
        row["id"],
        audio,
        _words(folder / row["alignment"], row["id"], audio) if row["alignment"] else (),
        label_set.mapping[row["label"]],
        row["speaker"],
        row["session"],
        row["scenario"],
        row["transcript"],
    )


def _words(alignment: Path, utterance_id: str, audio: Path) -> tuple[Word, ...]:
    words = read_alignment(alignment, utterance_id)
    return words if marks_silence(alignment) else silence_at_edges(words, seconds_in(audio))


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yields number and columns of each row; a missing optional column is an empty string."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    if path.suffix == ".csv":
        records = _csv_records(path, text)
    elif path.suffix == ".jsonl":
        records = _jsonl_records(path, text)
    else:
        raise CorpusError(f"{path}: expected a manifest that ends in .csv or .jsonl.")
    for number, record in records:
        yield number, {name: _as_text(record.get(name)) for name in _COLUMNS}


def _as_text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _csv_records(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        reader = csv.DictReader(text.splitlines(), strict=True)
        missing = [name for name in REQUIRED_COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise CorpusError(f"{path}: lacks the columns {', '.join(missing)}; expected a header with {_expected()}.")
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise CorpusError(f"{path}:{reader.line_num}: is not CSV ({error}).") from error


def _jsonl_records(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path}:{number}: is not JSON ({str(error)[:80]}).") from error
        missing = [name for name in REQUIRED_COLUMNS if not isinstance(record, dict) or name not in record]
        if missing:
            raise CorpusError(f"{path}:{number}: lacks {', '.join(missing)}; expected an object with {_expected()}.")
        odd = [name for name, value in record.items() if name in _COLUMNS and isinstance(value, (dict, list, bool))]
        if odd:
            raise CorpusError(f"{path}:{number}: expected text in {', '.join(odd)}.")
        yield number, record


def _expected() -> str:
    return f"{', '.join(REQUIRED_COLUMNS)}, alignment or transcript, and perhaps session and scenario"
