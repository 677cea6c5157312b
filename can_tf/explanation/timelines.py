"""Timelines of recordings, and the files that they are written as: what `can-tf predict --timeline` does."""

from collections.abc import Callable, Iterable
from pathlib import Path

from can_tf.alignment.turns import recordings_with_turns
from can_tf.audio.folders import Recordings
from can_tf.errors import CanError, SetupError
from can_tf.explanation.timeline_files import check_timeline_file, write_timelines
from can_tf.prediction.companions import Companions
from can_tf.prediction.known_words import Named, WordsOf, named_recordings
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.timeline import timeline
from can_tf.progress import Progress, ignore
from can_tf.report.timeline_text import RecordingTimeline

SpeakersOf = Callable[[Path], Path | None]


def timelines(
    predictor: Predictor,
    recordings: Named,
    words: WordsOf | Path | str | None = None,
    *,
    transcript: Path | str | None = None,
    speakers: SpeakersOf | Path | str | None = None,
    out: Path | str | Iterable[Path | str] = (),
    progress: Progress = ignore,
) -> dict[Path, RecordingTimeline | CanError]:
    """Returns the stretches of each recording, with the emotion of each, or the error that kept them from being found.

    Args:
        predictor: Who is asked.
        recordings: A file, a folder, or several of them.
        words: What `can_tf.predict_many` takes.
        transcript: The same.
        speakers: Who speaks when: an RTTM file, or a folder of them; or a function from a recording's path to its file.
        out: Files to write, of the kinds that their suffixes tell: .html, .csv, .srt, .vtt, .rttm or .png.
        progress: Told of the stretches done.

    Raises:
        ConfigError: There are no recordings, what is given does not go together, or a file cannot be written.
        MissingExtraError, RecognizerError: What is needed to read recordings, find words or draw is not there.
        ServerError: A server does not answer.

    Example:
        >>> from can_tf import load
        >>> [talk] = timelines(load("saved_models/can"), "talk.wav", out=["talk.html", "talk.csv"]).values()
        >>> talk.moments[0].answer.words_from
        'alignment'
    """
    found, words_of = named_recordings(recordings, words, transcript)
    files = [Path(out)] if isinstance(out, (str, Path)) else [Path(path) for path in out]
    for path in files:
        check_timeline_file(path, len(found.paths))
    speakers_of_recording, names = speakers_of(speakers, found), found.names()
    answers: dict[Path, RecordingTimeline | CanError] = {}
    for path in found.paths:
        try:
            alignment, said = words_of(path)
            turns = speakers_of_recording(path)
            moments = timeline(predictor, path, alignment, transcript=said, speakers=turns, progress=progress)
            answers[path] = RecordingTimeline(path, moments, names[path])
        except SetupError:
            raise
        except CanError as error:
            answers[path] = error
    usable = [answer for answer in answers.values() if isinstance(answer, RecordingTimeline)]
    for path in files if usable else ():
        write_timelines(path, usable)
    return answers


def speakers_of(given: SpeakersOf | Path | str | None, recordings: Recordings) -> SpeakersOf:
    """Returns a function that finds the file that says who speaks in a recording; None where none is given.

    One beside a recording is not looked for: it may be what `--rttm` wrote, with emotions for speakers.

    Raises:
        ConfigError: What is given is not there.
    """
    if given is None:
        return lambda path: None
    if callable(given):
        return given
    return Companions("RTTM", (".rttm",), Path(given), recordings, names=recordings_with_turns).of
