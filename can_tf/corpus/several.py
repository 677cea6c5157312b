"""Reads several corpora as one: a table that has a row for each."""

import collections
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from can_tf.corpus.labels import LABEL_SETS, LabelSet, load_label_set
from can_tf.corpus.tables import read_table
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CorpusError
from can_tf.files import is_plain_name

SEVERAL = "several"  # The name of the corpus.
_REQUIRED = ("corpus", "root")
_COLUMNS = (*_REQUIRED, "labels", "name")
_LEAST_CORPORA = 2

# Reads a corpus by its name and root, with a label set, or the corpus's own for None.
ReadPart = Callable[[str, Path, LabelSet | None], Corpus]


def read_several(root: Path, label_set: LabelSet | None, read: ReadPart) -> Corpus:
    """Reads the corpora of a list under common labels.

    A row of the list has `corpus`, a name that `--corpus` takes, and `root`, its path; it may have `labels`, a label
    set or mapping file of its own, and `name`, where a kind of corpus occurs twice. Paths count from the list. Ids,
    speakers, sessions and scenarios get the corpus's name in front: speaker 03 of two corpora is two people.

    Args:
        root: The list, CSV or JSONL.
        label_set: The common labels, which rows without labels of their own are mapped to; None takes the labels of
            all corpora, in the list's order.
        read: Reads one corpus.

    Raises:
        CorpusError: The list or one of its corpora cannot be read, or a corpus has labels that are not common.
    """
    parts = {name: _read_part(root, row, label_set, read) for name, row in _rows_by_name(root).items()}
    labels = _common_labels(root, parts, label_set)
    utterances = [_renamed(utterance, name) for name, part in parts.items() for utterance in part.utterances]
    ids = collections.Counter(utterance.id for utterance in utterances)
    if twice := [id_ for id_, times in ids.items() if times > 1]:
        raise CorpusError(f"{root}: two corpora give the id {twice[0]}; give them other names in the column name.")
    excluded: collections.Counter[str] = collections.Counter()
    for part in parts.values():
        excluded.update(part.excluded)
    return Corpus(
        SEVERAL,
        labels,
        tuple(sorted(utterances, key=lambda utterance: utterance.id)),
        tuple(sorted(_rejections(parts), key=lambda rejection: rejection.id)),
        excluded,
        synthetic=all(part.synthetic for part in parts.values()),
        notes=tuple(_notes(parts)),
        parts={name: part.name for name, part in parts.items()},
    )


def _rows_by_name(path: Path) -> dict[str, Mapping[str, Any]]:
    """Returns the rows of the list by the corpora's names."""
    table = read_table(path, _COLUMNS)
    if lacking := [name for name in _REQUIRED if name not in table.columns]:
        raise CorpusError(f"{path}: lacks the columns {', '.join(lacking)}; expected {', '.join(_COLUMNS)}.")
    rows: dict[str, Mapping[str, Any]] = {}
    for row in table.rows:
        values = {name: str(row.values.get(name) or "").strip() for name in _COLUMNS}
        fault = row.fault or next((f"has no {name}" for name in _REQUIRED if not values[name]), "")
        name = values["name"] or values["corpus"]
        if not fault and name in rows:
            fault = f"is a second {name}; tell them apart in the column name"
        if not fault and not is_plain_name(name):
            fault = f"has the name {name[:60]!r}; expected a bare name, such as studio2"
        if fault:
            raise CorpusError(f"{path}:{row.line}: {fault}.")
        rows[name] = values
    if len(rows) < _LEAST_CORPORA:
        raise CorpusError(f"{path}: lists {len(rows)} corpora; expected two or more, a row each.")
    return rows


def _read_part(path: Path, row: Mapping[str, Any], label_set: LabelSet | None, read: ReadPart) -> Corpus:
    if row["corpus"] == SEVERAL:
        raise CorpusError(f"{path}: lists a list of corpora; expected corpora.")
    chosen = label_set
    if labels := row["labels"]:
        chosen = load_label_set(labels if labels in LABEL_SETS else str(path.parent / labels))
    return read(row["corpus"], path.parent / row["root"], chosen)


def _common_labels(path: Path, parts: Mapping[str, Corpus], label_set: LabelSet | None) -> tuple[str, ...]:
    labels = tuple(dict.fromkeys(label for part in parts.values() for label in part.labels))
    if label_set is None:
        return labels
    for name, part in parts.items():
        if others := [label for label in part.labels if label not in label_set.labels]:
            raise CorpusError(
                f"{path}: {name} has the labels {', '.join(others)}, which are not among {', '.join(label_set.labels)}."
            )
    return label_set.labels


def _renamed(utterance: Utterance, name: str) -> Utterance:
    def within(value: str) -> str:
        return f"{name}_{value}" if value else ""

    return dataclasses.replace(
        utterance,
        id=within(utterance.id),
        speaker=within(utterance.speaker),
        session=within(utterance.session),
        scenario=within(utterance.scenario),
        corpus=name,
    )


def _rejections(parts: Mapping[str, Corpus]) -> list[Rejection]:
    return [
        dataclasses.replace(rejection, id=f"{name}_{rejection.id}")
        for name, part in parts.items()
        for rejection in part.rejected
    ]


def _notes(parts: Mapping[str, Corpus]) -> list[str]:
    notes = [f"{name}: {note}" for name, part in parts.items() for note in part.notes]
    synthetic = [name for name, part in parts.items() if part.synthetic]
    if 0 < len(synthetic) < len(parts):
        notes.append(f"{', '.join(synthetic)}: synthetic speech, beside that of people")
    return notes
