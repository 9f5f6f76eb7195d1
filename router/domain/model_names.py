"""Names that mean the same model, though sources write them differently."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_HARMLESS = re.compile(r"(-(instruct|chat|it|fc|latest|\d{4}-\d{2}-\d{2}|\d{8}))+$")
"""Endings that mean the same model, or another date of it. Not `turbo` or `fp8`: those are other models."""


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """`vendor/Name-Instruct-2024-08-06` as `name`. Called for every model at every decision."""
    return _HARMLESS.sub("", name.rsplit("/", 1)[-1].lower())


def numbered(names: Iterable[str]) -> Mapping[str, int]:
    """The index of each name, also by its plain form; of several with the same plain form, that of the latest date."""
    places = {name: place for place, name in enumerate(names)}
    plain = {plain_name(name): places[name] for name in sorted(places)}
    return {**plain, **places}
