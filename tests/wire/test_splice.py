"""Single members change in the client's bytes; every other byte stays as it was written."""

import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.splice import _top_level_members, _walked, set_members, without_member
from tests.wire.documents import TREES, Written, objects

NAMES = ("model", "stream_options")
MEMBERS = st.dictionaries(st.sampled_from(NAMES), TREES, min_size=1)


def changed(raw: bytes, **members: Any) -> bytes:
    return set_members(raw, orjson.loads(raw), members)


def test_a_value_is_replaced_where_it_stands() -> None:
    raw = b'{ "messages":[ ],\n "model" : "auto" , "n":1}'

    assert changed(raw, model="gpt-6") == b'{ "messages":[ ],\n "model" : "gpt-6" , "n":1}'


def test_what_is_not_there_yet_comes_first() -> None:
    assert changed(b' {"n": 1}', model="m") == b' {"model":"m","n": 1}'
    assert changed(b"{ }", model="m", user="u") == b'{"model":"m","user":"u" }'


def test_nothing_to_set_changes_nothing() -> None:
    assert changed(b'{"model" :1}') == b'{"model" :1}'


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": {"model": "x"}, "model": "auto"}',
        b'{"a": [{"model": "auto"}], "model": "auto", "b": {"model": "auto"}}',
        b'{"a": "\\"model\\": \\"auto\\"", "model": "auto"}',
        b'{"a\\"model": "auto", "model": "auto"}',
        b'{"model": "auto", "content": "the \\\\\\"model\\": \\"x\\" of it"}',
    ],
)
def test_decoys_are_left_alone(raw: bytes) -> None:
    body = orjson.loads(raw)

    assert orjson.loads(changed(raw, model="gpt-6")) == {**body, "model": "gpt-6"}


def test_a_key_in_escapes_is_the_same_key() -> None:
    assert changed(b'{"mod\\u0065l": "auto"}', model="m") == b'{"mod\\u0065l": "m"}'


def test_a_decoy_does_not_stand_in_for_a_key_in_escapes() -> None:
    raw = b'{"a": {"model": "auto"}, "\\u006dodel": "auto"}'

    assert changed(raw, model="m") == b'{"a": {"model": "auto"}, "\\u006dodel": "m"}'


def test_of_a_repeated_key_every_value_changes() -> None:
    raw = b'{"model": "a", "model": "b", "mod\\u0065l": "a"}'
    mixed = b'{"model": null, "model": "b"}'

    assert changed(raw, model="m") == b'{"model": "m", "model": "m", "mod\\u0065l": "m"}'
    assert changed(mixed, model="m") == b'{"model": "m", "model": "m"}'


def test_a_huge_text_is_no_obstacle() -> None:
    text = orjson.dumps('say "model": "auto" \\ ' * 100_000)
    raw = b'{"content": ' + text + b', "model": null}'

    assert changed(raw, model="m") == b'{"content": ' + text + b', "model": "m"}'


@given(
    document=objects(st.sampled_from([*NAMES, "messages"]) | st.text(max_size=3)), members=MEMBERS
)
@example(Written(["model"], ['"auto"'], ['{"model":', ', "x": {"model": "auto"}}']), {"model": "m"})
def test_a_member_changes_and_no_other_byte(document: Written, members: dict[str, Any]) -> None:
    name, value = next(iter(members.items()))
    written = orjson.dumps(value).decode()
    result = set_members(document.raw, orjson.loads(document.raw), {name: value})

    if name in document.keys:
        assert result == document.with_members(name, written)
    else:
        head, brace, rest = document.raw.partition(b"{")
        comma = b"," if document.keys else b""
        assert result == head + brace + f'"{name}":{written}'.encode() + comma + rest


@given(document=objects(), members=MEMBERS)
def test_the_document_is_the_same_but_for_its_members(
    document: Written, members: dict[str, Any]
) -> None:
    body = orjson.loads(document.raw)
    expected = {**body, **orjson.loads(orjson.dumps(members))}

    assert orjson.loads(set_members(document.raw, body, members)) == expected


class Counted(bytes):
    """Bytes that count how many of them were copied, in slices and in sums."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        return self._noted(super().__getitem__(key))

    def __add__(self, other: Any) -> "Counted":
        return self._noted(super().__add__(other))

    @staticmethod
    def _noted(made: bytes) -> "Counted":
        Counted.copied += len(made)
        return Counted(made)


@pytest.mark.parametrize("name", [b"model", b"mod\\u0065l"])
def test_a_member_that_is_repeated_a_thousand_times_is_set_in_one_pass(name: bytes) -> None:
    raw = Counted(b"{%s}" % b",".join([b'"%s": "auto"' % name] * 1000))
    Counted.copied = 0

    assert set_members(raw, {"model": "auto"}, {"model": "m"}) == raw.replace(b"auto", b"m")
    assert Counted.copied <= 3 * len(raw)


def nested_in(levels: int, rest: bytes) -> bytes:
    return b'{"a": ' + b"[" * levels + b"]" * levels + b', "\\u0062": [' + rest + b"]}"


@given(document=objects())
def test_skimming_over_a_document_and_walking_through_it_find_the_same_members(
    document: Written,
) -> None:
    found = list(_top_level_members(document.raw))

    assert found == list(_walked(document.raw))
    assert [member.name for member in found] == document.keys


@pytest.mark.parametrize("levels", [2, 250, 1020])
def test_what_is_nested_deeply_is_changed_as_well(levels: int) -> None:
    raw = nested_in(levels, b"1")

    assert without_member(raw, orjson.loads(raw), "b") == raw[: 7 + 2 * levels - 1] + b"}"


def test_what_no_client_writes_is_not_walked_through() -> None:
    many = b'{"a": "b"' + b', "a": "c"' * 20_000 + b"}"
    with pytest.raises(ApiError, match="too many fields"):
        changed(many, a="d")


@pytest.mark.parametrize("value", [b"[],", b'{"":1},', b'"",', b"[" * 250 + b"]" * 250 + b","])
def test_a_megabyte_of_small_values_is_skimmed_over(value: bytes) -> None:
    raw = nested_in(1, value * (1_000_000 // len(value)) + b"1")
    body = orjson.loads(raw)
    took_s = []
    for _ in range(3):
        began_s = time.process_time()
        set_members(raw, body, {"b": 1})
        took_s.append(time.process_time() - began_s)

    assert min(took_s) < 0.05
