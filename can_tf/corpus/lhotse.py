"""Reads manifests of lhotse: recordings and supervisions, or cuts, one JSON object per line, gzipped or not.

https://lhotse.readthedocs.io/en/latest/corpus.html: in `*recordings*.jsonl.gz` is where a recording lies, in
`*supervisions*.jsonl.gz` who says what in it; a cut in `*cuts*.jsonl.gz` has both. The label is the supervision's
`custom["emotion"]`, else `custom["label"]`; custom values `session` and `scenario` count too, and `--column label=mood`
takes another. Words with times are those of `alignment["word"]`, or of what `--tier` names; utterances without are
aligned or recognized.

Read with the standard library: lhotse itself imports PyTorch. Commands and addresses in place of files are neither run
nor fetched. A path counts from the folder, or from one of the three above it, as recipes write it where they run.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from can_tf.alignment.word import Word
from can_tf.corpus.columns import written_names
from can_tf.corpus.labels import LabelSet
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.rows import NOTHING, Listed, corpus_of_rows, from_above, no_text, part_of, row_of
from can_tf.corpus.tables import json_rows
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError
from can_tf.json_shapes import mismatch, positive
from can_tf.text_files import decoded

LHOTSE = "lhotse"  # The name of the corpus.
_SUFFIXES = (".jsonl.gz", ".jsonl")
_MOST_BYTES = 1 << 30  # Unpacked; a supervision with its words has about two thousand.
_WORDS = "word"
_CHANNELS = (None, int, [int])


def _anything(value: Any) -> bool:
    return True


_RECORDING = {
    "id": str,
    "sources": [{"type": str, "channels": _CHANNELS}],
    "duration": positive,
    "channel_ids": _CHANNELS,
    "transforms": _anything,
}
_SUPERVISION = {
    "id": str,
    "recording_id": str,
    "start": float,
    "duration": positive,
    "channel": _CHANNELS,
    "speaker": (None, str),
    "text": (None, str),
    "custom": (None, {str: _anything}),
    "alignment": (None, {str: [_anything]}),
}
_CUT = {
    "start": float,
    "duration": positive,
    "recording": _RECORDING,
    "supervisions": [_SUPERVISION],
    "custom": (None, {str: _anything}),
}


class _Entry(NamedTuple):
    """A line of a manifest: where it stands, what it says, and what is wrong with it, if anything is."""

    place: str
    values: Mapping[str, Any]
    fault: str


def read_lhotse(root: Path, label_set: LabelSet | None = None, options: CorpusOptions = DEFAULT_OPTIONS) -> Corpus:
    """Reads recordings, labels, speakers and words; of the audio, at most its length is read.

    Args:
        root: The folder of the manifests; those of several parts, such as train and test, count together.
        label_set: Which labels count, and as what; None takes the folder's own in alphabetical order.
        options: Other names of custom values, which alignment has the words, and what in it marks silence.

    Raises:
        CorpusError: There is no manifest, or one cannot be read.
    """
    recordings, supervisions, cuts = (_manifests(root, kind) for kind in ("recordings", "supervisions", "cuts"))
    if recordings and supervisions:
        listed = _of_supervisions(root, _entries(recordings, _RECORDING), _entries(supervisions, _SUPERVISION), options)
    elif cuts:
        listed = _of_cuts(root, _entries(cuts, _CUT), options)
    else:
        raise CorpusError(
            f"{root}: has no recording listed in *recordings*.jsonl.gz beside *supervisions*.jsonl.gz, or in "
            "*cuts*.jsonl.gz; expected manifests of lhotse. Name its folder, and save others with to_file as .jsonl.gz."
        )
    return corpus_of_rows(
        LHOTSE, (supervisions if recordings and supervisions else cuts)[0], listed, label_set, options
    )


def _manifests(root: Path, kind: str) -> list[Path]:
    paths = sorted(path for path in root.glob(f"*{kind}*") if path.name.endswith(_SUFFIXES))
    return [path for path in paths if not path.name.startswith(".")]


def _entries(paths: Sequence[Path], shape: Any) -> Iterator[_Entry]:
    for path in paths:
        for row in json_rows(_text(path)):
            yield _Entry(f"{path.name}:{row.line}", row.values, row.fault or mismatch(row.values, shape) or "")


def _text(path: Path) -> str:
    """Returns the text of a manifest, of which no more is unpacked than one may have."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise CorpusError(f"{path}: holds more than {_MOST_BYTES} bytes; expected less. Split it into several.")
        return decoded(content, str(path))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise CorpusError(f"{path}: cannot be read as lines of JSON ({error}).") from error


def _of_supervisions(
    root: Path, recordings: Iterator[_Entry], supervisions: Iterator[_Entry], options: CorpusOptions
) -> list[Listed]:
    known: dict[str, _Entry] = {}
    listed = []
    for entry in recordings:
        if entry.fault or entry.values["id"] in known:
            fault = entry.fault or "its recording is listed a second time; the first is used"
            listed.append(Listed(entry.place, NOTHING, fault))
        else:
            known[entry.values["id"]] = entry
    used = set()
    for entry in supervisions:
        id_ = entry.values.get("recording_id")
        recording = None if entry.fault else known.get(str(id_))
        used.add(id_ if recording else None)
        if recording is None:
            fault = entry.fault or f"no recording {str(id_)[:80]!r} is listed"
            listed.append(Listed(entry.place, NOTHING | {"id": _id(entry.values)}, fault))
        else:
            listed.append(_listed(root, entry.place, recording.values, entry.values, options))
    unused = [entry for id_, entry in known.items() if id_ not in used]
    return listed + [Listed(entry.place, NOTHING, "no supervision is of its recording") for entry in unused]


def _of_cuts(root: Path, cuts: Iterator[_Entry], options: CorpusOptions) -> list[Listed]:
    listed = []
    for place, cut, fault in cuts:
        if not fault and len(cut["supervisions"]) != 1:
            fault = f"has {len(cut['supervisions'])} supervisions; expected one"
        if not fault:
            fault = part_of(cut["start"], cut["start"] + cut["duration"], cut["recording"]["duration"])
        if fault:
            listed.append(Listed(place, NOTHING | {"id": _id(cut)}, fault))
            continue
        supervision = dict(cut["supervisions"][0])
        supervision["custom"] = (cut.get("custom") or {}) | (supervision.get("custom") or {})
        listed.append(_listed(root, place, cut["recording"], supervision, options))
    return listed


def _id(values: Mapping[str, Any]) -> str:
    return values["id"] if isinstance(values.get("id"), str) else ""


def _listed(
    root: Path, place: str, recording: Mapping[str, Any], supervision: Mapping[str, Any], options: CorpusOptions
) -> Listed:
    """Returns the row of a supervision and its recording, both of their shape."""
    own = {name: supervision.get(name) for name in ("speaker", "text")}
    values = {**(supervision.get("custom") or {}), **own, "transcript": own["text"]}
    names = written_names(values, options.columns)
    row = row_of(values, names) | {"id": supervision["id"].strip()}
    fault = no_text(values, names) or _fault(recording, supervision)
    if not fault and not row["label"]:
        fault = f"has no label; expected custom[{options.columns.get('label', 'emotion')!r}]"
    words: tuple[Word, ...] = ()
    try:
        row |= {"audio": "" if fault else from_above(root, recording["sources"][0]["source"])}
        words = _words(supervision.get("alignment") or {}, options.reading.tier)
    except CorpusError as error:
        fault = fault or str(error)
    return Listed(place, row, fault, words)


def _fault(recording: Mapping[str, Any], supervision: Mapping[str, Any]) -> str:
    """Returns what keeps a recording from being read as it lies there, and from being an utterance."""
    sources = recording["sources"]
    if len(sources) != 1:
        return f"its recording has {len(sources)} sources; expected one file"
    [source] = sources
    if source["type"] != "file" or not isinstance(source.get("source"), str):
        kind = ascii(source["type"])[:40]
        return f"its recording is of the type {kind}, and none is run or fetched here; save it with lhotse's save_audio"
    if recording.get("transforms"):
        return "its recording is changed as lhotse loads it; save it with lhotse's save_audio"
    channels = max(_count(source.get("channels")), _count(recording.get("channel_ids")))
    if channels > 1 or _count(supervision.get("channel")) > 1:
        return f"its recording has {max(channels, _count(supervision.get('channel')))} channels; expected one"
    start = supervision["start"]
    return part_of(start, start + supervision["duration"], recording["duration"])


def _count(channels: Any) -> int:
    return len(set(channels)) if isinstance(channels, list) else 1


def _words(alignment: Mapping[str, Sequence[Any]], tier: str | None) -> tuple[Word, ...]:
    """Returns the words of an alignment; an empty symbol is a silence.

    Raises:
        CorpusError: It is not there, though it was asked for, or has something else than words with times.
    """
    if tier is not None and tier not in alignment:
        raise CorpusError(f"has no alignment {tier!r}; it has {', '.join(map(ascii, alignment))[:80] or 'none'}")
    words = []
    for number, item in enumerate(alignment.get(tier or _WORDS, ()), 1):
        symbol, start, seconds = _item(item)
        if mismatch([start, seconds], [float]) or not isinstance(symbol, str):
            raise CorpusError(f"item {number} of its alignment: expected a symbol, its start and its duration")
        if symbol.strip():
            words.append(Word(symbol.strip(), start, start + seconds))
    return tuple(words)


def _item(item: Any) -> Sequence[Any]:
    """Returns the symbol, the start and the duration of an item: a list, or an object as older versions wrote it."""
    if isinstance(item, dict):
        return [item.get(name) for name in ("symbol", "start", "duration")]
    return item[:3] if isinstance(item, list) and len(item) >= 3 else (None, None, None)
