"""Which replica of a model gets a call: the cheapest first, then the better of two drawn at random.

Power of two choices (Mitzenmacher, https://doi.org/10.1109/71.963420): looking at two at random
keeps the fullest queue nearly as short as looking at all, without everybody rushing to the one that
looked best a moment ago. The better of the two has the lower product of its slowness, as a peak EWMA,
and the calls it would then have in flight, as in Finagle and Linkerd.

A weight is a share of the work: it says how often a replica is drawn, and a call on one of weight 3
counts a third of a call on one of weight 1. Two that are nearly as fast as each other are taken as
equally fast, so that weights decide between them, and not the noise of measurement.
"""

import math
from collections.abc import Callable, Sequence

from msgspec import Struct

from router.domain.candidate import Candidate
from router.domain.model import Model

_DECAY_S = 10.0
"""After which an old observation counts for 1/e: the default of Finagle (`PeakEwma`) and Linkerd."""
_FORGOTTEN_S = 3 * _DECAY_S
"""After which a replica that nobody asked may have recovered: its speed counts as unknown."""
_ALIKE = 1.5
"""The ratio up to which two are taken as equally fast."""


class PeakEwma:
    """How slow a replica is: jumps to a new peak at once, and comes down slowly.

    https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/loadbalancer/PeakEwma.scala
    There an idle one's value decays to zero, which makes it look better than all that are asked. Here it
    stays for 30 s and is then forgotten.
    """

    def __init__(self) -> None:
        self._value = 0.0
        self._at_s = -math.inf

    def __repr__(self) -> str:
        return f"<PeakEwma {self._value:.3g} at {self._at_s:.1f} s>"

    def observe(self, value: float, now_s: float) -> None:
        """Take in the slowness of a call, in any unit, as long as it is always the same."""
        old = math.exp((self._at_s - now_s) / _DECAY_S)
        if value < self._value:
            value = old * self._value + (1 - old) * value
        self._value, self._at_s = value, now_s

    def value(self, now_s: float) -> float | None:
        """How slow it is; None while that is not known."""
        return self._value if now_s - self._at_s <= _FORGOTTEN_S else None


class Load(Struct, frozen=True):
    """The state of a replica: calls in flight, how slow it is (None when unknown), room for one more."""

    in_flight: int = 0
    slowness: float | None = None
    has_room: bool = True


def pick(
    replicas: Sequence[Candidate], load_of: Callable[[Model], Load], chance: Callable[[], float]
) -> Candidate:
    """The replica that gets the next call, of at least one that may be asked; `chance` is in [0, 1).

    One without room is taken only if none has any: the call then waits there for a place.
    """
    loads = [(each, load_of(each.model)) for each in replicas]
    roomy = [pair for pair in loads if pair[1].has_room] or loads
    least = min(each.cost.expected for each, _ in roomy)
    cheapest = [pair for pair in roomy if pair[0].cost.expected == least]
    if len(cheapest) == 1:
        return cheapest[0][0]
    first = _drawn(cheapest, chance())
    second = _drawn([pair for pair in cheapest if pair is not first], chance())
    return _better(first, second)[0]


_Loaded = tuple[Candidate, Load]


def _drawn(among: Sequence[_Loaded], chance: float) -> _Loaded:
    """One of them, drawn in proportion to its weight."""
    left = chance * sum(candidate.model.weight for candidate, _ in among)
    for each in among:
        left -= each[0].model.weight
        if left < 0:
            return each
    return among[-1]


def _better(first: _Loaded, second: _Loaded) -> _Loaded:
    """The less burdened of two, `first` if they are equal."""
    one, other = first[1].slowness, second[1].slowness
    if (one is None) != (other is None):
        unknown, known = (first, second) if one is None else (second, first)
        if (it := _beside_an_unknown(unknown, known)) is not None:
            return it
    if one is None or other is None or max(one, other) <= _ALIKE * min(one, other):
        one = other = 1.0
    mine, its = _burden(first), _burden(second)
    if not first[1].in_flight:
        # Being drawn already accounts for its weight: an idle one is not too small for this call.
        mine = min(mine, its)
    return second if other * its < one * mine else first


def _beside_an_unknown(unknown: _Loaded, known: _Loaded) -> _Loaded | None:
    """Which of two gets the call if the speed of one is unknown; None when chance and burdens decide.

    Calls in flight on an unknown replica do not tell how fast they will end: so it gets just one, to
    find out. It gets that at once, since until then nobody can say whether the other one is slow. Only
    a lighter one waits to be drawn: it is unknown again every 30 s, and where requests are rare it would
    otherwise get half of them.
    """
    if unknown[1].in_flight:
        return known
    is_lighter = unknown[0].model.weight < known[0].model.weight
    return None if is_lighter else unknown


def _burden(one: _Loaded) -> float:
    """Its calls in flight after one more, divided by its weight."""
    return (one[1].in_flight + 1) / one[0].model.weight
