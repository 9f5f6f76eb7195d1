"""Overrides as they come: every wrong value, whatever is too long, twice, or no text; nothing slips through."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from router.domain.errors import ApiError
from router.domain.money import Money
from router.domain.overrides import NO_OVERRIDES, Overrides
from router.wire.extension import read_extension
from router.wire.overrides import OVERRIDES, Stated, as_overrides, merged, of_headers

EVERY: dict[str, tuple[Any, str, Any]] = {
    "policy": ("cheap", "cheap", "cheap"),
    "tolerance": (0.2, "0.2", 0.2),
    "ceiling_usd": (0.01, "0.01", Money.from_usd("0.01")),
    "candidates": (["b", "a"], "a, b", frozenset({"a", "b"})),
    "cache": (False, "false", False),
    "cascade": ("never", "Never", False),
    "dry_run": (True, "true", True),
}
"""A way to say each in a body, one in a header, and what both mean."""


def in_body(**stated: Any) -> Stated:
    return read_extension({"farthing": stated}).overrides


def refused(reading: Callable[[], object]) -> ApiError:
    with pytest.raises(ApiError) as raised:
        reading()
    assert raised.value.status == 400
    return raised.value


def repr_of(value: object) -> str:
    """Short enough for the name of a test."""
    return repr(value)[:20]


def test_every_override_is_tried_here() -> None:
    assert {*EVERY} == {*OVERRIDES}


@pytest.mark.parametrize(("name", "said"), EVERY.items())
def test_a_header_and_a_body_say_the_same(name: str, said: tuple[Any, str, Any]) -> None:
    as_json, as_text, meant = said
    header = OVERRIDES[name].header

    assert in_body(**{name: as_json}) == {name: meant}
    for spelt in (header, header.upper(), header.title()):
        assert of_headers({spelt: f" {as_text} "}) == {name: meant}
    both = as_overrides(merged(in_body(**{name: as_json}), of_headers({header: as_text})))
    assert both == as_overrides({name: meant}) != NO_OVERRIDES


def test_null_says_nothing() -> None:
    assert as_overrides(in_body(**dict.fromkeys(EVERY))) is NO_OVERRIDES


def test_body_and_headers_are_heard_together() -> None:
    stated = merged(
        in_body(candidates=["a"], policy="p"), of_headers({"X-Farthing-Tolerance": "0"})
    )

    wanted = Overrides(policy="p", tolerance=0.0, candidates=frozenset({"a"}))
    assert as_overrides(stated) == wanted


WRONG: dict[str, list[Any]] = {
    "policy": ["", " ", "two words", "café", "x" * 129, 1, True, ["cheap"], {}],
    "tolerance": [-0.001, 1.001, -1, 2, True, "0.1", [0.1], {}, 1e308],
    "ceiling_usd": [-0.01, -1, True, "0.01", [1], {}],
    "candidates": [[], "a", ["a", ""], ["a", 1], [["a"]], [None], {"a": 1}, True, ["x" * 129]],
    "cache": [0, 1, "", "no", [], {}, 0.0],
    "cascade": ["auto", "always", 0, 1, "", [], {}],
    "dry_run": ["true", 1, 0, "yes", [], {}],
}


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name, wrongs in WRONG.items() for wrong in wrongs]
)
def test_a_wrong_value_is_an_error_that_says_what_would_be_right(name: str, wrong: Any) -> None:
    error = refused(lambda: in_body(**{name: wrong}))

    assert error.param == f"farthing.{name}"
    assert error.message == f"'farthing.{name}' {OVERRIDES[name].right}."


WRONG_TEXT: dict[str, list[str]] = {
    "policy": ["", "two words", "a,b c", "\udcff", "caf\u00e9"],
    "tolerance": [
        "",
        "a lot",
        "-0.1",
        "1.1",
        "nan",
        "inf",
        "0,1",
        "true",
        "[0.1]",
        '"0"',
        "0.1,0.2",
    ],
    "ceiling_usd": ["", "-1", "$1", "0.01 USD", "1,000", "Infinity", "null", "{}"],
    "candidates": ["", ",", "a,", ",a", "a,,b", "a b", "\udcff"],
    "cache": ["", "2", "\udcff"],
    "cascade": ["", "auto", "nevermore", "2"],
    "dry_run": ["", "yes", "2", "null", "true,true"],
}
"""Bytes that are no UTF-8 arrive as halves of surrogates, which no JSON can hold."""


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name, wrongs in WRONG_TEXT.items() for wrong in wrongs]
)
def test_so_it_is_in_a_header(name: str, wrong: str) -> None:
    error = refused(lambda: of_headers({OVERRIDES[name].header: wrong}))

    assert error.param == OVERRIDES[name].header
    assert error.message.isascii()


def test_a_header_that_comes_twice_is_one_with_a_comma() -> None:
    twice = CIMultiDict([("X-Farthing-Candidates", "a"), ("x-farthing-candidates", "b")])
    two_minds = CIMultiDict([("x-farthing-dry-run", "false"), ("x-farthing-dry-run", "true")])

    assert of_headers(twice) == {"candidates": frozenset({"a", "b"})}
    assert refused(lambda: of_headers(two_minds)).param == "x-farthing-dry-run"


LONG = "p" * 10**7


@pytest.mark.parametrize(
    "member", [{LONG: 1}, {"policy": LONG}, {"candidates": [LONG]}], ids=repr_of
)
def test_what_is_too_long_in_a_body_is_not_repeated(member: dict[str, Any]) -> None:
    error = refused(lambda: read_extension({"farthing": member}))

    assert len(error.message) < 400
    assert len(error.param or "") < 100


@pytest.mark.parametrize("name", ["x-farthing-" + "p" * 8000, "x-farthing-policy"], ids=repr_of)
def test_what_is_too_long_in_a_header_is_not_repeated(name: str) -> None:
    error = refused(lambda: of_headers({name: "p" * 8000}))

    assert len(error.message) < 400
    assert len(error.param or "") < 100


def test_other_headers_are_none_of_our_business() -> None:
    others = {"x-farthing": "1", "xx-farthing-tolerance": "9", "cookie": "x-farthing-a=1"}
    read_elsewhere = {
        "x-farthing-tags": "a,b",
        "X-Farthing-Deadline-S": "soon",
        "x-farthing-receipt": "",
    }

    assert of_headers(others | read_elsewhere) == {}


@given(
    tolerance=st.floats(0, 1),
    ceiling=st.decimals(0, 10**6, places=6),
    candidates=st.frozensets(st.sampled_from("abc"), min_size=1),
)
def test_numbers_and_names_mean_the_same_in_both(
    tolerance: float, ceiling: Decimal, candidates: frozenset[str]
) -> None:
    headers = {
        "x-farthing-tolerance": repr(tolerance),
        "x-farthing-ceiling-usd": str(ceiling),
        "x-farthing-candidates": ",".join(candidates),
    }
    body = {"tolerance": tolerance, "ceiling_usd": float(ceiling), "candidates": [*candidates]}

    assert of_headers(headers) == in_body(**body)
    assert of_headers(headers)["ceiling_usd"] == Money.from_usd(ceiling)
