"""Label sets: which of a corpus's labels count, under which name, in which order. The one place for label order."""

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.corpus.tables import csv_rows
from can_tf.errors import CorpusError
from can_tf.text_files import read_text

# The codes of IEMOCAP's evaluators; xxx is an utterance on which they found no majority.
IEMOCAP_CODES = ("ang", "dis", "exc", "fea", "fru", "hap", "neu", "oth", "sad", "sur", "xxx")
EMODB_LABELS = ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness")
# What other corpora are labeled with, under one name whatever they call it.
OTHER_LABELS = ("calm", "excitement", "surprise", "anxious", "apologetic", "assertive", "concerned", "encouraging")
_SEVEN = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
_PAPERS_LABELS = ("ang", "exc", "hap", "sad", "fru", "sur", "neu")  # Section 4.1 of the paper, in its order.


@dataclasses.dataclass(frozen=True)
class LabelSet:
    """Names of classes in index order, and what each label of a corpus counts as.

    Attributes:
        name: "paper7", "four", or the file it was read from.
        labels: Names in index order.
        mapping: Label of the corpus to name; what it lacks is unknown, unless excluded.
        excluded: Labels of the corpus that are left out on purpose.

    Example:
        >>> moods = LabelSet("moods", ("high", "low"), {"ang": "high", "sad": "low"}, excluded=("xxx",))
        >>> moods.mapping["ang"]
        'high'
    """

    name: str
    labels: tuple[str, ...]
    mapping: Mapping[str, str]
    excluded: tuple[str, ...] = ()


def _from_mapping(name: str, mapping: Mapping[str, str], excluded: Sequence[str]) -> LabelSet:
    return LabelSet(name, tuple(dict.fromkeys(mapping.values())), dict(mapping), tuple(sorted(excluded)))


def _label_set(name: str, mapping: Mapping[str, str], of: Sequence[str]) -> LabelSet:
    """Returns a label set that leaves out those labels of a corpus that it does not map."""
    return _from_mapping(name, mapping, [label for label in of if label not in mapping])


def _same(name: str, labels: Sequence[str]) -> LabelSet:
    """Returns a label set whose labels count as themselves."""
    return _label_set(name, {label: label for label in labels}, labels)


# The paper's seven; the four classes that most others use, under the labels of each corpus; each corpus's own.
LABEL_SETS: Mapping[str, LabelSet] = {
    "paper7": _label_set("paper7", {label: label for label in _PAPERS_LABELS}, IEMOCAP_CODES),
    "four": _label_set(
        "four",
        {
            "ang": "ang",
            "hap": "hap",
            "exc": "hap",
            "sad": "sad",
            "neu": "neu",
            "anger": "ang",
            "happiness": "hap",
            "excitement": "hap",
            "sadness": "sad",
            "neutral": "neu",
        },
        (*IEMOCAP_CODES, *EMODB_LABELS, *OTHER_LABELS),
    ),
    "emodb": _same("emodb", EMODB_LABELS),
    "crema-d": _same("crema-d", _SEVEN[:-1]),
    "seven": _same("seven", _SEVEN),  # Of TESS, SAVEE and MELD.
    "ravdess": _same("ravdess", ("anger", "calm", *_SEVEN[1:])),
    "ravdess7": _label_set("ravdess7", {**{label: label for label in _SEVEN}, "calm": "neutral"}, ()),
    "jl-corpus": _label_set(
        "jl-corpus",
        {label: label for label in ("anger", "excitement", "happiness", "neutral", "sadness")},
        OTHER_LABELS,
    ),
    "esd": _same("esd", ("anger", "happiness", "neutral", "sadness", "surprise")),
}


def load_label_set(name_or_path: str) -> LabelSet:
    """Returns a label set by name, or from a mapping file.

    A mapping file is a JSON object or a CSV file of two columns without a header: a label of the corpus, and the name
    that it counts under; null or nothing leaves it out. Names get their index in order of appearance.

    Raises:
        CorpusError: There is no such set or file, or the file holds something else.

    Example:
        >>> load_label_set("four").labels
        ('ang', 'hap', 'sad', 'neu')
    """
    if name_or_path in LABEL_SETS:
        return LABEL_SETS[name_or_path]
    path = Path(name_or_path)
    if not path.is_file():
        raise CorpusError(
            f"{name_or_path}: there is no such label set or mapping file; expected {', '.join(LABEL_SETS)}, or a file"
        )
    try:
        text = read_text(path, CorpusError)
        pairs = _csv_pairs(path, text) if path.suffix == ".csv" else _json_pairs(path, text)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: cannot be read as a mapping of labels ({error}).") from error
    if any(not "".join(filter(None, pair)).isprintable() for pair in pairs):
        raise CorpusError(f"{path}: expected labels and names of printable characters.")
    twice = sorted(label for label, times in Counter(label for label, _ in pairs).items() if times > 1)
    if twice:
        raise CorpusError(f"{path}: expected each label once; {', '.join(twice)[:60]} occurs again.")
    mapping = {label: name for label, name in pairs if name}
    if not mapping:
        raise CorpusError(f"{path}: names no class; expected a label and a name, such as ang and negative.")
    return _from_mapping(path.name, mapping, [label for label, name in pairs if not name])


def label_set_of(labels: Sequence[str]) -> LabelSet:
    """Returns the label set of a corpus that comes without one: its own labels, in alphabetical order.

    Example:
        >>> label_set_of(["sad", "calm", "sad"]).labels
        ('calm', 'sad')
    """
    names = tuple(sorted(set(labels)))
    return LabelSet("the corpus's own", names, {name: name for name in names})


def _csv_pairs(path: Path, text: str) -> list[tuple[str, str | None]]:
    pairs = []
    for number, row, fault in csv_rows(text, max(",;\t", key=text.count)):
        if fault or len(row) != 2 or not row[0]:
            raise CorpusError(f"{path}:{number}: expected a label and a name, found {fault or ','.join(row)!r}.")
        pairs.append((row[0], row[1] or None))
    return pairs


def _json_pairs(path: Path, text: str) -> list[tuple[str, str | None]]:
    value: Any = json.loads(text)
    good = isinstance(value, dict) and all(name is None or isinstance(name, str) for name in value.values())
    if not good:
        raise CorpusError(
            f'{path}: expected an object of labels and names, such as {{"ang": "negative", "xxx": null}}.'
        )
    return list(value.items())
