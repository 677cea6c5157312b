"""Predictions as a table, for spreadsheets and other programs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from can_tf.errors import CanError, ConfigError
from can_tf.files import check_place, write_csv
from can_tf.prediction.answers import Prediction

TABLE_SUFFIX = ".csv"
_FIRST_COLUMNS = ("label", "most_probable", "confidence")
_LAST_COLUMNS = ("words_from", "words", "error")


def check_table(path: Path) -> None:
    """Raises ConfigError where a table cannot be written to a path."""
    if path.suffix.lower() != TABLE_SUFFIX:
        raise ConfigError(f"{path}: expected a name that ends in {TABLE_SUFFIX}, for a table of predictions.")
    check_place(path)


def write_predictions(path: Path, answers: Mapping[Path, Prediction | CanError]) -> None:
    """Writes a row for each recording: its emotion, the probability of each, its words, or why there is none.

    Example:
        >>> from can_tf import load, predict_many
        >>> write_predictions(Path("answers.csv"), predict_many(load("saved_models/can"), "talk.wav"))
        >>> Path("answers.csv").read_text().partition(",probability_")[0]
        'recording,label,most_probable,confidence'
    """
    rows = ({"recording": str(path), **cells_of(answer)} for path, answer in answers.items())
    write_csv(path, ["recording", *columns_of(answers.values())], rows)


def columns_of(answers: Iterable[Prediction | CanError], *more: str) -> list[str]:
    """Returns the columns of answers in a table, one for each label among them; `more` stand before all."""
    labels = sorted({label for answer in answers if isinstance(answer, Prediction) for label in answer.probabilities})
    return [*more, *_FIRST_COLUMNS, *(f"probability_{label}" for label in labels), *_LAST_COLUMNS]


def cells_of(answer: Prediction | CanError) -> dict[str, Any]:
    """Returns an answer's cells by their columns; those that it has none of are left out."""
    if isinstance(answer, CanError):
        return {"error": " ".join(str(answer).split())}
    return {
        **{name: getattr(answer, name) for name in _FIRST_COLUMNS},
        **{f"probability_{label}": share for label, share in answer.probabilities.items()},
        "words_from": answer.words_from,
        "words": answer.said,
    }
