"""Explanations of recordings: predictions with the sound that they are about."""

from collections.abc import Sequence
from pathlib import Path

from can_tf.errors import CanError
from can_tf.explanation.data import Explanation, explanation_of
from can_tf.prediction.many import WordsOf, ask_many, no_words
from can_tf.prediction.predictor import Predictor
from can_tf.progress import Progress, ignore


def explain_recordings(
    predictor: Predictor, paths: Sequence[Path], words_of: WordsOf = no_words, *, progress: Progress = ignore
) -> list[Explanation | CanError]:
    """Returns an explanation or an error for each recording, in their order.

    Args:
        predictor: Asks the model.
        paths: The recordings.
        words_of: Finds the words of a recording, as `can_tf.prediction.many.predict_many` has it.
        progress: Told of the recordings done.

    Example:
        >>> from can_tf import load
        >>> model = load("saved_models/can")
        >>> [explanation] = explain_recordings(model, [Path("talk.wav")], lambda path: (Path("talk.wdseg"), None))
        >>> explanation.name, explanation.prediction.words_from
        ('talk.wav', 'alignment')
    """
    asked = ask_many(predictor, paths, words_of, batch_size=1, progress=progress)
    once = len({path.name for path in paths}) == len(paths)
    return [
        answer if isinstance(answer, CanError) else explanation_of(path.name if once else str(path), request, answer)
        for path, (request, answer) in zip(paths, asked, strict=True)
    ]
