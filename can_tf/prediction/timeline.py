"""A long recording as stretches of speech, each with its emotion."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from can_tf.alignment.mending import within
from can_tf.alignment.pauses import Stretch, find_stretches, split_words, stretches_of
from can_tf.alignment.silence import is_silence
from can_tf.alignment.turns import Speakers, Turn, read_turns
from can_tf.alignment.word import Word
from can_tf.audio import Source
from can_tf.errors import AlignmentError, CanError, SetupError
from can_tf.prediction.answers import Prediction
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.requests import Request
from can_tf.prediction.speaker import how_stretches_are_standardized, predict_together
from can_tf.processes import one_ahead
from can_tf.progress import Event, Progress, amount, counted, ignore
from can_tf.samples import SAMPLE_RATE_HZ

_STRETCHES_PER_BATCH = 8
_WORK = "Predicting"
_SOON_SECONDS = 90  # Of sound whose words are soon found.


class _Piece(NamedTuple):
    """A stretch, its words, whose times count from its start (None where they are not known yet), and its speaker."""

    stretch: Stretch
    words: tuple[Word, ...] | None
    speaker: str | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Moment:
    """A stretch of speech.

    Attributes:
        start, end: Seconds from the beginning of the recording.
        answer: The prediction, whose words' times count from `start`; or why there is none.
        speaker: Who speaks, where that is known.
    """

    start: float
    end: float
    answer: Prediction | CanError
    speaker: str | None = None

    def __repr__(self) -> str:
        speaker = "" if self.speaker is None else f", speaker={self.speaker!r}"
        return f"Moment({self.start:.2f} to {self.end:.2f} s{speaker}: {self.answer!r})"

    def to_json(self) -> dict[str, Any]:
        """Returns the stretch as JSON values; words' times count from the beginning of the recording."""
        times = {"start": round(self.start, 3), "end": round(self.end, 3), "speaker": self.speaker}
        if isinstance(self.answer, CanError):
            return {**times, "error": " ".join(str(self.answer).split())}
        shown = self.answer.to_json()
        for word in shown["words"]:
            word["start"] = round(word["start"] + self.start, 3)
            word["end"] = round(word["end"] + self.start, 3)
        return {**times, **shown}


def timeline(
    predictor: Predictor,
    audio: Source,
    alignment: Path | str | None = None,
    *,
    transcript: str | None = None,
    speakers: Path | str | Sequence[Turn] | None = None,
    progress: Progress = ignore,
) -> list[Moment]:
    """Returns the stretches of a recording, cut at its pauses, with what is said of each.

    Args:
        predictor: Who is asked.
        audio: What `can_tf.audio.read_audio` reads.
        alignment: The words of the whole recording and their times. Without them they are recognized: in the whole
            recording, or in each stretch where the recognizer does not take as much.
        transcript: What is said in the whole recording, to be aligned, where there is no alignment.
        speakers: Who speaks when, as turns or as an RTTM file. Stretches are cut at turns too, and a model that was
            trained with `normalize` "speaker" takes the stretches of each speaker together.
        progress: Told of the stretches done, of what is made of the turns and by such a model, and before words are
            looked for in a long recording.

    Raises:
        AudioError, AlignmentError: The recording, its words or its turns cannot be used, or nobody speaks.
        MissingExtraError, RecognizerError: What is needed to find words or pauses is not there.
        ServerError: A server does not answer.

    Example:
        >>> from can_tf import load
        >>> moments = timeline(load("saved_models/can"), Path("talk.wav"), Path("talk.wdseg"))
        >>> moments[0].start < moments[-1].end
        True
    """
    turns = _turns_of(speakers, audio)
    samples = predictor.read(audio)
    words = None if alignment is None else predictor.read_words(Path(alignment), audio)
    where = str(audio) if isinstance(audio, (str, Path)) else "the recording"
    if words is None and len(samples) > _SOON_SECONDS * SAMPLE_RATE_HZ:
        minutes = len(samples) / SAMPLE_RATE_HZ / 60
        progress(Event(_WORK, note=f"{where}: finding stretches and words in {minutes:.0f} min of sound first."))
    pieces = list(_pieces(predictor, samples, words, transcript, Speakers(turns or ()), where))
    if not pieces:
        seconds = len(samples) / SAMPLE_RATE_HZ
        raise AlignmentError(f"nobody is heard to speak in its {seconds:.1f} s", where=where)
    for note in _notes(predictor, pieces, turns, where):
        progress(Event(_WORK, note=note))
    words_from = "alignment" if alignment is not None else "recognition" if transcript is None else "transcript"
    return _answers(predictor, samples, pieces, words_from, progress)


def _turns_of(speakers: Path | str | Sequence[Turn] | None, audio: Source) -> Sequence[Turn] | None:
    if not isinstance(speakers, (str, Path)):
        return speakers
    return read_turns(Path(speakers), Path(audio).stem if isinstance(audio, (str, Path)) else None)


def _pieces(
    predictor: Predictor,
    samples: np.ndarray,
    words: Sequence[Word] | None,
    transcript: str | None,
    speakers: Speakers,
    where: str,
) -> Iterator[_Piece]:
    seconds = len(samples) / SAMPLE_RATE_HZ
    if words is None and transcript is None and seconds > predictor.word_finder.whole_seconds:
        for stretch, speaker in speakers.cut(find_stretches(samples)):
            yield _Piece(stretch, None, speaker)
        return
    tokens = within(predictor.find_words(samples, transcript) if words is None else words, seconds, where)
    spoken = speakers.of_words([token for token in tokens if not is_silence(token.text)])
    groups = [(speaker, group) for speaker, run in spoken for group in split_words(run)]
    for stretch, (speaker, group) in zip(stretches_of([group for _, group in groups], seconds), groups, strict=True):
        moved = (Word(word.text, word.start - stretch.start, word.end - stretch.start) for word in group)
        yield _Piece(stretch, tuple(moved), speaker)


def _notes(predictor: Predictor, pieces: Sequence[_Piece], turns: Sequence[Turn] | None, where: str) -> Iterator[str]:
    """Yields lines on what is made of the turns, and by a model that was trained by speaker."""
    counts = Counter(piece.speaker for piece in pieces)
    if turns is not None:
        overlap = Speakers(turns).overlap_seconds
        if overlap:
            yield f"{where}: {overlap:.1f} s in which two speak at once are taken as the speech of who began first."
        if counts[None]:
            yield f"{where}: {counts[None]} of {amount(len(pieces), 'stretches')} are in nobody's turn: no speaker."
    if predictor.options.normalize == "speaker":
        yield how_stretches_are_standardized(counts, where)


def _answers(
    predictor: Predictor, samples: np.ndarray, pieces: Sequence[_Piece], words_from: str, progress: Progress
) -> list[Moment]:
    moments: list[Moment] = []
    report = counted(progress, _WORK, "stretches")

    def requests_of(batch: Sequence[_Piece]) -> list[Request | CanError]:
        return [request_of_stretch(predictor, _sound(samples, each.stretch), each.words, words_from) for each in batch]

    batches = _batches(pieces, by_speaker=predictor.options.normalize == "speaker")
    for batch, requests in zip(batches, one_ahead(requests_of, batches), strict=True):
        good = [request for request in requests if isinstance(request, Request)]
        answered = iter(predict_together(predictor, good) if good else [])
        for piece, request in zip(batch, requests, strict=True):
            answer = next(answered) if isinstance(request, Request) else request
            moments.append(Moment(*piece.stretch, answer, piece.speaker))
        report(len(moments), len(pieces))
    return sorted(moments, key=lambda moment: moment.start)


def _batches(pieces: Sequence[_Piece], *, by_speaker: bool) -> list[Sequence[_Piece]]:
    """Returns the pieces that are asked about at the same time: all of a speaker, where they are standardized so."""
    if by_speaker:
        speakers = dict.fromkeys(piece.speaker for piece in pieces)
        return [[piece for piece in pieces if piece.speaker == speaker] for speaker in speakers]
    return [pieces[first : first + _STRETCHES_PER_BATCH] for first in range(0, len(pieces), _STRETCHES_PER_BATCH)]


def request_of_stretch(
    predictor: Predictor, samples: np.ndarray, words: Sequence[Word] | None, words_from: str
) -> Request | CanError:
    """Returns the request for a stretch, or what is wrong with it.

    Args:
        predictor: Who will be asked.
        samples: Of the stretch, `<float32>[samples]` at `SAMPLE_RATE_HZ`.
        words: Whose times count from its start; None has them found.
        words_from: What the request says of them.

    Raises:
        SetupError: What is needed to find words is not there.
    """
    try:
        request = predictor.request(samples, words, sample_rate=SAMPLE_RATE_HZ)
    except SetupError:
        raise
    except CanError as error:
        return error
    return dataclasses.replace(request, words_from=words_from)


def _sound(samples: np.ndarray, stretch: Stretch) -> np.ndarray:
    return samples[round(stretch.start * SAMPLE_RATE_HZ) : round(stretch.end * SAMPLE_RATE_HZ)]
