"""The models by id, at the prices of a moment: announced ones and those of certain hours take effect by themselves."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from msgspec import Struct

from router.domain.model import Model

Catalog = Mapping[str, Model]

WEEK_MIN = 7 * 24 * 60
_EPOCH_MIN = 3 * 24 * 60
"""Unix time began on a Thursday."""


class Week(Struct, frozen=True):
    """A catalog in the hours of a week: the n-th is in force from the minute `begins[n]` on, Monday's first being 0."""

    begins: tuple[int, ...]
    catalogs: tuple[Catalog, ...]

    @classmethod
    def of(cls, models: Catalog) -> "Week":
        """The catalogs of `models`, whose prices may depend on the hour; a model whose price does not is the same."""
        spans = defaultdict[str, list[tuple[int, int]]](list)
        for key, model in models.items():
            for place in model.places:
                if place.price.off_peak is not None:
                    spans[key] += place.price.off_peak.spans
        moments = set(chain.from_iterable(chain.from_iterable(spans.values())))
        begins = tuple(sorted({0, *moments} - {WEEK_MIN}))
        of_hours = ({key: models[key].in_minute(at) for key in spans} for at in begins)
        return cls(begins, tuple({**models, **each} for each in of_hours))

    def at(self, unix_s: float) -> Catalog:
        """The catalog in force at a moment."""
        minute = (int(unix_s // 60) + _EPOCH_MIN) % WEEK_MIN
        return self.catalogs[bisect_right(self.begins, minute) - 1]


class DatedCatalog(Struct, frozen=True):
    """Successive catalogs; the n-th is in force from `changes_s[n - 1]` on."""

    changes_s: tuple[float, ...]
    weeks: tuple[Week, ...]

    @classmethod
    def of(cls, models: Catalog) -> "DatedCatalog":
        """All catalogs of `models`, whose prices may change over time; a model is the same until its own price does."""
        changing: defaultdict[float, set[str]] = defaultdict(set)
        for key, model in models.items():
            for change in chain.from_iterable(each.price_changes for each in model.places):
                changing[change.from_s].add(key)
        catalogs = [models]
        for moment, keys in sorted(changing.items()):
            last = catalogs[-1]
            catalogs.append({**last, **{key: last[key].at(moment) for key in keys}})
        return cls(tuple(sorted(changing)), tuple(map(Week.of, catalogs)))

    def at(self, unix_s: float) -> Catalog:
        """The catalog in force at a moment."""
        week = self.weeks[bisect_right(self.changes_s, unix_s)]
        return week.at(unix_s) if len(week.begins) > 1 else week.catalogs[0]


EMPTY_CATALOG = DatedCatalog.of({})
