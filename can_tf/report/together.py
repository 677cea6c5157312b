"""A cross-validation's test sets together: by corpus, fold, speaker and label, and what they are tested against.

Utterances of one speaker are alike, so intervals are over speakers where there are enough of them.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.errors import RunError
from can_tf.report.statistics import corrected_t_test
from can_tf.training import run_folder
from can_tf.training.cross_validation import OUT_OF_FOLD_FILE, SUMMARY_FILE, read_summary
from can_tf.training.intervals import confusions_of
from can_tf.training.metrics import OTHER_PREDICTIONS, scores_of_confusion

FINAL = "final"
_PROBABILITY = "probability_"
_COLUMNS = ("seed", "fold", "speaker", "id", "label", "predicted")
TESTED = ("wa", "ua")


@dataclasses.dataclass(frozen=True, eq=False)
class Together:
    """A cross-validation: its summary, and the answers about each test utterance of each seed.

    Attributes:
        name: Of the model and the protocol, such as "can-speaker".
        labels: In index order.
        summary: As `can_tf.training.cross_validation.write_results` returns it.
        rows: Of `predictions.csv`: `seed`, `fold`, `speaker`, `id`, `label` and `predicted`, as text.
    """

    name: str
    labels: tuple[str, ...]
    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]


def is_cross_validation(folder: Path) -> bool:
    """Tells a cross-validation's folder from a run's.

    Example:
        >>> is_cross_validation(Path("runs/can-paper-fold0-seed0"))
        False
    """
    return (folder / SUMMARY_FILE).is_file()


def read_together(folder: Path) -> Together:
    """Reads what `can-tf cross-validate` wrote.

    Raises:
        RunError: It is no such folder, is damaged, or its predictions do not give its scores.

    Example:
        >>> read_together(Path("runs/cv-can-paper")).name  # doctest: +SKIP
        'can-paper'
    """
    summary, path = read_summary(folder), folder / OUT_OF_FOLD_FILE
    again = "Run the same can-tf cross-validate command again."
    rows = run_folder.read_predictions(folder, _COLUMNS, OUT_OF_FOLD_FILE)
    labels = tuple(name.removeprefix(_PROBABILITY) for name in (rows or [{}])[0] if name.startswith(_PROBABILITY))
    if not all(_is_sound(row, labels) for row in rows):
        raise RunError(f"{path}: is damaged; expected seeds, folds, and labels that have probabilities. {again}")
    together = Together(folder.resolve().name.removeprefix("cv-"), labels, summary, rows)
    _check_scores(together, path, again)
    return together


def _is_sound(row: Mapping[str, str], labels: Sequence[str]) -> bool:
    numbered = all(row[name].isdecimal() for name in ("seed", "fold"))
    return numbered and {row["label"], row["predicted"]} <= {*labels}


def _check_scores(together: Together, path: Path, again: str) -> None:
    stored = together.summary["intervals"][0]
    scores = mean_scores(confusions_of(together.rows, together.labels, "fold").sum(axis=0)) if together.rows else {}
    if any(abs(scores.get(name, 2.0) - stored[name]["value"]) > 1e-9 for name in TESTED):
        raise RunError(f"{path}: does not give the scores of {SUMMARY_FILE}; one of the two was changed. {again}")


def scores_together(together: Together) -> dict[str, Any]:
    """Returns what there is to say of a cross-validation, as JSON values.

    Returns:
        The summary, and `name`, `labels`; `confusion`, the mean over seeds; `by_fold` and `by_speaker`: `utterances`,
        `wa` and `ua`, means over seeds; `tests`: of the final prediction `against` each other one, by `score`, the
        `difference` of the means over folds and seeds, and `p` of the corrected t-test over `pairs`.

    Example:
        >>> scores_together(read_together(Path("runs/cv-can-paper")))["intervals"][0]["ua"]["value"]  # doctest: +SKIP
    """
    everything = confusions_of(together.rows, together.labels, "fold").sum(axis=0)
    return {
        **together.summary,
        "name": together.name,
        "labels": list(together.labels),
        "confusion": everything.mean(axis=0).tolist(),
        "by_fold": dict(sorted(_by_unit(together, "fold").items(), key=lambda item: int(item[0]))),
        "by_speaker": _by_unit(together, "speaker"),
        "tests": list(_tests(together.summary)),
    }


def _by_unit(together: Together, unit: str) -> dict[str, Any]:
    names = sorted({row[unit] for row in together.rows})
    counts = confusions_of(together.rows, together.labels, unit)
    return {
        name: {"utterances": int(matrices.sum(axis=(1, 2)).max()), **mean_scores(matrices)}
        for name, matrices in zip(names, counts, strict=True)
    }


def mean_scores(by_seed: np.ndarray) -> dict[str, float]:
    """Returns `wa` and `ua`, means over the seeds of `<int>[seeds, labels, labels]` that have predictions."""
    scores = [scores_of_confusion(matrix) for matrix in by_seed if matrix.any()]
    return {name: float(np.mean([of_seed[name] for of_seed in scores])) for name in TESTED}


def _tests(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    final = summary["scores"][FINAL]
    for key in OTHER_PREDICTIONS:
        other = summary["scores"].get(key)
        if key == "majority" or other is None:
            continue
        for score in TESTED:
            first, second = final[score]["values"], other[score]["values"]
            if not first or len(first) != len(second):  # Not every training has it.
                continue
            test = corrected_t_test(first, second, summary["test_share"])
            yield {"against": key, "score": score, "difference": test.difference, "p": test.p, "pairs": test.pairs}
