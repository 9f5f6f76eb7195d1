"""The corpus of made-up requests: the templates in router/training/corpus/, drawn from by a seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import sqrt
from random import Random
from typing import Any

import yaml

from router.domain.category import Category
from router.training.dress import dressed
from router.training.grammar import Grammar

_ENGLISH_SHARE = 0.62


@dataclass(frozen=True, slots=True)
class Family:
    """Templates that are variants of one way to ask. `name` is language/kind."""

    category: Category
    name: str
    templates: tuple[str, ...]

    @property
    def language(self) -> str:
        """Its ISO 639-1 code."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A request and what it is.

    What was drawn from one `template` differs in words and dress only, what is of one `family` asks
    in a similar way: either stays together when parts are held out.
    """

    text: str
    category: Category
    family: str
    template: str


def grammar() -> Grammar:
    """The slots that ship."""
    slots = _read("slots")
    return Grammar({place: {n: _lines(t) for n, t in row.items()} for place, row in slots.items()})


def families() -> tuple[Family, ...]:
    """The templates that ship, of every category."""
    return tuple(
        Family(category, name, _lines(text))
        for category in Category
        for name, text in _read(category.value).items()
    )


def drawn(each: int, seed: int) -> tuple[Labelled, ...]:
    """About `each` requests of every category, all different."""
    shipped, gaps = families(), grammar()
    return tuple(
        request
        for category in Category
        for request in _of([f for f in shipped if f.category is category], gaps, each, seed)
    )


def _of(kinds: Sequence[Family], gaps: Grammar, each: int, seed: int) -> Iterator[Labelled]:
    for family in kinds:
        dice = Random(f"{seed}/{family.category}/{family.name}")
        wanted = round(each * _share(family, kinds))
        made = (_one(family, gaps, dice) for _ in range(wanted))
        yield from {request.text: request for request in made}.values()


def _one(family: Family, gaps: Grammar, dice: Random) -> Labelled:
    template = dice.choice(family.templates)
    text = dressed(gaps.expand(template, family.language, dice), family.language, dice)
    return Labelled(text, family.category, f"{family.category}/{family.name}", template)


def _share(family: Family, kinds: Sequence[Family]) -> float:
    """English has most, and larger families more, though not in proportion."""
    is_english = family.language == "en"
    among = sum(sqrt(len(f.templates)) for f in kinds if (f.language == "en") == is_english)
    part = _ENGLISH_SHARE if is_english else 1 - _ENGLISH_SHARE
    return part * sqrt(len(family.templates)) / among


def _read(name: str) -> Mapping[str, Any]:
    text = (files("router") / "training" / "corpus" / f"{name}.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.safe_load(text)
    return read


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())
