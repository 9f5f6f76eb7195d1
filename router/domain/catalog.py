"""The models by id, at the prices of a moment: an announced price takes effect by itself."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.model import Model

Catalog = Mapping[str, Model]


@dataclass(frozen=True, slots=True)
class DatedCatalog:
    """Successive catalogs; the n-th is in force from `changes_s[n - 1]` on."""

    changes_s: tuple[float, ...]
    catalogs: tuple[Catalog, ...]

    @classmethod
    def of(cls, models: Catalog) -> "DatedCatalog":
        """All catalogs of `models`, whose prices may change over time."""
        places = [place for model in models.values() for place in model.places]
        changes = sorted({change.from_s for place in places for change in place.price_changes})
        moments = (float("-inf"), *changes)
        catalogs = tuple({key: m.at(moment) for key, m in models.items()} for moment in moments)
        return cls(tuple(changes), catalogs)

    def at(self, unix_s: float) -> Catalog:
        """The catalog in force at a moment."""
        return self.catalogs[bisect_right(self.changes_s, unix_s)]


EMPTY_CATALOG = DatedCatalog((), ({},))
