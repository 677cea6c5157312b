"""Which differences between two models hold, from the same folds and the same utterances.

Scores of folds are not independent, since their training sets overlap: an ordinary t-test finds differences that are
not there. Nadeau and Bengio (2003, "Inference for the Generalization Error") widen the variance by the share of the
test set. A bootstrap over utterances tells how much the difference depends on who happens to be in the corpus.
"""

import dataclasses
import math
from collections.abc import Sequence

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


def wilson_interval(successes: float, count: float, *, level: float = 0.95) -> tuple[float, float]:
    """Returns Wilson's interval of a share, which stays within 0 and 1 and is none too narrow for few.

    Raises:
        ValueError: Nothing was counted.
    """
    if not count:
        raise ValueError("a share of nothing has no interval")
    z = float(stats.norm.ppf((1 + level) / 2))
    share, spread = successes / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def f1_interval(right: float, missed: float, wrongly_given: float, *, level: float = 0.95) -> tuple[float, float]:
    """Returns an interval of one label's F1, `2 s / (1 + s)` of the share s = right / (right + missed + wrongly given).

    Wilson's interval of that share, given their sum ("Wilson indirect" in Lam et al., 2023, "Confidence Intervals for
    the F1 Score").

    Raises:
        ValueError: All three are 0.
    """
    low, high = wilson_interval(right, right + missed + wrongly_given, level=level)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def wa(true: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the share of utterances that are right."""
    return float(np.mean(true == predicted))


def ua(true: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the mean recall over the labels that occur."""
    counts = np.bincount(true)
    right = np.bincount(true[true == predicted], minlength=len(counts))
    occurring = counts > 0
    return float(np.mean(right[occurring] / counts[occurring]))
