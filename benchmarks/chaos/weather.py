"""What the soak itself has done to the upstreams, and when: reasons why a fair request may fail."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.shots import Shot
from benchmarks.chaos.troubles import limits_for_s

_AFTER_LIMIT_S = 1.0
_AFTER_OUTAGE_S = 1.0


@dataclass(frozen=True, slots=True)
class Spell:
    """Bad weather for these models, between two times."""

    models: frozenset[str]
    began_s: float
    ended_s: float

    def hits(self, models: frozenset[str], began_s: float, ended_s: float) -> bool:
        """Whether the weather was bad for one of the models at some time in between."""
        return bool(self.models & models) and began_s < self.ended_s and ended_s > self.began_s


@dataclass(slots=True)
class Weather:
    """All bad spells of a phase. Times are those of one monotonic clock."""

    _spells: list[Spell] = field(default_factory=list)

    def outage(self, upstream: str, began_s: float, ended_s: float) -> None:
        """An upstream was gone."""
        models = frozenset(each.id for each in ACTORS.values() if each.upstream == upstream)
        self._spells.append(Spell(models, began_s, ended_s + _AFTER_OUTAGE_S))

    def passed(self, shot: Shot, began_s: float, ended_s: float) -> None:
        """A request has ended; the limits that it met still apply to others."""
        for model, for_s in _limits(shot):
            until_s = ended_s + for_s + _AFTER_LIMIT_S
            self._spells.append(Spell(frozenset({model}), began_s, until_s))

    def explains(self, shot: Shot, began_s: float, ended_s: float) -> bool:
        """Whether something may have kept a fair request from its answer."""
        pool = frozenset(shot.pool)
        return any(spell.hits(pool, began_s, ended_s) for spell in self._spells)


def _limits(shot: Shot) -> Iterator[tuple[str, float]]:
    for model in shot.pool:
        if (for_s := limits_for_s(shot.faults[model])) is not None:
            yield model, for_s
