"""Frozen values, of both kinds: what they consist of, and the same with other members."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec import Struct

from router.domain.bar import Bar
from router.domain.members import NO_DEFAULT, is_value, members_of, replace
from router.domain.money import Money
from router.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Once:
    """Made once."""

    name: str
    tags: list[str] = field(default_factory=list)
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError("more than all")


class Often(Struct, frozen=True):
    """Made for every request."""

    name: str
    tags: list[str] = []
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError("more than all")


@pytest.mark.parametrize("kind", [Once, Often])
def test_both_kinds_tell_their_members_and_defaults(kind: Any) -> None:
    assert members_of(kind) == (("name", NO_DEFAULT), ("tags", []), ("share", 0.5))
    assert is_value(kind("a"))


@pytest.mark.parametrize("value", [Once("a"), Often("a")])
def test_a_value_stays_as_it_is_and_another_one_is_made_of_it(value: Once | Often) -> None:
    other = replace(value, share=1.0)

    assert (value.share, other.share, other.name) == (0.5, 1.0, "a")
    with pytest.raises(AttributeError):
        value.share = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("value", [Once("a"), Often("a")])
def test_what_would_be_nonsense_is_not_made_of_it_either(value: Once | Often) -> None:
    with pytest.raises(ValueError, match="more than all"):
        replace(value, share=2.0)
    with pytest.raises(TypeError):
        replace(value, colour="red")  # type: ignore[call-arg]


def test_what_the_domain_refuses_stays_refused() -> None:
    with pytest.raises(TypeError):
        replace(Money(1), pico=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="input"):
        replace(Usage(), uncached_input_tokens=-1)
    with pytest.raises(ValueError, match="bar"):
        replace(Bar(0.5), p=2.0)
    assert not is_value(1)
