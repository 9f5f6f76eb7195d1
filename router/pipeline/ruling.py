"""Checks the answers of a cascade's step, as far as that takes no call to a model.

What takes longer than a round trip to a thread is done in one.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from router.acceptance.ruling import Evidence, ruled
from router.domain.cascade import AGREEMENT, Check, Opinion, Ruling
from router.pipeline.mistakes import place_of
from router.pipeline.similar import Vectors
from router.ports import Embedder
from router.wire.chat import ChatRequest

_LOG = logging.getLogger(__name__)
_LARGEST_AT_ONCE = 2**13
_LARGEST_ASKED_AT_ONCE = 2**16
"""Bytes of all answers, and of the request, that take no longer here than a round trip to a thread."""
_BROKEN = Opinion(Ruling.CANNOT_TELL, "the check failed")

Cosines = Sequence[Sequence[float]]
Bodies = Sequence[bytes | None]
Rule = Callable[[Sequence[Check], Evidence], Opinion]


class FoundOut(Struct, frozen=True):
    """What calls have found out about the answers: marks by a judge, and the cosines of their vectors."""

    marks: Sequence[float | None] = ()
    cosines: Cosines = ()


NOTHING_FOUND_OUT = FoundOut()


class Referee:
    """Rules on answers, for all requests of a process.

    Without an `embedder`, which makes `vectors`, nothing can be compared by similarity.
    """

    def __init__(self, embedder: Embedder | None, vectors: Vectors) -> None:
        self.embedder = embedder
        self.vectors = vectors
        self.rule: Rule = ruled
        self._is_warm = False

    async def ruled(
        self,
        checks: Sequence[Check],
        request: ChatRequest,
        bodies: Bodies,
        found_out: FoundOut = NOTHING_FOUND_OUT,
    ) -> Opinion:
        """The opinion on the answers in `bodies`, which are None for those that did not come. Never raises."""

        def rule() -> Opinion:
            answers = [answer_in(body) for body in bodies]
            found = (found_out.marks, found_out.cosines)
            return self.rule(checks, Evidence(request.body, answers, *found))

        size = sum(len(body or b"") for body in bodies)
        is_small = size <= _LARGEST_AT_ONCE and len(request.raw) <= _LARGEST_ASKED_AT_ONCE
        try:
            opinion = rule() if is_small and self._is_warm else await asyncio.to_thread(rule)
        except Exception as error:  # noqa: BLE001 - the words of an answer must not become the client's error
            _LOG.error("a check of answers failed: %s", place_of(error))
            return _BROKEN
        # Whatever the checks need is loaded by now; loading it in the loop would have held that up.
        self._is_warm = True
        return opinion

    async def agree(self, request: ChatRequest, one: bytes, other: bytes) -> Ruling:
        """Whether two answers agree."""
        return (await self.ruled(AGREEMENT, request, (one, other))).ruling


def answer_in(body: bytes | None) -> Mapping[str, Any] | None:
    """The chat completion in `body`, None if there is none."""
    answer = None if body is None else orjson.loads(body)
    return answer if isinstance(answer, dict) else None
