"""Stored answers: found again by what was asked, refused when damaged."""

from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.cached import CachedAnswer, cache_key, is_worth_keeping, pack, unpack
from router.wire.canonical import canonical
from tests.wire.documents import TREES
from tests.wire.requests import USUAL, nested

COUNTS = st.integers(0, 10**9)
ANSWERS = st.builds(
    CachedAnswer,
    st.text(st.characters(codec="utf-8")),
    st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.binary(),
)
BODIES = st.dictionaries(st.sampled_from(["messages", "n", "seed", "stream", "tools"]), TREES)


def key(body: dict[str, Any], tenant: str = "", policy: str = "balanced") -> str | None:
    return cache_key(body, tenant=tenant, policy=policy)


def test_a_key_is_a_full_hash() -> None:
    assert len(key(USUAL) or "") == 64


def test_fields_that_do_not_change_the_answer_do_not_change_the_key() -> None:
    bookkeeping = {"user": "u1", "metadata": {"a": "b"}, "stream_options": {"include_usage": True}}

    assert key({**USUAL, **bookkeeping}) == key(USUAL)


@pytest.mark.parametrize(
    "other",
    [
        {"n": 2},
        {"stream": True},
        {"temperature": 0},
        {"model": "auto:cheap"},
        {"messages": [{"role": "user", "content": "Hello."}]},
        {"messages": [{"role": "system", "content": "Hello!"}]},
        {"x": 0},
    ],
)
def test_whatever_else_is_asked_differently_has_another_key(other: dict[str, Any]) -> None:
    assert key({**USUAL, **other}) != key(USUAL)


def test_no_tenant_and_no_policy_sees_anothers_answers() -> None:
    keys = {key(USUAL, tenant, policy) for tenant in ("", "a", "b") for policy in ("", "a", "b")}

    assert len(keys) == 9


def test_what_is_nested_too_deeply_to_be_written_has_no_key() -> None:
    assert key({**USUAL, "x": orjson.loads(nested(1000))}) is None


def _reversed(tree: Any) -> Any:
    match tree:
        case dict():
            return {name: _reversed(tree[name]) for name in reversed(tree)}
        case list():
            return [_reversed(item) for item in tree]
        case leaf:
            return leaf


@given(body=BODIES)
def test_the_order_of_keys_does_not_matter(body: dict[str, Any]) -> None:
    assert key(_reversed(body)) == key(body)


@given(one=BODIES, other=BODIES)
def test_two_requests_share_a_key_only_when_they_are_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    asked = [(canonical(body), bool(body.get("stream"))) for body in (one, other)]
    assert (key(one) == key(other)) == (asked[0] == asked[1])


@given(parts=st.permutations(["ab", "a", "b", ""]))
def test_tenant_and_policy_never_run_into_each_other(parts: list[str]) -> None:
    one, other, third, fourth = parts
    assume((one, other) != (third, fourth))

    assert key(USUAL, one, other) != key(USUAL, third, fourth)


@given(answer=ANSWERS)
def test_what_is_packed_is_unpacked(answer: CachedAnswer) -> None:
    assert unpack(pack(answer)) == answer


@given(answer=ANSWERS, data=st.data())
def test_a_changed_byte_makes_an_answer_none(answer: CachedAnswer, data: st.DataObject) -> None:
    stored = bytearray(pack(answer))
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= data.draw(st.integers(1, 255))

    assert unpack(bytes(stored)) is None


@given(answer=ANSWERS, data=st.data())
def test_a_truncated_answer_is_none(answer: CachedAnswer, data: st.DataObject) -> None:
    stored = pack(answer)

    assert unpack(stored[: data.draw(st.integers(0, len(stored) - 1))]) is None


@given(stored=st.binary())
def test_bytes_of_another_kind_are_none(stored: bytes) -> None:
    assert unpack(stored) is None


@pytest.mark.parametrize(
    ("reasons", "calls", "worth"),
    [
        ({"stop"}, False, True),
        ({"stop"}, True, False),
        ({"length"}, False, False),
        ({"stop", "length"}, False, False),
        ({"tool_calls"}, True, False),
        ({"content_filter"}, False, False),
        (set(), False, False),
    ],
)
def test_only_answers_that_ended_by_themselves_are_kept(
    reasons: set[str], calls: bool, worth: bool
) -> None:
    assert is_worth_keeping(frozenset(reasons), calls_tools=calls) is worth
