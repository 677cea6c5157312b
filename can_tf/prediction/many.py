"""Predictions for many recordings: what one file refuses costs that file alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import CanError, SetupError
from can_tf.prediction.answers import Prediction
from can_tf.prediction.known_words import Named, WordsOf, named_recordings
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.requests import Request
from can_tf.prediction.speaker import how_standardized, predict_together
from can_tf.prediction.tables import check_table, write_predictions
from can_tf.processes import one_ahead
from can_tf.progress import Event, Progress, counted, ignore

BATCH_SIZE = 16


def no_words(path: Path) -> tuple[Path | None, str | None]:
    """Is a `WordsOf`: the words of every recording are recognized."""
    return None, None


def ask_many(
    predictor: Predictor,
    paths: Sequence[Path],
    words_of: WordsOf = no_words,
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress = ignore,
) -> Iterator[tuple[Any, Prediction | CanError]]:
    """Yields, for each recording in order, the `Request` and the answer, or None and what is wrong with it.

    Args:
        predictor: Who is asked.
        paths: The recordings. They are read, and their words found, one batch ahead of the model, unless the model was
            trained with `normalize` "speaker": then all are read first, as recordings of one speaker.
        words_of: Finds the words of a recording.
        batch_size: Recordings per batch.
        progress: Told of the recordings done.

    Raises:
        MissingExtraError, RecognizerError: Words are to be found, and what is needed for it is not there.
        ServerError: A server does not answer.
    """
    batches = requests_in_batches(predictor, paths, words_of, batch_size, "Predicting", progress)
    if predictor.options.normalize == "speaker":
        progress(Event("Predicting", note=how_standardized(len(paths))))
        batches = iter([[request for batch in batches for request in batch]])
    for requests in batches:
        good = [request for request in requests if isinstance(request, Request)]
        answers = iter(predict_together(predictor, good, batch_size) if good else [])
        for request in requests:
            yield (request, next(answers)) if isinstance(request, Request) else (None, request)


def requests_in_batches(
    predictor: Predictor, paths: Sequence[Path], words_of: WordsOf, batch_size: int, work: str, progress: Progress
) -> Iterator[list[Request | CanError]]:
    """Yields the requests of recordings, or what is wrong with one, batch by batch; tells of those done as `work`."""
    report = counted(progress, work, "recordings")
    report(0, len(paths))
    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    done = 0
    for requests in one_ahead(lambda batch: [_request_or_error(predictor, path, words_of) for path in batch], batches):
        yield requests
        done += len(requests)
        report(done, len(paths))


def predict_many(
    predictor: Predictor,
    recordings: Named,
    words: WordsOf | Path | str | None = None,
    *,
    transcript: Path | str | None = None,
    out: Path | str | None = None,
    batch_size: int = BATCH_SIZE,
    progress: Progress = ignore,
) -> dict[Path, Prediction | CanError]:
    """Returns a prediction or an error for each recording, in order: what `can-tf predict` does.

    Args:
        predictor: Who is asked.
        recordings: A file, a folder, or several of them; folders are searched, links followed.
        words: An alignment file, or a folder of them; or a function from a recording's path to its alignment file or
            transcript. Without it, alignments and transcripts are looked for beside the recordings; where there are
            none, the words are recognized.
        transcript: What is said: the words, a text file, or a folder of them.
        out: A table to write, whose name ends in .csv.
        batch_size: Recordings per batch.
        progress: Told of the recordings done.

    Raises:
        ConfigError: There are no recordings, words and transcript do not go together, or `out` cannot be written.
        MissingExtraError, RecognizerError: What is needed to read a recording or to find words is not there.
        ServerError: A server does not answer.

    Example:
        >>> from can_tf import load
        >>> answers = predict_many(load("saved_models/can"), "talk.wav", out="answers.csv")  # talk.wdseg is beside it.
        >>> [(str(path), answer.words_from) for path, answer in answers.items()]
        [('talk.wav', 'alignment')]
    """
    if out is not None:
        check_table(Path(out))
    found, words_of = named_recordings(recordings, words, transcript)
    asked = ask_many(predictor, found.paths, words_of, batch_size=batch_size, progress=progress)
    answers = {path: answer for path, (_, answer) in zip(found.paths, asked, strict=True)}
    if out is not None:
        write_predictions(Path(out), answers)
    return answers


def _request_or_error(predictor: Predictor, path: Path, words_of: WordsOf) -> Request | CanError:
    try:
        alignment, transcript = words_of(path)
        return predictor.request(path, alignment, transcript=transcript)
    except SetupError:
        raise
    except CanError as error:
        return error
