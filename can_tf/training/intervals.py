"""Scores of the test sets of a cross-validation together, with intervals, of all utterances and of each corpus.

Utterances of one speaker are alike, so intervals over resampled utterances are too narrow for people nobody has heard.
Speakers are resampled, each with all utterances; where there are few, utterances are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from can_tf.training.metrics import scores_of_confusion
from can_tf.training.resampling import BOOTSTRAP_SAMPLES, score_intervals

LEAST_SPEAKERS = 5  # Fewer have too few combinations for percentiles.
POOLED_SCORES = ("wa", "ua", "macro_f1")
INTERVAL_SHAPE = {  # Of each that `intervals_of` returns.
    "corpus": str,
    "utterances": int,
    "speakers": int,
    "resampled": str,
    **{score: {"value": float, "low": float, "high": float} for score in POOLED_SCORES},
}


def intervals_of(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], *, samples: int = BOOTSTRAP_SAMPLES
) -> list[dict[str, Any]]:
    """Returns scores with 95 % intervals: of all predictions, then of each of several corpora.

    Args:
        rows: Predictions, each with `seed`, `id`, `label`, `predicted`, `speaker` and `corpus`, which is empty where
            there is one corpus.
        labels: Names in index order.
        samples: How often speakers or utterances are drawn.

    Returns:
        For each: `corpus` (empty for all), numbers of `utterances` and `speakers`, `resampled` ("speakers" or
        "utterances"), and by name in POOLED_SCORES the `value`, `low` and `high`. Values are means over seeds; whoever
        is drawn is drawn with all seeds.

    Example:
        >>> row = {"seed": 0, "label": "calm", "speaker": "anna", "corpus": ""}
        >>> rows = [{**row, "id": "u1", "predicted": "calm"}, {**row, "id": "u2", "predicted": "loud"}]
        >>> [found] = intervals_of(rows, ("calm", "loud"))
        >>> found["resampled"], found["wa"]["value"]
        ('utterances', 0.5)
    """
    corpora = sorted({row["corpus"] for row in rows})
    parts = {"": list(rows)}
    if len(corpora) > 1:
        parts |= {corpus: [row for row in rows if row["corpus"] == corpus] for corpus in corpora}
    return [{"corpus": corpus, **_intervals(found, labels, samples)} for corpus, found in parts.items()]


def _intervals(rows: Sequence[Mapping[str, Any]], labels: Sequence[str], samples: int) -> dict[str, Any]:
    speakers = {row["speaker"] for row in rows}
    resampled = "speakers" if len(speakers) >= LEAST_SPEAKERS else "utterances"
    confusions = confusions_of(rows, labels, "speaker" if resampled == "speakers" else "id")
    units = len(confusions)

    def scores(drawn: np.ndarray) -> dict[str, float]:
        times = np.bincount(drawn, minlength=units)
        by_seed = [scores_of_confusion(each) for each in np.tensordot(times, confusions, axes=1) if each.any()]
        return {name: float(np.mean([of_seed[name] for of_seed in by_seed])) for name in POOLED_SCORES}

    values, intervals = scores(np.arange(units)), score_intervals(scores, units, samples=samples)
    return {
        "utterances": len({row["id"] for row in rows}),
        "speakers": len(speakers),
        "resampled": resampled,
        **{name: {"value": values[name], "low": low, "high": high} for name, (low, high) in intervals.items()},
    }


def confusions_of(rows: Sequence[Mapping[str, Any]], labels: Sequence[str], unit: str) -> np.ndarray:
    """Returns confusion matrices, one row per true label: `<int>[units, seeds, labels, labels]`, units sorted.

    Args:
        rows: As `intervals_of` has them.
        labels: Names in index order.
        unit: What rows are counted by, such as "speaker".
    """
    units = {name: index for index, name in enumerate(sorted({row[unit] for row in rows}))}
    seeds = {seed: index for index, seed in enumerate(sorted({row["seed"] for row in rows}))}
    place = {label: index for index, label in enumerate(labels)}
    confusions = np.zeros((len(units), len(seeds), len(labels), len(labels)), int)
    for row in rows:
        confusions[units[row[unit]], seeds[row["seed"]], place[row["label"]], place[row["predicted"]]] += 1
    return confusions
