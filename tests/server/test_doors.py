"""A long request in another API is read while others have their turns."""

import asyncio
import threading

import orjson
import pytest

from router.domain.errors import ApiError
from router.server.doors import read_by
from router.wire.doors.door import Asked, Door
from router.wire.doors.translated import MESSAGES
from router.wire.parted import LONG_BYTES


def of_bytes(size: int) -> bytes:
    said = [{"role": "user", "content": "a" * size}]
    return orjson.dumps({"model": "m", "max_tokens": 5, "messages": said})


async def test_while_a_long_request_is_read_others_have_their_turns() -> None:
    others_had_theirs = threading.Event()

    def read(raw: bytes) -> Asked:
        assert others_had_theirs.wait(5)
        return MESSAGES.read(raw)

    asyncio.get_running_loop().call_soon(others_had_theirs.set)
    asked = await read_by(Door(read), of_bytes(LONG_BYTES))
    assert len(asked.chat) > LONG_BYTES


async def test_a_short_one_is_read_at_once() -> None:
    done = list[str]()
    asyncio.get_running_loop().call_soon(done.append, "another")
    asked = await read_by(MESSAGES, of_bytes(10))
    assert b"aaaaaaaaaa" in asked.chat
    assert done == []


async def test_what_is_wrong_with_a_long_request_is_told_as_well() -> None:
    with pytest.raises(ApiError, match="must be a JSON object"):
        await read_by(MESSAGES, b" " * LONG_BYTES + b"[]")
