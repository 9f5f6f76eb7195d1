"""What a count says for certain about the share behind it: Clopper and Pearson's exact bounds, and Wilson's quick ones.

Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
binomial", Biometrika 26 (1934). Each bound is wrong in 2.5 % of cases at most, both in 5 %.
Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
Statistical Association 22 (1927): wrong as often on average, and computed in no time.
Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41
(1970): whoever looks at a bound after every trial finds it wrong sooner or later. A mixture of likelihood ratios allows
for that.
"""

import math
from collections.abc import Callable

_ONE_SIDE = 0.025
_HALVINGS = 50
_ONE_SIDE_Z = 1.959964
"""A normal value is more than this many standard deviations from its mean in 2.5 % of cases on each side."""


def lower_bound(successes: int, trials: int) -> float:
    """The least share with which `successes` or more of `trials` are not too unlikely; 0 without any."""
    _check(successes, trials)
    if successes == 0:
        return 0.0
    return _crossing(lambda share: _at_least(successes, trials, share) > _ONE_SIDE)


def upper_bound(successes: int, trials: int) -> float:
    """The greatest share with which `successes` or fewer of `trials` are not too unlikely; 1 for all."""
    _check(successes, trials)
    if successes == trials:
        return 1.0
    return _crossing(lambda share: 1 - _at_least(successes + 1, trials, share) < _ONE_SIDE)


def log_evidence_above(limit: float, successes: int, trials: int) -> float:
    """How strongly the counts say that the share is above `limit`; minus infinity for not at all.

    The logarithm of their likelihood, averaged over all shares above `limit`, in proportion to that at `limit`. If the
    share is no higher, it ever exceeds log(1 / a) with a probability of at most a, however long one goes on.
    """
    _check(successes, trials)
    if successes <= limit * trials:
        return -math.inf  # a higher share is less likely
    if limit == 0.0:
        return math.inf
    up_to = 1 - _at_least(successes + 1, trials + 1, limit)
    log_just = _log_probability(successes, trials, limit)
    return math.log(up_to / (1 - limit) / (trials + 1)) - log_just


def score_bounds(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's bounds, the lower one first; 0 and 1 without any trials."""
    _check(successes, trials)
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, _ONE_SIDE_Z**2
    middle = share + square / (2 * trials)
    wide = _ONE_SIDE_Z * math.sqrt((share * (1 - share) + square / (4 * trials)) / trials)
    scale = 1 + square / trials
    return max(0.0, (middle - wide) / scale), min(1.0, (middle + wide) / scale)


def _check(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no count")


def _crossing(is_beyond: Callable[[float], bool]) -> float:
    """The share from which on `is_beyond` holds."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_beyond(middle):
            high = middle
        else:
            low = middle
    return high


def _at_least(successes: int, trials: int, share: float) -> float:
    """The probability of `successes` or more, summed over the shorter tail."""
    if successes > trials / 2:
        return _sum(range(successes, trials + 1), trials, share)
    return 1 - _sum(range(successes), trials, share)


def _sum(counts: range, trials: int, share: float) -> float:
    return math.fsum(math.exp(_log_probability(count, trials, share)) for count in counts)


def _log_probability(count: int, trials: int, share: float) -> float:
    log, log_not = math.log(share), math.log1p(-share)
    return _log_ways(count, trials) + count * log + (trials - count) * log_not


def _log_ways(count: int, trials: int) -> float:
    return math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
