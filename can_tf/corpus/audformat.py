"""Reads a database of audformat: its header `db.yaml`, and its tables, CSV or Parquet.

https://audeering.github.io/audformat: a table `db.files.csv` tells of files, one with the columns `start` and `end` of
segments of them; here a segment has to be its whole file. Columns are found by their own name or their scheme's:
`emotion`, else `label`; `speaker`; `transcription` or `text`, whose scheme may list what abbreviations stand for.
Another is named with `--column label=mood`, or `--column label=TABLE.mood` where tables contradict each other. A table
of segments with a column `word` times words.

Read with PyYAML and PyArrow, not with the library audformat: that loads headers in a way that runs what they name, and
prefers tables stored as `.pkl`, which run code as well. Here a header is text alone, and no `.pkl` is opened.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from can_tf.alignment.mending import UNKNOWN
from can_tf.alignment.word import Word
from can_tf.audio import seconds_in
from can_tf.corpus.columns import written_names
from can_tf.corpus.labels import LabelSet
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.rows import NOTHING, Listed, corpus_of_rows, leads_out, part_of, row_of
from can_tf.corpus.tables import Row, read_table
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CanError, CorpusError
from can_tf.extras import require
from can_tf.text_files import read_text

AUDFORMAT = "audformat"  # The name of the corpus.
_HEADER, _EXTRA = "db.yaml", "audformat"
_FILE, _START, _END = "file", "start", "end"
_WORD = "word"
_MOST_CHARACTERS = 1 << 22  # Of a header, which is read into memory several times as large.
_MOST_ROWS = 10_000_000
_TIMEDELTA = re.compile(r"(?:(\d{1,9}) days?)? ?(?:(\d{1,9}):(\d{1,2}):(\d{1,2}(?:\.\d+)?))?")


class _Table(NamedTuple):
    """A table with columns that are of use.

    Attributes:
        name: As the header has it.
        columns: Its columns by those of can_tf, and by "word".
        texts: What abbreviations among its transcripts stand for.
    """

    name: str
    columns: Mapping[str, str]
    texts: Mapping[str, str]


class _File:
    """What the tables tell of a file; `place` is where one names it first."""

    def __init__(self, place: str):
        self.place, self.fault, self.has_parts = place, "", False
        self.values: dict[str, str] = {}
        self.words: list[Word] = []

    def add(self, column: str, value: str, table: str) -> None:
        known = self.values.setdefault(column, value)
        if known != value and not self.fault:
            self.fault = (
                f"its {column} is {known[:40]!r}, and {value[:40]!r} in the table {table[:40]}; expected one. Choose "
                f"with --column {column}=TABLE.COLUMN"
            )


def read_audformat(root: Path, label_set: LabelSet | None = None, options: CorpusOptions = DEFAULT_OPTIONS) -> Corpus:
    """Reads header and tables; of the audio, at most its length is read.

    Args:
        root: The folder of `db.yaml`.
        label_set: Which labels count, and as what; None takes the database's own in alphabetical order.
        options: Other names of columns, and what among the words marks silence.

    Raises:
        CorpusError: Header or table are missing or cannot be read, or no table has labels.
        MissingExtraError: PyYAML is missing, or PyArrow where a table is Parquet.
    """
    if not (root / _HEADER).is_file():
        raise CorpusError(
            f"{root}: has no recording listed, as {_HEADER} is missing; expected a database of audformat."
        )
    require("yaml", "Reading a database of audformat", _EXTRA)
    files: dict[str, _File] = {}
    listed = [each for table in _tables(root / _HEADER, options.columns) for each in _unusable_rows(root, table, files)]
    for name, file in files.items():
        if "label" in file.values or not file.has_parts:  # Its parts are listed.
            listed.append(_listed(name, file))
    return corpus_of_rows(AUDFORMAT, root / _HEADER, listed, label_set, options)


def _listed(name: str, file: _File) -> Listed:
    row = {**NOTHING, **file.values, "id": name, "audio": name}
    fault = file.fault or ("" if row["label"] else "no table tells its label")
    fault = fault or next(filter(None, (leads_out(row[path]) for path in ("audio", "alignment") if row[path])), "")
    return Listed(file.place, row, fault, tuple(file.words))


def _tables(path: Path, renamed: Mapping[str, str]) -> list[_Table]:
    """Returns the tables that tell of files, as the header has them."""
    header = _header(path)
    schemes, by_name = _mapping(header.get("schemes")), {}
    tables = {name: _mapping(_mapping(table).get("columns")) for name, table in _mapping(header.get("tables")).items()}
    for name, columns in tables.items():
        of_scheme = {str(_mapping(about).get("scheme_id")): column for column, about in columns.items()}
        by_name[name] = of_scheme | {each: column for column in columns for each in (column, f"{name}.{column}")}
    found = {each for names in by_name.values() for each in names}
    names = written_names(found, renamed)
    if missing := [column for column in ("label", *renamed) if names.get(column) not in found]:
        expected = repr(renamed[missing[0]]) if missing[0] in renamed else "emotion or label"
        there = ", ".join(
            ascii(f"{name}.{column}")[1:-1][:60] for name, columns in tables.items() for column in columns
        )
        raise CorpusError(
            f"{path}: no table has a column for the {missing[0]}; expected {expected}, found {there[:400] or 'nothing'}"
            f". Name another with --column {missing[0]}=NAME."
        )
    names[_WORD] = _WORD
    needed = []
    for name, columns in tables.items():
        used = {column: by_name[name][theirs] for column, theirs in names.items() if theirs in by_name[name]}
        scheme = _mapping(columns.get(used.get("transcript", ""))).get("scheme_id")
        texts = _mapping(_mapping(schemes.get(str(scheme))).get("labels"))
        if used:
            needed.append(_Table(name, used, {each: text for each, text in texts.items() if isinstance(text, str)}))
    return needed


def _header(path: Path) -> Mapping[str, Any]:
    import yaml

    text = read_text(path, CorpusError)
    if len(text) > _MOST_CHARACTERS:
        raise CorpusError(f"{path}: has {len(text)} characters; expected at most {_MOST_CHARACTERS} of a header.")
    try:
        # Which makes nothing but text, lists and dictionaries; in C, five times as fast.
        header = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise CorpusError(f"{path}: is not YAML ({_in_one_line(error)}).") from error
    if not isinstance(header, dict) or not _mapping(header.get("tables")):
        raise CorpusError(f"{path}: names no tables; expected a header of audformat.")
    return header


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]


def _unusable_rows(root: Path, table: _Table, files: dict[str, _File]) -> Iterator[Listed]:
    """Adds what a table tells to files, and yields the rows that cannot be used."""
    path = _path(root, table.name)
    for row in _rows(path, table):
        place, name = f"{path.name} row {row.line}", str(row.values.get(_FILE) or "")
        if row.fault or not name:
            yield Listed(place, NOTHING, row.fault or "names no file")
            continue
        file = files.setdefault(name, _File(place))
        if _WORD in table.columns:
            file.fault = file.fault or _add_word(file, row, table)
            continue
        if fault := _part(root / name, row) if _START in row.values and not leads_out(name) else "":
            file.has_parts = True
            yield Listed(place, NOTHING, f"{name[:80]!r} {fault}")
            continue
        for column, value in row_of(row.values, table.columns).items():
            if value:
                file.add(column, table.texts.get(value, value) if column == "transcript" else value, table.name)


def _path(root: Path, table: str) -> Path:
    """Returns the file of a table, of those that may be opened."""
    names = [f"{_HEADER.removesuffix('.yaml')}.{table}.{suffix}" for suffix in ("parquet", "csv", "pkl")]
    if not table.isprintable() or "\\" in table or Path(names[0]).name != names[0]:
        raise CorpusError(f"{root / _HEADER}: has a table {table[:60]!r}; expected the name of a file's part.")
    try:
        there = [name for name in names if (root / name).is_file()]
    except OSError as error:  # A name that is too long.
        raise CorpusError(f"{root / names[1]}: cannot be read ({error.strerror}).") from error
    if not there:
        raise CorpusError(
            f"{root / names[1]}: is missing, though {_HEADER} names that table; expected it, or .parquet."
        )
    if there == names[2:]:
        raise CorpusError(
            f"{root / names[2]}: may run code when it is loaded, and is not opened; expected .csv or .parquet. Where "
            "you trust it, write it with audformat: db.save(folder, storage_format='csv')."
        )
    return root / there[0]


def _rows(path: Path, table: _Table) -> Iterator[Row]:
    known = [_FILE, _START, _END, *table.columns.values()]
    if path.suffix == ".csv":
        columns, rows = read_table(path, known)
    else:
        require("pyarrow", "Reading a table in Parquet", _EXTRA)
        columns, rows = _parquet_table(path, known)
    if missing := [column for column in (_FILE, *table.columns.values()) if column not in columns]:
        raise CorpusError(f"{path}: has no column {missing[0][:60]!r}, though {_HEADER} says so; expected it.")
    yield from rows


def _parquet_table(path: Path, known: list[str]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with path.open("rb") as file:
            stored = parquet.ParquetFile(file)
            if stored.metadata.num_rows > _MOST_ROWS:
                raise CorpusError(f"{path}: has {stored.metadata.num_rows} rows; expected at most {_MOST_ROWS}.")
            columns = tuple(name for name in dict.fromkeys(stored.schema_arrow.names) if name in known)
            table = stored.read(columns=[*columns], use_threads=False)
        values = {name: _values(table.column(name)) for name in columns}
    except (OSError, ValueError, KeyError, pyarrow.ArrowException) as error:
        raise CorpusError(f"{path}: cannot be read as Parquet ({_in_one_line(error)}).") from error
    rows = zip(*values.values(), strict=True)
    return columns, tuple(Row(number, dict(zip(columns, row, strict=True))) for number, row in enumerate(rows, 1))


def _values(column: Any) -> list[Any]:
    """Returns the values of a column; of lengths of time, seconds."""
    import pyarrow

    if not pyarrow.types.is_duration(column.type):
        return column.to_pylist()
    nanoseconds = column.cast(pyarrow.duration("ns")).cast(pyarrow.int64()).to_pylist()
    return [None if each is None else each / 1e9 for each in nanoseconds]


def _part(audio: Path, row: Row) -> str:
    """Returns what is wrong with a segment that is not its whole file; nothing if it is, or nobody can tell."""
    try:
        start, end = _seconds(row.values.get(_START)) or 0.0, _seconds(row.values.get(_END))
    except ValueError as error:
        return f"has no usable time: {error}"
    if end is None and part_of(start, math.inf, 0.0) == "":
        return ""
    try:
        seconds = seconds_in(audio)
    except CanError:
        return ""  # Whoever reads the recording says what is wrong with it.
    return part_of(start, seconds if end is None else end, seconds)


def _add_word(file: _File, row: Row, table: _Table) -> str:
    """Adds the word of a segment, and returns what is wrong with it, if anything is."""
    try:
        start, end = _seconds(row.values.get(_START)), _seconds(row.values.get(_END))
    except ValueError as error:
        return f"a word of it has no usable time: {error}"
    word = str(row.values.get(table.columns[_WORD]) or "").strip()
    if word:  # Nothing is a silence.
        file.words.append(Word(word, UNKNOWN if start is None else start, UNKNOWN if end is None else end))
    return ""


def _seconds(value: Any) -> float | None:
    """Returns a time of a table in seconds; None where there is none."""
    text = "" if value is None else str(value).strip()
    if text in ("", "NaT"):
        return None
    if parts := _TIMEDELTA.fullmatch(text):
        days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"expected seconds, or a time such as 0 days 00:00:01.5, found {text[:40]!r}")
    return number
