"""Mistakes of ours, as they are logged."""

import asyncio
import logging
import re
from collections.abc import Mapping
from traceback import extract_tb
from typing import Any

from router.ports import Embedded, Embedder

_LOG = logging.getLogger(__name__)
_QUOTED = re.compile(r"\s*[(<].*", re.DOTALL)
"""Where a loop begins to quote: a callback with its arguments, or the object that it belongs to."""


def place_of(error: BaseException) -> str:
    """The type of an error and where it was raised, innermost call first.

    Not its message: that may quote a prompt or an answer, which are never logged.
    """
    calls = reversed(extract_tb(error.__traceback__))
    places = (f"{each.filename}, line {each.lineno}" for each in calls)
    return f"{type(error).__name__} in {', called in '.join(places)}"


async def embedded_by(embedder: Embedder, text: str) -> Embedded | None:
    """The vector of `text`; None if there is none, also for a mistake of ours: a request can do without it."""
    try:
        return await embedder.embed(text)
    except Exception as error:  # noqa: BLE001 - its port never raises
        _LOG.error("a vector could not be made: %s", place_of(error))
        return None


def noticed(task: "asyncio.Task[Any]") -> None:
    """Retrieve its exception, so that the loop does not report one that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def noted(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log what an event loop reports that nobody waited for: by itself it would quote requests, uvloop whole ones."""
    what, error = _QUOTED.sub("", context["message"]), context.get("exception")
    _LOG.error("%s", what if error is None else f"{what}: {place_of(error)}")
