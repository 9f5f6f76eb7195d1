"""What a client asks of Farthing itself is read, refused when unknown, and never forwarded."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.chat import parse_chat, upstream_bytes
from router.wire.extension import NO_EXTENSION, Extension, read_extension
from router.wire.splice import without_member
from tests.wire.documents import Written, objects


def test_nothing_is_asked_where_nothing_is_said() -> None:
    assert read_extension({}) == NO_EXTENSION
    assert read_extension({"farthing": None}) == NO_EXTENSION
    assert read_extension({"farthing": {}}) == NO_EXTENSION


def test_a_receipt_can_be_asked_for() -> None:
    assert read_extension({"farthing": {"receipt": True}}) == Extension(receipt=True)


@pytest.mark.parametrize("wishes", [True, [], "receipt", {"recipt": True}, {"receipt": "yes"}])
def test_what_is_not_known_is_an_error_that_names_it(wishes: Any) -> None:
    with pytest.raises(ApiError) as refused:
        read_extension({"farthing": wishes})

    assert refused.value.status == 400
    assert (refused.value.param or "").startswith("farthing")


def test_an_upstream_never_meets_it() -> None:
    raw = b'{"model": "auto", "farthing": {"receipt": true}, "messages": [{"role":"user"}], "n": 1}'

    sent = upstream_bytes(parse_chat(raw), "m", ask_usage=False)

    assert sent == b'{"model": "m", "messages": [{"role":"user"}], "n": 1}'


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (b'{"farthing": 1}', b"{}"),
        (b'{ "farthing": 1 }', b"{  }"),
        (b'{"a": 1, "farthing": {"x": ","}}', b'{"a": 1}'),
        (b'{"farthing": 1 , "a": {"farthing": 2}}', b'{"a": {"farthing": 2}}'),
        (b'{"farthing": 1, "a": 1, "farthing": 2, "farthing": 3}', b'{"a": 1}'),
        (b'{"f\\u0061rthing": 1, "a": 1}', b'{"a": 1}'),
    ],
)
def test_a_member_goes_and_the_others_keep_their_bytes(raw: bytes, left: bytes) -> None:
    assert without_member(raw, orjson.loads(raw), "farthing") == left


@given(written=objects(), data=st.data())
def test_taking_a_member_out_leaves_all_others(written: Written, data: st.DataObject) -> None:
    body = orjson.loads(written.raw)
    name = data.draw(st.sampled_from([*body, "farthing"]))

    left = without_member(written.raw, body, name)

    assert orjson.loads(left) == {key: value for key, value in body.items() if key != name}
