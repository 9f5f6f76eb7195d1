"""The way to upstreams that speak a dialect other than chat: calls are translated out, answers back.

The creator of one says how a call is worded (`CallWording`); the translators of `router.wire.dialects` do the
rest, event by event for a stream.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import orjson
from msgspec import Struct, field

from router.dispatch.faults import fault_of_said
from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.domain.members import replace
from router.domain.usage import Usage
from router.ports import CHAT_PATH, Call, EndsLater, Native, Response
from router.providers.streamed import Streamed
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.chat.tools import read_format
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.faults import translate_error
from router.wire.dialects.messages.read_answer import read_prompt
from router.wire.dialects.only_json import NoJson
from router.wire.dialects.seals import origin_of
from router.wire.dialects.shape import JsonObject
from router.wire.dialects.translate import (
    StreamTranslator,
    event_bytes,
    translate_answer,
    translate_request,
)
from router.wire.errors import error_object, read_error
from router.wire.native.forms import object_in
from router.wire.native.reading import AnswerDialect
from router.wire.request_ids import own_id
from router.wire.sse import DONE, EventSplitter, data_of

_ASKED = {"stream_options": {"include_usage": True}}
"""The pipeline always wants the usage, and hides it from clients that did not ask for it."""
_ALIVE = b": the model is at work\n\n"
"""A comment. Pings and hidden thoughts count as signs of life like words do, so that nobody gives up."""
_BEYOND_NUMBERS = (OverflowError, orjson.JSONEncodeError)
"""What numbers raise that are too large to be read, or to be written."""


class CallWording(Struct, frozen=True):
    """How a call is put to an upstream: the fields in chat's form, and the target."""

    fields: Mapping[str, Any]
    target: Target


class TranslatedCall(Struct, frozen=True):
    """What is posted for a call: the translated body, and further headers that it needs.

    `path` is where, below the upstream's address.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


def plain_call(body: JsonObject) -> TranslatedCall:
    """What is posted for a body that needs no further headers."""
    return TranslatedCall(orjson.dumps(body))


class Posting(Protocol):
    """Sends bodies to one address, as `router.providers.direct.UpstreamClient` does."""

    async def post(
        self, body: bytes, *, fresh: bool, headers: Mapping[str, str], path: str
    ) -> Response:
        """The head of the answer. Raises AttemptFailed for anything but success."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class TranslatedUpstream:
    """Implements `router.ports.Upstream` over a `upstream_client`, which it closes.

    `worded` says how a call is put; it may raise ApiError for what the model cannot be asked.
    `posted_as` has the last word on what is posted, `understood` on what a failure means. `passed` makes
    the call for a request that came in the upstream's own dialect and is passed on as it is, None if
    the model would not accept it like that; the answer is then passed through as well. A call for
    another path than chat's is posted there as it is.
    """

    asks_usage = True
    """These dialects always report usage."""

    def __init__(
        self,
        upstream_client: Posting,
        worded: Callable[[Call], CallWording],
        *,
        unix_s: Callable[[], float],
        posted_as: Callable[[JsonObject], TranslatedCall] = plain_call,
        understood: Callable[[Fault], Fault] = lambda fault: fault,
        passed: Callable[[Call], TranslatedCall | None] = lambda _: None,
    ) -> None:
        self._upstream_client = upstream_client
        self._passed = passed
        self._worded = worded
        self._posted_as = posted_as
        self._understood = understood
        self._unix_s = unix_s

    async def send(self, call: Call) -> Response:
        """The head of the answer. Raises AttemptFailed for anything but success."""
        if call.path != CHAT_PATH:
            return await self._upstream_client.post(
                call.body, fresh=call.fresh, headers=call.headers, path=call.path
            )
        if call.original is not None and (translated := self._as_it_is(call)) is not None:
            return await self._native(call, call.original.dialect, translated)
        source, translated = self._written(call)
        response = await self._posted(call, translated, source.dialect)
        return self._as_chat(response, source, only_json=_is_asked_in_words(call, source))

    async def close(self) -> None:
        """Close all connections."""
        await self._upstream_client.close()

    async def _native(self, call: Call, dialect: Dialect, translated: TranslatedCall) -> Response:
        """The answer in its own dialect; one that is whole, where a stream was wanted, can only be told from chat."""
        response = await self._posted(call, translated, dialect)
        name = origin_of(call.model.upstream, call.model.name)
        if call.stream and not response.is_stream:
            return self._as_chat(response, Target(dialect, name))
        return Native(response, AnswerDialect(dialect, "" if call.owns_thoughts else name))

    def _as_chat(self, response: Response, source: Target, *, only_json: bool = False) -> Response:
        answer_context = AnswerContext(int(self._unix_s()), _ASKED, only_json=only_json)
        if response.is_stream:
            return _TranslatedStream(
                response, StreamTranslator(source, Dialect.CHAT, answer_context)
            )
        return _TranslatedPlain(response, source, answer_context)

    def _as_it_is(self, call: Call) -> TranslatedCall | None:
        """What is posted to pass `call` on. Raises AttemptFailed if it cannot be written."""
        with written_down():
            return self._passed(call)

    async def _posted(self, call: Call, translated: TranslatedCall, dialect: Dialect) -> Response:
        headers = {**call.headers, **translated.headers}
        try:
            return await self._upstream_client.post(
                translated.body, fresh=call.fresh, headers=headers, path=translated.path
            )
        except AttemptFailed as failed:
            raise AttemptFailed(_in_chat(self._understood(failed.fault), dialect)) from None

    def _written(self, call: Call) -> tuple[Target, TranslatedCall]:
        """The target that `call` is written for, and what is posted. Raises AttemptFailed if it cannot be written."""
        with written_down():
            wording = self._worded(call)
            body = translate_request(wording.fields, Dialect.CHAT, wording.target)
            return wording.target, self._posted_as(body)


def _is_asked_in_words(call: Call, source: Target) -> bool:
    """Whether the call wants JSON of any shape, for which the API has only words."""
    if source.dialect is not Dialect.MESSAGES:
        return False
    wanted = read_format(call.fields.get("response_format"))
    return wanted is not None and wanted.schema is None


@contextmanager
def written_down() -> Iterator[None]:
    """Turn what keeps a request from being written into AttemptFailed."""
    try:
        yield
    except ApiError as error:
        raise AttemptFailed(_unsuited(error)) from None
    except (orjson.JSONEncodeError, RecursionError):
        # orjson writes 254 levels; reading may have let more pass.
        too_deep = ApiError(400, "The request is nested too deeply.", code="untranslatable")
        raise AttemptFailed(_unsuited(too_deep)) from None


def _unsuited(error: ApiError) -> Fault:
    """The fault when nothing was sent, because this upstream cannot be asked that."""
    told = error_object(error)["error"]
    return Fault(FaultKind.UNSUITED, error.status, error.message, error.code, error=told)


def _in_chat(fault: Fault, source: Dialect) -> Fault:
    """The fault with the status and the error object for a client of chat."""
    said = {"error": fault.error} if fault.error else None
    status, told = translate_error(fault.status, said, source, Dialect.CHAT)
    error = {**fault.error, **told["error"]} if fault.error else fault.error
    return replace(fault, status=status, error=error)


class _TranslatedPlain:
    is_stream = False

    def __init__(self, response: Response, source: Target, answer_context: AnswerContext) -> None:
        self._response = response
        self._source = source
        self._answer_context = answer_context
        self.request_id = response.request_id

    async def read(self) -> bytes:
        raw = await self._response.read()
        try:
            answer = object_in(raw, "the upstream's answer")
            self.request_id = self.request_id or own_id(answer)
            told = translate_answer(answer, self._source, Dialect.CHAT, self._answer_context)
            return orjson.dumps(told)
        except (MalformedAnswer, *_BEYOND_NUMBERS) as error:
            if said := read_error(raw):
                raise AttemptFailed(fault_of_said(said, "answer")) from None
            raise _malformed(error) from None

    async def pieces(self) -> AsyncIterator[bytes]:
        yield await self.read()

    async def close(self) -> None:
        await self._response.close()


class _TranslatedStream(Streamed):
    def __init__(self, response: Response, translator: StreamTranslator) -> None:
        self._response = response
        self.request_id = response.request_id
        self._arriving = response.pieces()
        self._translator = translator
        self._splitter = EventSplitter()
        self._failure: AttemptFailed | None = None
        self._is_over = False
        self.prompt: Usage | None = None

    async def __anext__(self) -> bytes:
        while not self._is_over:
            if self._failure is not None:
                raise self._failure
            try:
                piece = await anext(self._arriving)
            except StopAsyncIteration:
                raise _cut() from None
            if told := self._told(piece):
                return told
        raise StopAsyncIteration

    async def close(self) -> None:
        await self._response.close()

    def _told(self, piece: bytes) -> bytes:
        """The chat events for those that `piece` completes. What came before a malformed one counts."""
        told: list[bytes] = []
        has_heard = False
        try:
            for raw in self._splitter.feed(piece):
                has_heard = True
                told += self._translated(raw)
        except (MalformedAnswer, *_BEYOND_NUMBERS) as error:
            self._failure = _malformed(error)
        return b"".join(told) or (_ALIVE if has_heard and self._failure is None else b"")

    def _translated(self, raw: bytes) -> list[bytes]:
        """The chat events for one of the upstream's; the last one ends the stream, whatever the connection does."""
        data = data_of(raw)
        if self._is_over or data is None or data.strip() == b"[DONE]":
            return []
        event = object_in(data, "the upstream's answer")
        self.prompt = self.prompt or read_prompt(event)
        self.request_id = self.request_id or own_id(event)
        chunks = self._translator.feed(event)
        told = [event_bytes(chunk, Dialect.CHAT) for chunk in chunks]
        self._is_over = self._translator.has_ended
        if self._is_over and isinstance(self._response, EndsLater):
            self._response.hear_out()
        has_failed = any("error" in chunk for chunk in chunks)
        return [*told, DONE] if self._is_over and not has_failed else told


def no_json(error: NoJson) -> Fault:
    """The fault of a model that has answered in prose: that is no sign of ill health, and it is paid."""
    return Fault(
        FaultKind.UNSUITED,
        502,
        str(error),
        "malformed_answer",
        reached_model=True,
        usage=error.usage,
    )


def _cut() -> AttemptFailed:
    return AttemptFailed.transient(
        "the upstream closed the stream before the answer was finished",
        "stream_cut",
        reached_model=True,
    )


def _malformed(error: Exception) -> AttemptFailed:
    if isinstance(error, NoJson):
        return AttemptFailed(no_json(error))
    return AttemptFailed.transient(str(error), "malformed_answer", reached_model=True)
