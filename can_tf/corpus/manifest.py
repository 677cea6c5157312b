"""Reads a corpus of one's own: one row per utterance, in CSV or JSONL.

Columns: `id`, `audio`, `label`, `speaker`, and where there are any `alignment` or `transcript`, `session` and
`scenario`; in any case, or under other names that the options give. Paths are relative to the manifest's folder, and
may lead out of it: a corpus seldom lies where its list does, and nothing but sound and word timings is read there. An
id never becomes a path. A transcript is the words themselves, and counts where there is no alignment; where there is
neither, words are to be recognized. An alignment that does not mark silence, CTM or JSON, is taken to be silent before
its first and after its last word.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from can_tf.corpus.columns import lacking, names_by_column
from can_tf.corpus.labels import LabelSet
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.rows import COLUMNS, REQUIRED_COLUMNS, Listed, corpus_of_rows, no_text, row_of
from can_tf.corpus.tables import Row as TableRow
from can_tf.corpus.tables import Table, read_table
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

MANIFEST = "manifest"  # The name of the corpus.


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
    table = read_table(path, [*COLUMNS, *options.columns.values()])
    return corpus_of_rows(MANIFEST, path, list(rows_of(path, table, options.columns)), label_set, options)


def rows_of(
    path: Path, table: Table, renamed: Mapping[str, str], required: Sequence[str] = REQUIRED_COLUMNS
) -> Iterator[Listed]:
    """Yields each row of a table; a missing optional column is an empty string.

    Args:
        path: The table's.
        table: What it holds.
        renamed: The table's name of a column, by can_tf's.
        required: Which columns of can_tf's it must have.

    Raises:
        CorpusError: It lacks a column, or has no row that can be used.
    """
    names = names_by_column(path, table.columns, renamed, COLUMNS)
    csv_like = not path.suffix.lower().endswith("l")
    missing = [name for name in required if name not in names]
    if missing and (csv_like or not table.rows):
        raise CorpusError(f"{path}: {lacking('the columns ' + ', '.join(missing), missing, table.columns, renamed)}")
    faults = [
        row.fault if row.fault and not row.values else _fault(row, names, renamed, required) for row in table.rows
    ]
    if table.rows and all(faults) and not any(row.fault and row.values for row in table.rows):
        raise CorpusError(f"{path}:{table.rows[0].line}: {faults[0]}.")
    for row, fault in zip(table.rows, faults, strict=True):
        values = row_of(row.values, names)
        fault = fault or row.fault
        if csv_like and not fault and not values["alignment"] and not values["transcript"]:
            fault = _words_cut_off(row, names)
        yield Listed(f"row {row.line}", values, fault)


def _fault(row: TableRow, names: Mapping[str, str], renamed: Mapping[str, str], required: Sequence[str]) -> str:
    """Returns what keeps a row from being an utterance; nothing where that is for its values to say."""
    missing = [name for name in required if names.get(name) not in row.values]
    if missing and not row.fault:
        return lacking(", ".join(missing), missing, tuple(row.values), renamed)
    return no_text(row.values, names)


def _words_cut_off(row: TableRow, names: Mapping[str, str]) -> str:
    """Returns what is wrong with a row without words that ends before its last columns; they may have been there."""
    lacking = [theirs for name, theirs in names.items() if name in ("alignment", "transcript")]
    lacking = [theirs for theirs in lacking if theirs not in row.values]
    if not lacking:
        return ""
    return f"ends before its column {lacking[0]}; expected a field for each column, if an empty one"
