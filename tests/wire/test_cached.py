"""Stored answers: found again by what was asked, refused when damaged."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.caching import Origin, Tenancy, Writer
from router.domain.usage import Usage
from router.wire.cached import StoredAnswer, cache_key, described, naming, pack, unpack
from router.wire.canonical import canonical
from tests.wire.documents import TREES
from tests.wire.requests import USUAL, nested

COUNTS = st.integers(0, 10**9)
TEXTS = st.text(st.characters(codec="utf-8"))
ORIGINS = st.builds(
    Origin,
    writer=st.builds(Writer, TEXTS, TEXTS, TEXTS),
    usage=st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    at_s=st.floats(0, 1e12),
    request_id=TEXTS,
    key=TEXTS,
    tags=st.lists(TEXTS, max_size=2).map(tuple),
    policy=TEXTS,
)
BYTES = st.binary() | st.binary(min_size=1, max_size=9).map(lambda piece: piece * 20_000)
ANSWERS = st.builds(StoredAnswer, ORIGINS, st.booleans(), BYTES)
BODIES = st.dictionaries(st.sampled_from(["messages", "n", "seed", "stream", "tools"]), TREES)
SOMEONE = ("key", "someone")


def key(body: dict[str, Any], *tenant: str) -> str | None:
    return cache_key(body, tenant or SOMEONE)


def test_a_key_is_a_full_hash() -> None:
    assert len(key(USUAL) or "") == 64


PART = {"type": "text", "text": "a"}


@pytest.mark.parametrize(
    "long",
    [
        {"messages": [{"role": "user", "content": "yes"}] * 10_000},
        {"messages": [{"role": "user", "content": [PART] * 10_000}]},
        {"tools": [{"type": "function"}] * 10_000},
    ],
    ids=["messages", "parts", "tools"],
)
def test_thousands_of_small_things_are_named_in_turns(long: dict[str, Any]) -> None:
    turns = sum(1 for _ in naming({**USUAL, **long}, SOMEONE))

    assert turns >= 10_000 // 256 // 8


@pytest.mark.parametrize(
    "said",
    [
        {"user": "u1", "metadata": {"a": "b"}, "stream_options": {"include_usage": True}},
        {"stream": True},
        {"model": "auto:cheap"},
    ],
)
def test_what_does_not_change_the_answer_does_not_change_the_key(said: dict[str, Any]) -> None:
    assert key({**USUAL, **said}) == key(USUAL)


@pytest.mark.parametrize(
    "other",
    [
        {"n": 2},
        {"temperature": 0},
        {"messages": [{"role": "user", "content": "Hello."}]},
        {"messages": [{"role": "system", "content": "Hello!"}]},
        {"x": 0},
    ],
)
def test_whatever_else_is_asked_differently_has_another_key(other: dict[str, Any]) -> None:
    assert key({**USUAL, **other}) != key(USUAL)


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
    assert (key(one) == key(other)) == (canonical(one) == canonical(other))


TENANTS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)


@given(one=TENANTS, other=TENANTS)
def test_no_tenant_sees_anothers_answers(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (key(USUAL, *one) == key(USUAL, *other)) == (one == other)


@pytest.mark.parametrize(
    ("pattern", "name", "tags", "tenant"),
    [
        ("", "k", ("team-a",), ("key", "k")),
        ("team-*", "k", ("team-a", "batch"), ("tags", "team-a")),
        ("team-*", "k", ("team-b", "team-a"), ("tags", "team-a", "team-b")),
        ("team-*", "k", ("batch",), ("key", "k")),
        ("team-*", "team-a", (), ("key", "team-a")),
        ("team-*", "", (), ("key", "")),
    ],
)
def test_a_tenant_is_a_key_or_the_tags_that_keys_share(
    pattern: str, name: str, tags: tuple[str, ...], tenant: tuple[str, ...]
) -> None:
    assert Tenancy(pattern).tenant_of(name, tags) == tenant


@given(answer=ANSWERS)
def test_what_is_packed_is_unpacked(answer: StoredAnswer) -> None:
    assert unpack(pack(answer)) == answer


@given(answer=ANSWERS, data=st.data())
def test_a_changed_byte_makes_an_answer_none(answer: StoredAnswer, data: st.DataObject) -> None:
    stored = bytearray(pack(answer))
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= data.draw(st.integers(1, 255))

    assert unpack(bytes(stored)) is None


@given(answer=ANSWERS, data=st.data())
def test_a_truncated_answer_is_none(answer: StoredAnswer, data: st.DataObject) -> None:
    stored = pack(answer)

    assert unpack(stored[: data.draw(st.integers(0, len(stored) - 1))]) is None


@given(stored=st.binary())
def test_bytes_of_another_kind_are_none(stored: bytes) -> None:
    assert unpack(stored) is None


def test_a_large_answer_takes_less_room_and_its_head_can_be_read() -> None:
    origin = Origin(Writer("m", "u", "n"), Usage(1, output_tokens=2), 7.0, "req_1", "someone")
    answer = StoredAnswer(origin, is_stream=True, body=b"data: {}\n\n" * 10_000)
    stored = pack(answer)

    assert len(stored) < len(answer.body) / 10
    assert b'"request_id":"req_1"' in stored
    assert described(answer) == {
        "model_id": "m",
        "upstream": "u",
        "name": "n",
        "usage": {"uncached_input_tokens": 1, "output_tokens": 2},
        "at_s": 7.0,
        "request_id": "req_1",
        "key": "someone",
        "tags": (),
        "policy": "",
        "is_stream": True,
        "bytes": 100_000,
    }


def test_what_unfolds_without_end_is_none() -> None:
    origin = Origin(Writer("m", "u", "n"), Usage(1), 7.0)
    assert unpack(pack(StoredAnswer(origin, is_stream=False, body=b"0" * (2**26 + 1)))) is None
