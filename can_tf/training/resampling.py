"""Intervals of scores by the bootstrap: how much a score depends on who happens to be in the corpus."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

BOOTSTRAP_SAMPLES = 2000


def bootstrap_interval(
    true: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    score: Callable[[np.ndarray, np.ndarray], float],
    *,
    level: float = 0.95,
    samples: int = BOOTSTRAP_SAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Returns the percentile interval of a score's difference, first minus second, over resampled utterances.

    Args:
        true: Label indices `<int64>[utterances]`.
        first, second: Predicted indices `<int64>[seeds, utterances]`; an utterance is drawn with all its seeds, and the
            score is averaged over them.
        score: Of true and predicted indices, such as `wa` and `ua`.
        level: Of the interval.
        samples: How often the utterances are drawn.
        seed: Of the draws.
    """

    def difference(drawn: np.ndarray) -> float:
        means = [np.mean([score(true[drawn], row[drawn]) for row in rows]) for rows in (first, second)]
        return float(means[0] - means[1])

    return percentile_interval(difference, len(true), level=level, samples=samples, seed=seed)


def percentile_interval(
    statistic: Callable[[np.ndarray], float],
    count: int,
    *,
    level: float = 0.95,
    samples: int = BOOTSTRAP_SAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Returns the percentile interval of a number over resampled utterances, or speakers.

    Args:
        statistic: The number, of those drawn, `<int64>[count]`, some of them twice.
        count: How many there are to draw from.
        level, samples, seed: As `bootstrap_interval` has them.
    """
    return _percentiles([statistic(drawn) for drawn in _draws(count, samples, seed)], level)


def score_intervals(
    scores: Callable[[np.ndarray], Mapping[str, float]],
    count: int,
    *,
    level: float = 0.95,
    samples: int = BOOTSTRAP_SAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Returns an interval of each score over resampled utterances: percentiles, less the bootstrap's bias.

    Scores of distances, such as the expected calibration error, grow with every resampling, and their plain percentiles
    may lie above the score itself. So the draws are shifted to have the score as their mean, and cut at 0 and 1.

    Args:
        scores: From 0 to 1, of the utterances drawn, `<int64>[count]`, some of them twice.
        count: How many utterances there are.
        level, samples, seed: As `bootstrap_interval` has them.
    """
    resampled = [scores(drawn) for drawn in _draws(count, samples, seed)]
    intervals = {}
    for name, score in scores(np.arange(count)).items():
        values = np.array([of_draw[name] for of_draw in resampled])
        intervals[name] = _percentiles((values - values.mean() + score).clip(0, 1), level)
    return intervals


def _draws(count: int, samples: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    for _ in range(samples):
        yield generator.integers(0, count, count)


def _percentiles(values: Any, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
