"""What is remembered of a request's conversation: who called its tools, whose thoughts and Responses are in it."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from msgspec import Struct

from router.domain.caching import Writer
from router.domain.model import Model
from router.features.session import LEAST_BYTES, thread_of
from router.features.turns import is_tool_turn
from router.pipeline.cache_slot import is_still
from router.pipeline.dialect_support import speaks
from router.pipeline.request_context import Caller, Session
from router.pipeline.thought_owner import UNCLAIMED, ThoughtOwner
from router.ports import Affinity
from router.wire.chat import ChatRequest
from router.wire.native.stored import not_known, previous_in, rests_on_others
from router.wire.native.thoughts import has_unnamed
from router.wire.original import Original

_SESSION_S = 3600
"""How long after its last answer the model that may have called tools in a conversation is remembered."""
_THOUGHTS_S = 86_400
"""How long after its last answer the owner of a conversation's thoughts is remembered: agents may pause overnight."""
_STORED_S = 30 * 86_400
"""How long OpenAI keeps Responses (https://platform.openai.com/docs/guides/conversation-state)."""


class ConversationMemory(Struct, frozen=True):
    """Looks up and remembers; `start` runs a coroutine in the background, `models` are the catalog's."""

    affinity: Affinity
    start: Callable[[Coroutine[Any, Any, None]], None]
    models: Mapping[str, Model]

    async def session(self, request: ChatRequest, caller: Caller, *, is_pinned: bool) -> Session:
        """The conversation as far as it is known. Raises ApiError 400 for an unknown answer.

        `is_pinned` says that the client names the one model that may answer.
        """
        thread = thread_of(request.body, caller.headers, caller.key, len(request.raw))
        thought_owner, held_by = UNCLAIMED, _Held()
        if request.original is not None and speaks(request, self.models):
            thought_owner = await self._thought_owner(
                request, request.original, caller, is_pinned=is_pinned
            )
            held_by = await self._held(request.original, caller)
        if not is_tool_turn(request.messages):
            return Session(thread, "", thought_owner, held_by.upstream, held_by.tokens)
        writer = held_by.writer
        if thread and writer is None:
            writer = _writer_in(await self.affinity.model_of(thread) or "")
        stays_with = writer.model_id if writer and is_still(writer, self.models) else ""
        return Session(thread, stays_with, thought_owner, held_by.upstream, held_by.tokens)

    def staying(self, thread: str) -> Callable[[Model], None]:
        """A function that remembers whose tool calls the conversation waits for the results of.

        After a reload the model's id may stand for another one.
        """

        def stay(model: Model) -> None:
            told = f"{model.id}\n{model.upstream}\n{model.name}"
            self.start(self.affinity.stay(thread, told, _SESSION_S))

        return stay

    async def _thought_owner(
        self, request: ChatRequest, original: Original, caller: Caller, *, is_pinned: bool
    ) -> ThoughtOwner:
        """The model of the unnamed thoughts. Only looked up if there are any: otherwise any model may answer.

        Even a small request, which belongs to no thread, may hold thoughts.
        """
        place = f"home:{thread_of(request.body, caller.headers, caller.key, LEAST_BYTES)}"

        def claimed(origin: str) -> None:
            self.start(self.affinity.stay(place, origin, _THOUGHTS_S))

        def has_stored(given: str, model: Model, tokens: int) -> None:
            told = f"{model.upstream}\n{model.id}\n{tokens}\n{model.name}"
            self.start(self.affinity.stay(_place_of(given, caller), told, _STORED_S))

        if not has_unnamed(original):
            return ThoughtOwner(claimed=claimed, has_stored=has_stored)
        found = await self.affinity.model_of(place)
        return ThoughtOwner(found or "", is_pinned, claimed, has_stored)

    async def _held(self, original: Original, caller: Caller) -> "_Held":
        """Who stores what the request continues from. Raises ApiError 400 where that is not known."""
        previous = previous_in(original)
        if previous and (found := await self.affinity.model_of(_place_of(previous, caller))):
            return _Held.told(found)
        if not previous and not rests_on_others(original):
            return _Held()
        asked = {m.upstream for m in self.models.values() if original.api in m.capabilities}
        if caller.key or len(asked) > 1:  # it may be another key's, and ids are no secrets
            raise not_known(previous)
        return _Held(next(iter(asked), ""))


class _Held(Struct, frozen=True):
    """The upstream that stores a Response, and the model that wrote it; "" and None for unknown.

    `tokens` are those of the conversation up to its end, 0 for unknown.
    """

    upstream: str = ""
    writer: Writer | None = None
    tokens: int = 0

    @classmethod
    def told(cls, found: str) -> "_Held":
        """What was remembered; an earlier version did not remember the tokens, and another not the model's name."""
        upstream, model_id, tokens, name, *_ = (*found.split("\n"), "", "", "")
        writer = Writer(model_id, upstream, name)
        return cls(upstream, writer, int(tokens) if tokens.isdecimal() else 0)


def _writer_in(found: str) -> Writer | None:
    """Whose tool calls a conversation waits for the results of; None for what an earlier version has remembered."""
    match found.split("\n"):
        case [model_id, upstream, name]:
            return Writer(model_id, upstream, name)
    return None


def _place_of(given: str, caller: Caller) -> str:
    """The name under which the holder of a Response is remembered; no other key may continue from it."""
    return f"response:{caller.key}:{given}"
