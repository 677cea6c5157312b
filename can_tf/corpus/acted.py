"""What readers of published corpora have in common: recordings whose names, or side files, say all of them."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from can_tf.alignment.word import Word
from can_tf.corpus.labels import LabelSet
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CanError, CorpusError

_SHOWN = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What is known of a recording beside its emotion.

    Attributes:
        speaker: Who speaks.
        transcript: What is said; nothing if `words` say it, or if it is to be recognized.
        words: The same with times.
        session: The part of the corpus, where it has such.
        scenario: The sentence where it is one of few, or the conversation.
        heard: Which share of the listeners heard the emotion; None if nobody was asked.
    """

    speaker: str
    transcript: str = ""
    words: tuple[Word, ...] = ()
    session: str = ""
    scenario: str = ""
    heard: float | None = None


def recordings_in(root: Path, pattern: str, expected: str) -> list[Path]:
    """Returns the recordings below a folder, sorted, without what macOS leaves beside them (`._a.wav`).

    Raises:
        CorpusError: There are none.
    """
    paths = sorted(path for path in root.glob(pattern) if not path.name.startswith("."))
    if not paths:
        raise CorpusError(f"{root}: has no recording {pattern}; expected {expected}.")
    return paths


def read_takes(
    name: str,
    recordings: Iterable[Path],
    label_set: LabelSet,
    emotion_of: Callable[[Path], str],
    describe: Callable[[Path], Take],
    id_of: Callable[[Path], str] = lambda path: path.stem,
) -> Corpus:
    """Returns the corpus that recordings make.

    Args:
        name: Of the corpus.
        recordings: Sorted.
        label_set: Which of the corpus's labels count, and as what.
        emotion_of: Returns the corpus's label of a recording; raises CanError where there is none.
        describe: Is asked about recordings whose label counts; raises CanError of one that cannot be used.
        id_of: Returns a name that no other recording has, but copies of the same.
    """
    utterances: list[Utterance] = []
    rejected: list[Rejection] = []
    excluded: defaultdict[str, int] = defaultdict(int)
    heard: defaultdict[str, list[float]] = defaultdict(list)
    once, copies = _without_copies(recordings, id_of)
    for id_, path in once.items():
        try:
            emotion = emotion_of(path)
            if emotion in label_set.excluded:
                excluded[emotion] += 1
                continue
            if emotion not in label_set.mapping:
                raise CorpusError(f"its label {emotion!r} is unknown to the label set {label_set.name}")
            take = describe(path)
        except CanError as error:
            rejected.append(Rejection(id_, str(error), str(path)))
            continue
        label = label_set.mapping[emotion]
        said = (take.session, take.scenario, take.transcript)
        utterances.append(Utterance(id_, path, take.words, label, take.speaker, *said))
        if take.heard is not None:
            heard[label].append(take.heard)
    return Corpus(
        name,
        label_set.labels,
        tuple(sorted(utterances, key=lambda utterance: utterance.id)),
        tuple(sorted(rejected, key=lambda rejection: rejection.id)),
        dict(sorted(excluded.items())),
        notes=note_on("there twice, of which one counts", copies),
        listeners={label: sum(heard[label]) / len(heard[label]) for label in label_set.labels if heard[label]},
    )


def _without_copies(recordings: Iterable[Path], id_of: Callable[[Path], str]) -> tuple[dict[str, Path], list[str]]:
    """Returns the first recording of each id, and the ids of the others: downloads repeat folders within folders.

    Raises:
        CorpusError: Two of an id are not of the same size.
    """
    first: dict[str, Path] = {}
    copies: list[str] = []
    for path in recordings:
        id_ = id_of(path)
        other = first.setdefault(id_, path)
        if other is path:
            continue
        if other.stat().st_size != path.stat().st_size:
            raise CorpusError(f"{path}: is another recording than {other} of the same name; expected names once.")
        copies.append(id_)
    return first, copies


def note_on(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Returns a line on recordings of which something is to be said; none if there are none."""
    if not names:
        return ()
    listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return (f"{len(names)} {what}: {listed}.",)
