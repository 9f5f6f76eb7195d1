"""What a client of another API sent stays with its request, up to the upstream that may speak it."""

import json
from pathlib import Path

import pytest

from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed
from router.domain.members import replace
from router.pipeline.visit import Caller
from router.ports import Call, Response
from router.wire.dialects.dialect import Dialect
from router.wire.doors.translated import MESSAGES
from router.wire.original import Original
from tests.pipeline.kit import QUESTION, proxy


class Noting:
    """An upstream that notes what it is asked, and answers nothing."""

    asks_usage = True

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def send(self, call: Call) -> Response:
        self.calls.append(call)
        raise AttemptFailed.unreachable("it only takes notes")

    async def close(self) -> None:
        pass


async def test_an_upstream_is_given_the_request_as_it_came(tmp_path: Path) -> None:
    body = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": QUESTION}]}
    raw = json.dumps(body).encode()
    asked, noting = MESSAGES.read(raw), Noting()
    async with proxy(tmp_path) as it:
        pipeline = it.running.pipeline
        means = replace(pipeline.means, upstreams={"sim": noting, "first": noting})
        pipeline = replace(pipeline, means=means)
        with pytest.raises(ApiError):
            await pipeline.answer(asked.chat, Caller("req_1"), asked.original)
        with pytest.raises(ApiError):
            await pipeline.answer(asked.chat, Caller("req_2"))
    by_door = {call.original for call in noting.calls if call.request_id == "req_1"}
    by_chat = {call.original for call in noting.calls if call.request_id == "req_2"}
    assert (by_door, by_chat) == ({Original(Dialect.MESSAGES, raw)}, {None})
