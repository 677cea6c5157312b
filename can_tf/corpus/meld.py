"""Reads MELD: turns of the television series Friends, seven emotions.

Poria, Hazarika, Majumder, Naik, Cambria and Mihalcea, "MELD: A multimodal multi-party dataset for emotion recognition
in conversations", ACL 2019. Under the folder, at any depth: `train_sent_emo.csv`, `dev_sent_emo.csv` and
`test_sent_emo.csv` have a row for each turn; its sound is `dia0_utt3.wav`, or as published `dia0_utt3.mp4`, in a folder
whose name has `train`, `dev` or `test` in it (`train_splits`, `dev_splits_complete`, `output_repeated_splits_test`).
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from can_tf.audio.streams import SUFFIXES
from can_tf.corpus.acted import Take, read_takes
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.tables import Row, read_table
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

MELD = "meld"  # The name of the corpus.
SOURCE = Source(
    license="MELD's lists are given out under GPL-3.0; the sound is that of a television series, whose owners give no "
    "license. A model trained on it is for research.",
    speech="American English of the television series Friends",
    citation='Poria, Hazarika, Majumder, Naik, Cambria and Mihalcea, "MELD: A multimodal multi-party dataset for '
    'emotion recognition in conversations", ACL 2019',
    address="https://github.com/declare-lab/MELD",
)
SPLITS = ("train", "dev", "test")
EMOTIONS = {
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "joy": "happiness",
    "neutral": "neutral",
    "sadness": "sadness",
    "surprise": "surprise",
}
PUBLISHED_COUNTS = {
    "seven": dict(zip(EMOTIONS.values(), (1_607, 361, 358, 2_308, 6_436, 1_002, 1_636), strict=True)),
    "four": {"ang": 1_607, "hap": 2_308, "sad": 1_002, "neu": 6_436},
}
_COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")
_NAME = re.compile(r"dia\d+_utt\d+")


def read_meld(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads the lists and looks for each turn's sound, which is not opened.

    Args:
        root: A folder that lists and recordings are in or below.
        label_set: Which labels count, and as what; None takes all seven.

    Raises:
        CorpusError: There is no list, or it lacks a column.
    """
    turns = _turns(root)
    recordings = _recordings(root)
    paths = {id_: recordings.get(id_, root / f"{id_}.wav") for id_ in turns}
    ids = {path: id_ for id_, path in paths.items()}

    def emotion_of(path: Path) -> str:
        row = turns[ids[path]]
        emotion = str(row.values["Emotion"]).lower() if not row.fault else ""
        if emotion not in EMOTIONS:
            raise CorpusError(row.fault or f"expected one of {', '.join(EMOTIONS)} as its emotion, found {emotion!r}")
        return EMOTIONS[emotion]

    def take(path: Path) -> Take:
        if ids[path] not in recordings:
            raise CorpusError("there is no recording of it in a folder of its split")
        values = turns[ids[path]].values
        split, dialog, _ = ids[path].split("_")
        return Take(
            speaker=str(values["Speaker"]),
            transcript=" ".join(str(values["Utterance"]).split()),
            session=split,
            scenario=f"{split} {dialog}",
        )

    return read_takes(MELD, paths.values(), label_set or LABEL_SETS["seven"], emotion_of, take, ids.__getitem__)


def _turns(root: Path) -> dict[str, Row]:
    """Returns the rows of all lists by id, such as `train_dia0_utt3`."""
    turns: dict[str, Row] = {}
    for split in SPLITS:
        for path in sorted(root.glob(f"**/{split}_sent_emo.csv"))[:1]:
            table = read_table(path, _COLUMNS)
            if lacking := [column for column in _COLUMNS if column not in table.columns]:
                raise CorpusError(f"{path}: expected the columns {', '.join(_COLUMNS)}; it lacks {', '.join(lacking)}.")
            for row in table.rows:
                place = f"dia{row.values.get('Dialogue_ID')}_utt{row.values.get('Utterance_ID')}"
                turns[f"{split}_{place}" if _NAME.fullmatch(place) else f"{split}_line{row.line}_"] = row
    if not turns:
        raise CorpusError(f"{root}: has no recording listed in train_sent_emo.csv; expected the folder of MELD.")
    return turns


def _recordings(root: Path) -> Mapping[str, Path]:
    """Returns recordings by id: of several of one name, the kind that is easiest to read."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(root.glob("**/dia*_utt*.*")):
        inner = path.relative_to(root).parts[:-1]
        split = next((split for name in reversed(inner) for split in SPLITS if split in name.lower()), None)
        if split and path.suffix.lower() in SUFFIXES and _NAME.fullmatch(path.stem):
            found[f"{split}_{path.stem}"].append(path)
    return {id_: min(paths, key=lambda path: SUFFIXES.index(path.suffix.lower())) for id_, paths in found.items()}
