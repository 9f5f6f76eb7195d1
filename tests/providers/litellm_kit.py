"""Calls for a translating upstream, and their results."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from router.providers.litellm_upstream import LitellmUpstream
from router.wire.answer import StreamEvent
from tests.providers.calls import (
    KEY,
    QUESTION,
    TOOL,
    call,
    fault_of,
    finish_reasons,
    plain,
    streamed,
)

__all__ = [
    "KEY",
    "QUESTION",
    "TOOL",
    "call",
    "fault_of",
    "finish_reasons",
    "payload",
    "plain",
    "pydantics_own",
    "soon",
    "streamed",
    "upstream",
]
PATIENCE_S = 10.0

# litellm 1.106.2 reads a field of its answers in a way that pydantic 2.11 deprecates; Python shows
# that to nobody but tests.
pydantics_own = pytest.mark.filterwarnings(
    "ignore:Accessing the 'model_.*fields' attribute on the instance:DeprecationWarning"
)


@asynccontextmanager
async def upstream(provider: str, base_url: str, **options: str) -> AsyncIterator[LitellmUpstream]:
    made = LitellmUpstream(provider, api_key=KEY, base_url=base_url, options=options)
    try:
        yield made
    finally:
        await made.close()


def payload(event: StreamEvent) -> Any:
    return json.loads(event.raw.removeprefix(b"data: "))


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE_S)
