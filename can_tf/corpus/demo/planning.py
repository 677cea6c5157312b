"""Which utterances the demo corpus has: ids, sentences and labels, session by session."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from can_tf.corpus.demo.sentences import SentenceSupply
from can_tf.corpus.demo.voices import EMOTION_VOICES, EmotionVoice
from can_tf.corpus.iemocap import PAPER_COUNTS

_SCRIPTED_SHARE = 0.47
_OTHER_LABELS = ("xxx", "fea", "oth", "dis")
_OTHER_SHARE = 0.03
_UNALIGNED = ("Ses03M_impro03_M001", "Ses03F_impro07_M030")  # As in IEMOCAP, which has two without an alignment.


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """An utterance to be said: `label` is its voice's and its evaluators', whatever its words are like."""

    id: str
    sentence: str
    label: str
    aligned: bool = True

    @property
    def dialog(self) -> str:
        return self.id.rsplit("_", 1)[0]

    @property
    def speaker_letter(self) -> str:
        return self.id.rsplit("_", 1)[1][0]

    @property
    def emotion(self) -> EmotionVoice:
        return EMOTION_VOICES.get(self.label, EMOTION_VOICES["neu"])


def apportion(utterances: int) -> dict[str, int]:
    """Shares utterances among the labels in the paper's proportions, by largest remainder.

    Example:
        >>> apportion(10)
        {'ang': 2, 'exc': 1, 'hap': 1, 'sad': 1, 'fru': 3, 'sur': 0, 'neu': 2}
    """
    paper = PAPER_COUNTS["paper7"]
    total = sum(paper.values())
    counts = {label: utterances * count // total for label, count in paper.items()}
    by_remainder = sorted(paper, key=lambda label: (-(utterances * paper[label] % total), label))
    for label in by_remainder[: utterances - sum(counts.values())]:
        counts[label] += 1
    return counts


def plan_sessions(counts: Mapping[str, int], seed: int) -> list[list[Line]]:
    """Returns the lines of each session."""
    generator = np.random.default_rng([seed, 0])
    labels = [label for label, count in counts.items() for _ in range(count)]
    labels += list(generator.choice(_OTHER_LABELS, round(_OTHER_SHARE * len(labels)), p=[0.7, 0.15, 0.08, 0.07]))
    generator.shuffle(labels)
    sentences = SentenceSupply(generator)
    numbers: Counter[str] = Counter()
    sessions: list[list[Line]] = []
    for session, share in enumerate(np.array_split(np.array(labels), 5), 1):
        sentences.new_session()
        dialogs = _dialogs(session)
        lines = [_line(str(label), dialogs, numbers, sentences, generator) for label in share]
        if session == 3:
            lines.append(Line(_UNALIGNED[0], sentences.draw("exc", "impro", generator), "exc", aligned=False))
            lines.append(Line(_UNALIGNED[1], sentences.draw("neu", "impro", generator), "xxx", aligned=False))
        sessions.append(sorted(lines, key=lambda line: line.id))
    return sessions


def _dialogs(session: int) -> dict[str, list[str]]:
    """Returns the names of a session's dialogs by kind, with IEMOCAP's irregular ones."""
    improvised = [f"Ses{session:02d}{wearer}_impro{number:02d}" for wearer in "FM" for number in range(1, 9)]
    parts = ("script01_1", "script01_2", "script01_3", "script02_1", "script02_2", "script03_1", "script03_2")
    scripted = [f"Ses{session:02d}{wearer}_{part}" for wearer in "FM" for part in parts]
    if session == 3:
        for name in ("Ses03M_impro05", "Ses03M_impro08"):
            improvised.remove(name)
            improvised += [f"{name}a", f"{name}b"]
    if session == 5:
        scripted.append("Ses05M_script01_1b")
    return {"impro": improvised, "script": scripted}


def _line(
    label: str,
    dialogs: Mapping[str, Sequence[str]],
    numbers: Counter[str],
    sentences: SentenceSupply,
    generator: np.random.Generator,
) -> Line:
    kind = "script" if generator.random() < _SCRIPTED_SHARE else "impro"
    turn = f"{generator.choice(dialogs[kind])}_{generator.choice(('F', 'M'))}"
    if f"{turn}{numbers[turn]:03d}" in _UNALIGNED:
        numbers[turn] += 1
    id_ = f"{turn}{numbers[turn]:03d}"
    numbers[turn] += 1
    return Line(id_, sentences.draw(label, kind, generator), label)
