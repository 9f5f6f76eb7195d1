"""What is publicly known of a model's quality, before a single request of one's own is scored.

Published benchmark results (router/artefacts/priors/models.yaml, each with its source) become
P(good answer) per category by the steps that the README beside that file derives:

    v = (value - chance) / (1 - chance)            a result without the luck of guessing
    z = slope * logit(v) + shift                   one benchmark's word on the ability, in logits
    g = weighted mean of all z and the price tier  the general ability
    a = weighted mean of the category's z and g    the ability in one category
    P = sigmoid(logit(anchor) + spread * a)        calibrated to typical requests

Weights are precisions (1 / variance); a model without results has its price tier's abilities.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from importlib.resources import files
from math import sqrt
from statistics import fmean
from typing import Any

import orjson
from msgspec import Struct

from router.domain.category import Category
from router.domain.logits import logit, sigmoid
from router.domain.model import Ability
from router.domain.model_names import plain_name
from router.domain.price import Price

SHIPPED = files("router") / "artefacts" / "priors" / "models.json"
"""What a start reads instead of models.yaml; made from it by `python -m benchmarks.ship_priors`."""

_LOGISTIC_RATING = 173.7178
"""Points of an Elo-like rating per logit: 400 / ln 10."""

_LEAST, _MOST = 0.02, 0.98
_MOST_P = 0.99
_CONSISTENCY_OF_SUMMARIES = "vectara_consistency"
"""It does not measure ability, so it has no part in the general one."""


class Prior(Struct, frozen=True):
    """A model's abilities by category, and the tags that its entry implies.

    Unless it `is_measured` by some benchmark, a model has the abilities that are typical of its price.
    """

    abilities: Mapping[Category, Ability]
    tags: frozenset[str]
    is_measured: bool


class _Estimate(Struct, frozen=True):
    """A mean with its variance, in logits."""

    mean: float
    variance: float


class Priors:
    """The shipped priors."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    @classmethod
    def shipped(cls) -> "Priors":
        """The priors in the package; models.yaml next to them is their source."""
        return cls(orjson.loads(SHIPPED.read_bytes()))

    def without(self, *benchmarks: str) -> "Priors":
        """These priors without the results of all benchmarks whose names begin like that."""
        models = {
            name: {**entry, "benchmarks": _other(entry["benchmarks"], benchmarks)}
            for name, entry in self._data["models"].items()
        }
        return Priors({**self._data, "models": models})

    def of(self, names: Iterable[str | None], price: Price) -> Prior:
        """The prior of the first of `names` that is known: a model's id or a key of the price map.

        If none is known, the model gets the abilities that are typical of its price.
        """
        known = next((found for name in names if name and (found := self._known(name))), None)
        entry = self._data["models"][known] if known else {}
        words = self._words(entry.get("benchmarks") or {})
        source = f"benchmarks of {known}" if words else "its price tier"
        its_price = None if entry.get("earlier") and _telling(words) else price
        abilities = {
            category: self._ability(category, words, its_price, source) for category in Category
        }
        return Prior(abilities, _tags(entry), bool(words))

    def published(self, name: str) -> float | None:
        """The general ability by published results alone, on the card's scale; None if there are none."""
        known = self._known(name)
        words = self._words(self._data["models"][known].get("benchmarks") or {}) if known else {}
        return self._general(words, None).mean if _telling(words) else None

    def typical(self, price: Price) -> float:
        """The general ability of the models of this price, on the card's scale: 0 is about gpt-4o of late 2024."""
        return fmean(self._tier(price)["ability"].values())

    def unknown(self, name: str) -> str:
        """Why `name` is of no use, with the nearest one that is; "" if it is known."""
        if self._known(name):
            return ""
        close = get_close_matches(name, self._data["models"], n=1)
        return f"nothing is known about '{name}'" + (
            f"; did you mean '{close[0]}'?" if close else ""
        )

    def _known(self, name: str) -> str | None:
        """The entry that `name` means: literally, or if it is written like `vendor/Name-Instruct-2507`."""
        return self._ids.get(name) or self._ids.get(plain_name(name))

    @cached_property
    def _ids(self) -> dict[str, str]:
        """Every name of a model to its id; a model's own id takes precedence over another's price key."""
        models = self._data["models"]
        others = {
            other: name
            for name, entry in models.items()
            for other in (*entry["prices"], *entry.get("also", ()))
        }
        return {**others, **{name: name for name in models}}

    def _words(self, results: Mapping[str, Any]) -> dict[str, _Estimate]:
        """Each benchmark's estimate of the model's ability."""
        words: dict[str, _Estimate] = {}
        for name, result in results.items():
            about = self._data["benchmarks"][name]
            x = _rated(result["value"], about)
            words[name] = _Estimate(about["slope"] * x + about["shift"], about["sd"] ** 2)
        return words

    def _ability(
        self, category: Category, words: Mapping[str, _Estimate], price: Price | None, source: str
    ) -> Ability:
        estimate = self._in_category(category, words, price)
        scale = self._data["categories"][category]
        p = min(_MOST_P, sigmoid(logit(scale["anchor"]) + scale["spread"] * estimate.mean))
        sd = p * (1 - p) * scale["spread"] * sqrt(estimate.variance)
        return Ability(p, sd, f"prior: {source}")

    def _in_category(
        self, category: Category, words: Mapping[str, _Estimate], price: Price | None
    ) -> _Estimate:
        if price and not words:
            return self._of_tier(category, price)
        general = self._general(words, price)
        spread = self._data["shrinkage"]["category_sd"] ** 2
        about = self._data["benchmarks"]
        telling = [word for name, word in words.items() if category in about[name]["informs"]]
        return _pooled([*telling, _Estimate(general.mean, spread + general.variance)])

    def _general(self, words: Mapping[str, _Estimate], price: Price | None) -> _Estimate:
        """The ability over all categories, drawn to that of the price unless it is None.

        Benchmarks are correlated, so each counts for less than one.
        """
        shrinkage = self._data["shrinkage"]
        weighted = [
            _Estimate(word.mean, word.variance / shrinkage["general_weight"])
            for word in _telling(words)
        ]
        if price:
            weighted.append(_Estimate(self.typical(price), shrinkage["general_sd"] ** 2))
        return _pooled(weighted)

    def _of_tier(self, category: Category, price: Price) -> _Estimate:
        tier = self._tier(price)
        group = next(g for g, members in self._data["groups"].items() if category in members)
        return _Estimate(tier["ability"][group], tier["sd"] ** 2)

    def _tier(self, price: Price) -> Mapping[str, Any]:
        """The tier by the blended price: three parts of input to one of output."""
        blended_usd_per_mtok = (3 * price.input_pico + price.output_pico) / 4 / 10**6
        tiers: list[Mapping[str, Any]] = self._data["tiers"]
        limits = ((tier, tier["max_blended_usd_per_mtok"]) for tier in tiers)
        return next(t for t, limit in limits if limit is None or blended_usd_per_mtok <= limit)


def _telling(words: Mapping[str, _Estimate]) -> list[_Estimate]:
    """Those that say something of the general ability."""
    return [word for name, word in words.items() if name != _CONSISTENCY_OF_SUMMARIES]


def _other(results: Mapping[str, Any], beginnings: tuple[str, ...]) -> dict[str, Any]:
    return {name: result for name, result in results.items() if not name.startswith(beginnings)}


def _rated(value: float, about: Mapping[str, Any]) -> float:
    """A result on the logit scale."""
    if about["unit"] == "rating":
        return float((value - about["centre"]) / _LOGISTIC_RATING)
    luckless = (value - about["chance"]) / (1 - about["chance"])
    return logit(min(_MOST, max(_LEAST, luckless)))


def _pooled(estimates: list[_Estimate]) -> _Estimate:
    """The precision-weighted mean."""
    precision = sum(1 / each.variance for each in estimates)
    return _Estimate(
        sum(each.mean / each.variance for each in estimates) / precision, 1 / precision
    )


def _tags(entry: Mapping[str, Any]) -> frozenset[str]:
    if not entry:
        return frozenset()
    weights = {"open-weight"} if entry["open_weight"] else set()
    return frozenset({entry["vendor"], entry["size"]} | weights)
