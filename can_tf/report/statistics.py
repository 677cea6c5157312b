"""Which differences between two models hold, from the same folds and the same utterances.

Scores of folds are not independent, since their training parts overlap: an ordinary t-test finds differences that are
not there. Nadeau and Bengio (2003, "Inference for the Generalization Error") widen the variance by the share of the
test part. A bootstrap over utterances tells how much the difference depends on who happens to be in the corpus.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats


@dataclasses.dataclass(frozen=True)
class PairedTest:
    """A difference of paired scores.

    Attributes:
        difference: Mean of first minus second.
        p: Two-sided probability of such a difference, or a larger one, if there were none; None where it is undefined:
            one pair, or no spread.
        pairs: Number of pairs.
    """

    difference: float
    p: float | None
    pairs: int


def corrected_t_test(first: Sequence[float], second: Sequence[float], test_share: float) -> PairedTest:
    """Returns the corrected resampled t-test of Nadeau and Bengio for scores of the same folds and seeds.

    The variance of the mean is `(1 / pairs + test_share) * variance`, where an ordinary test has `variance / pairs`.

    Args:
        first, second: Scores, paired by position.
        test_share: Test utterances for each training utterance: 1/8 for the paper's 8:1:1.

    Raises:
        ValueError: The lengths differ, there are no scores, or `test_share` is not positive.
    """
    if len(first) != len(second) or not first or not test_share > 0:
        raise ValueError(f"expected as many scores of both, and a positive share; got {len(first)}, {len(second)}")
    differences = np.subtract(first, second)
    pairs, mean = len(differences), float(np.mean(differences))
    variance = float(np.var(differences, ddof=1)) if pairs > 1 else 0.0
    if math.isclose(variance, 0.0, abs_tol=1e-18):
        # Equal runs differ by nothing, for certain; equal differences that are not 0 leave nothing to estimate from.
        return PairedTest(mean, 1.0 if pairs > 1 and math.isclose(mean, 0.0, abs_tol=1e-12) else None, pairs)
    t = mean / math.sqrt((1 / pairs + test_share) * variance)
    return PairedTest(mean, float(2 * stats.t.sf(abs(t), pairs - 1)), pairs)


def bootstrap_interval(
    true: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    score: Callable[[np.ndarray, np.ndarray], float],
    *,
    level: float = 0.95,
    samples: int = 2000,
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
    generator = np.random.default_rng(seed)
    differences = []
    for _ in range(samples):
        drawn = generator.integers(0, len(true), len(true))
        means = [np.mean([score(true[drawn], row[drawn]) for row in rows]) for rows in (first, second)]
        differences.append(means[0] - means[1])
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def wa(true: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the share of utterances that are right."""
    return float(np.mean(true == predicted))


def ua(true: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the mean recall over the labels that occur."""
    counts = np.bincount(true)
    right = np.bincount(true[true == predicted], minlength=len(counts))
    occurring = counts > 0
    return float(np.mean(right[occurring] / counts[occurring]))
