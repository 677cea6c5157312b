"""Explanations of recordings: predictions with the sound that they are about."""

from pathlib import Path

from can_tf.errors import CanError
from can_tf.explanation.data import Explanation, explanation_of
from can_tf.explanation.explanation_files import check_explanation_file
from can_tf.explanation.page import Group, notes_of
from can_tf.prediction.known_words import Named, WordsOf, named_recordings
from can_tf.prediction.many import ask_many
from can_tf.prediction.predictor import Predictor
from can_tf.progress import Progress, amount, ignore


def explain_recordings(
    predictor: Predictor,
    recordings: Named,
    words: WordsOf | Path | str | None = None,
    *,
    transcript: Path | str | None = None,
    out: Path | str | None = None,
    progress: Progress = ignore,
) -> dict[Path, Explanation | CanError]:
    """Returns an explanation or an error for each recording, in order: what `can-tf explain` does.

    Args:
        predictor: Asks the model.
        recordings: A file, a folder, or several of them.
        words: What `can_tf.predict_many` takes.
        transcript: The same.
        out: A file to write: .html for a page, .png, .pdf or .svg for a figure of one recording, .json for the data.
        progress: Told of the recordings done.

    Raises:
        ConfigError: There are no recordings, words and transcript do not go together, or `out` cannot be written.
        MissingExtraError, RecognizerError: What is needed to read recordings, find words or draw is not there.
        ServerError: A server does not answer.

    Example:
        >>> from can_tf import load
        >>> answers = explain_recordings(load("saved_models/can"), "talk.wav", out="talk.html")
        >>> answers[Path("talk.wav")].name, answers[Path("talk.wav")].prediction.words_from
        ('talk.wav', 'alignment')
    """
    found, words_of = named_recordings(recordings, words, transcript)
    paths = found.paths
    kind = None if out is None else check_explanation_file(Path(out), len(paths))
    asked = ask_many(predictor, paths, words_of, batch_size=1, progress=progress)
    once = len({path.name for path in paths}) == len(paths)
    answers: dict[Path, Explanation | CanError] = {}
    for path, (request, answer) in zip(paths, asked, strict=True):
        name = path.name if once else str(path)
        answers[path] = answer if isinstance(answer, CanError) else explanation_of(name, request, answer)
    good = [answer for answer in answers.values() if isinstance(answer, Explanation)]
    if out is not None and kind is not None and good:
        title = paths[0].name if len(paths) == 1 else amount(len(good), "recordings")
        kind.write(Path(out), title, [Group("", good)], notes_of(bool(predictor.synthetic)))
    return answers
