"""How well a score will be known, by the number of utterances that test.

The score is a share p of n utterances, and the half width of its 95 % interval is that of a binomial share:

    WA: 1.96 sqrt(p (1 - p) / n)        UA: 1.96 / labels * sqrt(sum over labels of p (1 - p) / n_label)

UA is the mean of the recalls of labels, here each p too, whose errors are independent. The utterances are taken as
drawn at random: what other speakers would change is not in it. Of a label with fewer utterances than folds, a fold
tests one or none, and counts it as the share of folds that test it.
"""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

from can_tf.training.folds import PAPER_FOLDS

SHARE = 0.7  # A score of the kind that is published.
_Z = statistics.NormalDist().inv_cdf(0.975)


@dataclasses.dataclass(frozen=True)
class Expected:
    """The half widths of the 95 % intervals of WA and UA, at a score of SHARE, over a number of utterances."""

    utterances: int
    wa: float
    ua: float


def expected(counts: Sequence[int], tested: float = 1.0) -> Expected:
    """Returns how well the scores of a test set will be known.

    Args:
        counts: Utterances of each label, each above 0.
        tested: What share of them tests.

    Example:
        >>> expected([50, 50])
        Expected(utterances=100, wa=0.0898, ua=0.0898)
        >>> expected([90, 10]).ua  # Half of it hangs on ten utterances.
        0.1497
    """
    utterances = max(round(sum(counts) * tested), 1)
    present = [min(count * tested, 1.0) for count in counts]
    recalls = [share / max(count * tested, 1.0) for share, count in zip(present, counts, strict=True)]
    return Expected(utterances, _half_width(1 / utterances), _half_width(sum(recalls) / max(sum(present), 1.0) ** 2))


def _half_width(variance: float) -> float:
    """Returns the half width for a variance in units of p (1 - p); the interval does not go below 0."""
    return round(min(_Z * math.sqrt(SHARE * (1 - SHARE) * variance), SHARE), 4)


def expected_of_records(counts: Mapping[str, int]) -> dict[str, Expected]:
    """Returns how well scores will be known: of one random `fold`, a tenth of the utterances, and of `all` test sets.

    Args:
        counts: Utterances by label; those of none are left out.
    """
    occurring = [count for count in counts.values() if count]
    return {"fold": expected(occurring, 1 / PAPER_FOLDS), "all": expected(occurring)}
