"""The corpus of made-up requests: the templates in benchmarks/category/made_up/, drawn from by a seed."""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import yaml
from msgspec import Struct

from benchmarks.category.dress import dressed
from benchmarks.category.grammar import Grammar
from benchmarks.category.labelled_request import LabelledRequest
from router.domain.category import Category

FOLDER = Path(__file__).parent / "made_up"
_ENGLISH_SHARE = 0.62
_STRAY: Mapping[str, tuple[int, int, int]] = {
    "text": (120, 12, 60),
    "sentence": (40, 3, 12),
    "topic": (60, 1, 2),
    "fact": (40, 1, 2),
    "word": (10, 1, 1),
    "object": (10, 1, 1),
}
"""Slots that are filled with words at random too: how many lines, and of how many words."""
_AFTER_WORDS = ("", "", "", "", "", "", "", "", ",", ".", ":", "\n")


class Family(Struct, frozen=True):
    """Templates that are variants of one way to ask. `name` is language/kind."""

    category: Category
    name: str
    templates: tuple[str, ...]

    @property
    def language(self) -> str:
        """Its ISO 639-1 code."""
        return self.name.partition("/")[0]


def grammar(words: Sequence[str] = (), seed: int = 0) -> Grammar:
    """The slots that ship, in English also filled with `words` at random, where there are any.

    What a text is about must not say what is asked about it, and no list of texts is long enough.
    """
    read = _read("slots")
    slots = {place: {n: _lines(t) for n, t in row.items()} for place, row in read.items()}
    if words:
        dice = Random(f"{seed}/words")
        for name, (lines, least, most) in _STRAY.items():
            stray = (_stray(words, dice.randint(least, most), dice) for _ in range(lines))
            slots["en"][name] += tuple(stray)
    return Grammar(slots)


def _stray(words: Sequence[str], count: int, dice: Random) -> str:
    picked = dice.choices(words, k=count)
    marks = [dice.choice(_AFTER_WORDS) if count > 2 else "" for _ in picked]
    text = " ".join(word + mark for word, mark in zip(picked, marks, strict=True))
    return text.capitalize() + "." if count > 2 else text


def families() -> tuple[Family, ...]:
    """The templates that ship, of every category."""
    return tuple(
        Family(category, name, _lines(text))
        for category in Category
        for name, text in _read(category.value).items()
    )


def drawn(each: int, seed: int, words: Sequence[str] = ()) -> tuple[LabelledRequest, ...]:
    """About `each` requests of every category, all different. `words` are for what they are about."""
    shipped, gaps = families(), grammar(words, seed)
    return tuple(
        request
        for category in Category
        for request in _of([f for f in shipped if f.category is category], gaps, each, seed)
    )


def _of(kinds: Sequence[Family], gaps: Grammar, each: int, seed: int) -> Iterator[LabelledRequest]:
    for family in kinds:
        dice = Random(f"{seed}/{family.category}/{family.name}")
        wanted = round(each * _share(family, kinds))
        made = (_one(family, gaps, dice) for _ in range(wanted))
        yield from {request.text: request for request in made}.values()


def _one(family: Family, gaps: Grammar, dice: Random) -> LabelledRequest:
    template = dice.choice(family.templates)
    text = dressed(gaps.expand(template, family.language, dice), family.language, dice)
    return LabelledRequest(text, family.category, f"{family.category}/{family.name}", template)


def _share(family: Family, kinds: Sequence[Family]) -> float:
    """English has most, and larger families more, though not in proportion."""
    is_english = family.language == "en"
    among = sum(sqrt(len(f.templates)) for f in kinds if (f.language == "en") == is_english)
    part = _ENGLISH_SHARE if is_english else 1 - _ENGLISH_SHARE
    return part * sqrt(len(family.templates)) / among


def _read(name: str) -> Mapping[str, Any]:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.safe_load(text)
    return read


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())
