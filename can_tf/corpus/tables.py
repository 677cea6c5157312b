"""Tables that people write: CSV with any usual separator, and JSONL. One bad row costs itself alone.

Python's `csv` reads the rows, strictly; here is what it leaves open: the separator, where a row begins again after one
that is not CSV, and rows with more fields than the header has names. Lines end where files end them, at CR, LF or both:
a form feed or a line separator within a field is part of it.
"""

import csv
import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from can_tf.errors import CorpusError
from can_tf.progress import amount
from can_tf.text_files import read_text

_LOG = logging.getLogger(__name__)
CSV_SUFFIXES, JSONL_SUFFIXES = (".csv", ".tsv"), (".jsonl", ".ndjson")
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_EXCELS_SEPARATOR = "sep="  # Its first line may say so.


class Row(NamedTuple):
    """A row: the line that it begins in, from 1, its values by column, and what is wrong with it, if anything is.

    It has no values where it could not be read at all.
    """

    line: int
    values: Mapping[str, Any]
    fault: str = ""


class Table(NamedTuple):
    """A table: the names of its columns, as they stand there, and its rows that are not empty."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, known: Sequence[str]) -> Table:
    """Reads a table.

    Args:
        path: A file whose suffix is one of CSV_SUFFIXES or JSONL_SUFFIXES, in any case.
        known: Names of columns, by which the separator is told.

    Raises:
        CorpusError: It cannot be read, or has no header.
    """
    suffix = path.suffix.lower()
    if suffix not in CSV_SUFFIXES + JSONL_SUFFIXES:
        raise CorpusError(f"{path}: expected a manifest that ends in {', '.join(CSV_SUFFIXES)} or {JSONL_SUFFIXES[0]}.")
    text = read_text(path, CorpusError)
    if suffix in CSV_SUFFIXES:
        return _csv_table(path, text, known)
    rows = json_rows(text)
    return Table(tuple(dict.fromkeys(name for row in rows for name in row.values)), rows)


def json_rows(text: str) -> tuple[Row, ...]:
    """Returns the object of each line as a row; empty lines are left out.

    Example:
        >>> for row in json_rows('{"id": "u1"}\\n\\n[]\\n'):
        ...     print(row.line, dict(row.values), row.fault or "fine")
        1 {'id': 'u1'} fine
        3 {} is list; expected an object
    """
    lines = enumerate(io.StringIO(text, newline=None), 1)
    return tuple(_json_row(number, line) for number, line in lines if line.strip())


def csv_rows(text: str, separator: str = ",") -> Iterator[tuple[int, list[str], str]]:
    """Yields the line that each row begins in, from 1, its fields without white space at their ends, and its fault.

    A row that is not CSV is its first line alone: what stands below is read again, as rows. Empty rows are left out.

    Example:
        >>> for line, fields, fault in csv_rows('a,"b, c"\\n\\n"d" e\\n'):
        ...     print(line, fields, fault or "fine")
        1 ['a', 'b, c'] fine
        3 [] is not CSV (',' expected after '"')
    """
    lines = _Lines(list(io.StringIO(text, newline="")))
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    while lines.place < len(lines.lines):
        first = lines.place
        try:
            fields = [field.strip() for field in next(reader)]
        except csv.Error as error:
            lines.place = first + 1
            reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
            yield first + 1, [], f"is not CSV ({error})"
            continue
        if swallowed := _rows_within(lines.lines[first + 1 : lines.place], separator, len(fields)):
            lines.place = first + 1
            yield first + 1, [], f"a quotation mark opens in it, and closes {amount(swallowed, 'rows')} below"
        elif any(fields):
            yield first + 1, fields, ""


class _Lines:
    """Lines, of which the place of the next can be set."""

    def __init__(self, lines: Sequence[str]):
        self.lines, self.place = lines, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.place >= len(self.lines):
            raise StopIteration
        self.place += 1
        return self.lines[self.place - 1]


def _rows_within(lines: Sequence[str], separator: str, width: int) -> int:
    """Returns how many lines within a quoted field look like rows of their own: as many separators, no text."""
    return len(lines) if width > 2 and lines and all(line.count(separator) >= width - 1 for line in lines) else 0


def _csv_table(path: Path, text: str, known: Sequence[str]) -> Table:
    first, _, rest = text.partition("\n")
    separator, skipped = "", 0
    if first.strip().lower().startswith(_EXCELS_SEPARATOR):
        separator, text, skipped = first.strip()[len(_EXCELS_SEPARATOR) :] or "\t", rest, 1
    separator = separator or _separator(text, known)
    if separator != ",":
        _LOG.warning("%s: its columns are separated by %s", path, _SEPARATORS.get(separator, repr(separator)))
    rows = csv_rows(text, separator)
    header = next(rows, (1, [], ""))
    if header[2]:
        raise CorpusError(f"{path}:{header[0] + skipped}: {header[2]}; expected a header.")
    names = header[1]
    return Table(tuple(names), tuple(_csv_row(names, line + skipped, fields, fault) for line, fields, fault in rows))


def _separator(text: str, known: Sequence[str]) -> str:
    """Returns the separator by which the header has the most names that are known, or else the most names."""
    header = next((line for line in text.splitlines() if line.strip()), "")

    def found(separator: str) -> tuple[int, int]:
        names = [name.strip().strip('"').strip().lower() for name in header.split(separator)]
        return len(set(names) & {name.lower() for name in known}), len(names)

    return max(_SEPARATORS, key=found)


def _csv_row(names: Sequence[str], line: int, fields: Sequence[str], fault: str) -> Row:
    values = dict(zip(names, fields, strict=False))
    if not fault and any(fields[len(names) :]):
        fault = (
            f"has {len(fields)} fields and the header {len(names)}; expected quotation marks around text that holds "
            "the separator"
        )
    return Row(line, values, fault)


def _json_row(number: int, line: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"is not JSON ({str(error)[:80]})")
    if not isinstance(value, dict):
        return Row(number, {}, f"is {type(value).__name__}; expected an object")
    return Row(number, value)
