"""Files of pools: which models are compared, at which prices, on which datasets.

```yaml
pools:
  mine:
    cost: column                        # the outcomes' own; nominal: each call costs cost_per_call
    datasets: [some/set]                # left out: all
    models:
      big: {input_per_1m: 3, output_per_1m: 15}
      small: {input_per_1m: 0.2, output_per_1m: 0.6, abilities: {maths: 0.7, writing: {p: 0.8, sd: 0.1}}}
      other: {cost_per_call: 0.02, quality: 0.6}
```
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, field

from router.domain.category import Category
from router.domain.errors import ConfigError, FarthingError, Problem
from router.domain.model import Ability
from router.domain.nearest import nearest
from router.domain.pool import Pool, PoolModel

STATED_SD = 0.1
"""Of an ability that is stated without one: its author's word, worth some twenty answers."""

_SOURCE = "the pool file"
_COSTS = ("column", "nominal")
_PRICES = ("input_per_1m", "output_per_1m")
_TEXT = "tag:yaml.org,2002:str"


def read_pool(spec: str) -> Pool:
    """The pool that `FILE.yaml:NAME` refers to.

    Unknown keys are ignored. Raises FarthingError if there is no such file or pool, and ConfigError with
    everything that is wrong with the pool.
    """
    file, colon, name = spec.rpartition(":")
    if not colon or not file or not name:
        raise FarthingError(f"--pool takes FILE.yaml:NAME, not '{spec}'")
    pools = _loaded(Path(file)).get("pools")
    if not isinstance(pools, Mapping) or not pools:
        raise ConfigError((Problem(file, "pools", "must be a mapping of names to pools"),))
    if name not in pools:
        raise FarthingError(f"{file}: there is no pool '{name}'{nearest(name, map(str, pools))}")
    return _Reading(file).pool(name, pools[name])


def _loaded(path: Path) -> Mapping[str, Any]:
    try:
        data = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - it is a SafeLoader
    except OSError as error:
        raise FarthingError(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else ""
        why = str(getattr(error, "problem", None) or "is not valid YAML")
        raise ConfigError((Problem(str(path), place, why),)) from None
    if not isinstance(data, Mapping):
        raise ConfigError((Problem(str(path), "", "must be a mapping with the key pools"),))
    return data


class _Loader(yaml.SafeLoader):
    """Refuses a key that is repeated: of two models of one name, one would silently be lost, with its prices."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag == _TEXT:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' is repeated here", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Reading(Struct):
    """A pool being read, and the problems found on the way."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def pool(self, name: str, data: Any) -> Pool:
        """The pool in `data`. Raises ConfigError with all that is wrong."""
        place = f"pools.{name}"
        about = self._mapping(place, data)
        is_nominal = self._one_of(f"{place}.cost", about.get("cost", "column")) == "nominal"
        listed = self._mapping(f"{place}.models", about.get("models"))
        models = tuple(
            self._model(f"{place}.models.{model}", model, entry, is_nominal)
            for model, entry in listed.items()
        )
        datasets = self._names(f"{place}.datasets", about.get("datasets"))
        if not models and not self.problems:
            self._wrong(f"{place}.models", "names no model")
        if self.problems:
            raise ConfigError(tuple(self.problems))
        return Pool(name, models, datasets, is_nominal)

    def _model(self, place: str, name: str, data: Any, is_nominal: bool) -> PoolModel:
        if not isinstance(data, Mapping):
            self._wrong(place, "must be a mapping")
            return PoolModel(name, 0.0, 0.0)
        entry = self._mapping(place, data)
        per_call = self._price(place, "cost_per_call", entry, is_needed=is_nominal)
        needs_prices = per_call is None and not is_nominal
        prices = [self._price(place, key, entry, is_needed=needs_prices) for key in _PRICES]
        return PoolModel(
            name=name,
            input_usd_per_1m=prices[0] or 0.0,
            output_usd_per_1m=prices[1] or 0.0,
            usd_per_call=per_call,
            abilities=dict(self._abilities(place, entry)),
        )

    def _abilities(
        self, place: str, entry: Mapping[str, Any]
    ) -> Iterator[tuple[Category, Ability]]:
        if "quality" in entry and (same := self._ability(f"{place}.quality", entry["quality"])):
            yield from ((category, same) for category in Category)
        for name, stated in self._mapping(f"{place}.abilities", entry.get("abilities", {})).items():
            if name not in tuple(Category):
                self._wrong(
                    f"{place}.abilities.{name}", f"is not a category{nearest(name, Category)}"
                )
            elif found := self._ability(f"{place}.abilities.{name}", stated):
                yield Category(name), found

    def _ability(self, place: str, stated: Any) -> Ability | None:
        parts = stated if isinstance(stated, Mapping) else {"p": stated}
        p, sd = _number(parts.get("p")), _number(parts.get("sd", STATED_SD))
        try:
            return Ability(math.nan if p is None else p, math.nan if sd is None else sd, _SOURCE)
        except ValueError:
            self._wrong(place, "must be a probability from 0 to 1, or {p: ..., sd: ...} of two")
            return None

    def _price(
        self, place: str, key: str, entry: Mapping[str, Any], *, is_needed: bool
    ) -> float | None:
        if key not in entry:
            if is_needed:
                self._wrong(f"{place}.{key}", "is missing")
            return None
        price = _number(entry[key])
        if price is None or not 0.0 <= price < math.inf:
            self._wrong(f"{place}.{key}", "must be dollars, zero or more")
            return None
        return price

    def _names(self, place: str, data: Any) -> frozenset[str]:
        if data is None:
            return frozenset()
        if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
            self._wrong(place, "must be a list of names")
            return frozenset()
        return frozenset(data)

    def _one_of(self, place: str, word: Any) -> str:
        if word not in _COSTS:
            self._wrong(place, f"must be {' or '.join(_COSTS)}")
        return str(word)

    def _mapping(self, place: str, data: Any) -> Mapping[str, Any]:
        """`data` with its keys as text; if it is not a mapping, that is reported, and it becomes empty."""
        if isinstance(data, Mapping):
            return {str(key): value for key, value in data.items()}
        self._wrong(place, "must be a mapping")
        return {}

    def _wrong(self, place: str, message: str) -> None:
        self.problems.append(Problem(self.file, place, message))


def _number(value: Any) -> float | None:
    """A number, also `1e-4`, which YAML 1.1 leaves as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
