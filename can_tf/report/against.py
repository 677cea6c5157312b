"""A cross-validation compared with another of the same folds and seeds, by what both say of the same utterances."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from can_tf.errors import RunError
from can_tf.report.statistics import corrected_t_test
from can_tf.report.together import TESTED, Together, mean_scores
from can_tf.training.intervals import LEAST_SPEAKERS, confusions_of
from can_tf.training.metrics import scores_of_confusion
from can_tf.training.resampling import BOOTSTRAP_SAMPLES, percentile_interval

_Rows = Sequence[Mapping[str, str]]


def compare_together(first: Together, second: Together, *, samples: int = BOOTSTRAP_SAMPLES) -> dict[str, Any]:
    """Returns how much better the first is than the second, over the trainings that both have, as JSON values.

    Args:
        first, second: Of the same labels and test utterances, such as those of two models, or with two options.
        samples: How often speakers or utterances are drawn.

    Returns:
        `against`, the second's name; `differs`, by option the values of both where they are not the same; `pairs` of
        trainings; `left_out`, trainings of one alone; `resampled`, "speakers" or "utterances"; and by score, "wa" and
        "ua": `difference` of all test sets together, mean over seeds, with `low` and `high`, a 95 % interval over whom
        there is to test, and `p` of the corrected resampled t-test over the trainings, None where it is undefined.

    Raises:
        RunError: The labels or the utterances of their test sets differ, or they have no fold and seed in common.

    Example:
        >>> row = {"seed": "0", "fold": "0", "speaker": "ann", "id": "u1", "label": "calm", "predicted": "calm"}
        >>> summary = {"options": {}, "records": {"fingerprint": "f"}, "test_share": 0.25}
        >>> first = Together("can-paper", ("calm", "loud"), summary, [row])
        >>> second = Together("audio-paper", ("calm", "loud"), summary, [{**row, "predicted": "loud"}])
        >>> compare_together(first, second)["wa"]["difference"]
        1.0
    """
    if sorted(first.labels) != sorted(second.labels):
        both = f"{', '.join(first.labels)} and {', '.join(second.labels)}"
        raise RunError(f"{first.name} and {second.name} cannot be compared: their labels are {both}.")
    shared = _trainings(first.rows) & _trainings(second.rows)
    if not shared:
        raise RunError(f"{first.name} and {second.name} cannot be compared: they have no fold and seed in common.")
    rows = [[row for row in each.rows if _training(row) in shared] for each in (first, second)]
    _check_utterances(first, second, rows)
    units = "speaker" if len({row["speaker"] for row in rows[0]}) >= LEAST_SPEAKERS else "id"
    own, other = (_scores_by_training(each, first.labels) for each in rows)
    return {
        "against": second.name,
        "differs": _differences(first, second),
        "pairs": len(shared),
        "left_out": len(_trainings(first.rows) ^ _trainings(second.rows)),
        "resampled": {"speaker": "speakers", "id": "utterances"}[units],
        **{
            score: {
                **_difference(rows, first.labels, units, score, samples),
                "p": corrected_t_test(own[score], other[score], first.summary["test_share"]).p,
            }
            for score in TESTED
        },
    }


def _training(row: Mapping[str, str]) -> tuple[int, int]:
    return int(row["seed"]), int(row["fold"])


def _trainings(rows: _Rows) -> set[tuple[int, int]]:
    return {_training(row) for row in rows}


def _check_utterances(first: Together, second: Together, rows: Sequence[_Rows]) -> None:
    tested = [{(*_training(row), row["id"]): row["label"] for row in each} for each in rows]
    if tested[0] != tested[1]:
        other = len(tested[0].items() ^ tested[1].items())
        raise RunError(
            f"{first.name} and {second.name} cannot be compared: they were not tested on the same utterances ({other} "
            "predictions of one alone); expected the same protocol and folds of the same corpus."
        )


def _differences(first: Together, second: Together) -> dict[str, Any]:
    """Returns what was not the same for both, by name: their values."""
    one, other = (
        {**each.summary["options"], "records": each.summary["records"]["fingerprint"]} for each in (first, second)
    )
    return {
        name: [one.get(name), other.get(name)]
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name) and name not in ("fold", "seed")
    }


def _scores_by_training(rows: _Rows, labels: Sequence[str]) -> dict[str, list[float]]:
    """Returns each score of each training, in an order that rows of the same trainings share."""
    of_trainings = confusions_of(rows, labels, "fold").reshape(-1, len(labels), len(labels))
    scores = [scores_of_confusion(confusion) for confusion in of_trainings if confusion.any()]
    return {score: [of_training[score] for of_training in scores] for score in TESTED}


def _difference(rows: Sequence[_Rows], labels: Sequence[str], unit: str, score: str, samples: int) -> dict[str, float]:
    confusions = [confusions_of(each, labels, unit) for each in rows]
    count = len(confusions[0])

    def difference(drawn: np.ndarray) -> float:
        times = np.bincount(drawn, minlength=count)
        one, other = (mean_scores(np.tensordot(times, each, axes=1))[score] for each in confusions)
        return one - other

    low, high = percentile_interval(difference, count, samples=samples)
    return {"difference": difference(np.arange(count)), "low": low, "high": high}
