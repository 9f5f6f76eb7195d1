"""Simulated models that speak Messages and Responses: their chat, dubbed.

The request becomes one for chat, and the answer, with any fault in it, becomes what the dialect's own API
would send. So an answer is the same in whichever dialect it was asked for.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.members import replace
from router.providers.simulated.errors import Refusal, invalid
from router.providers.simulated.proofs import check_thoughts, seal
from router.providers.simulated.script import Body, Call, Close, End, Hang, Head, Script, Step
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import AnswerContext, ReportedError
from router.wire.dialects.counting import messages_usage
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.faults import told
from router.wire.dialects.only_json import IN_WORDS
from router.wire.dialects.translate import (
    StreamTranslator,
    event_bytes,
    translate_answer,
    translate_request,
)
from router.wire.native.reduced import reduced
from router.wire.sse import data_of

_PING = event_bytes({"type": "ping"}, Dialect.MESSAGES)
_IGNORED = {"top_k", "context_management"}
"""Members that change nothing here, and that chat cannot express."""
_TOO_LONG = "context_length_exceeded"


class Asked(Struct, frozen=True):
    """A request in its own dialect, and its equivalent in chat."""

    dialect: Dialect
    body: Mapping[str, Any]
    chat: bytes

    @property
    def shows_thoughts(self) -> bool:
        """Whether the answer is to contain thoughts."""
        if self.dialect is Dialect.MESSAGES:
            return _member(self.body, "thinking", "type") in ("enabled", "adaptive")
        return "reasoning.encrypted_content" in (self.body.get("include") or ())

    @property
    def tells_thoughts(self) -> bool:
        """Whether it is to contain their text, not only their seals."""
        return self.dialect is Dialect.MESSAGES or bool(_member(self.body, "reasoning", "summary"))


def understood(raw: bytes, dialect: Dialect, *, needs_limit: bool = True) -> Asked:
    """The request in `raw`. Raises Refused if it is malformed, or asks for what no simulated model can do."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(None, f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(body, dict):
        raise invalid(None, "The body of your request must be a JSON object.")
    if dialect is Dialect.MESSAGES and needs_limit and body.get("max_tokens") is None:
        raise invalid("max_tokens", "max_tokens: Field required")
    try:
        chat = _in_chat(body, dialect)
    except ApiError as error:
        raise invalid(error.param, error.message, error.code) from error
    check_thoughts(body, dialect, str(body.get("model")))
    return Asked(dialect, body, orjson.dumps(chat))


def _in_chat(body: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The request for chat; `metadata.simulate` is kept from every dialect."""
    known = {name: value for name, value in body.items() if name not in _IGNORED}
    metadata = known.get("metadata")
    wished = metadata.get("simulate") if isinstance(metadata, dict) else None
    if isinstance(metadata, dict):
        known["metadata"] = {name: v for name, v in metadata.items() if name != "simulate"} or None
    chat = dict(_as_far_as_it_goes(known, dialect))
    if IN_WORDS in orjson.dumps(known.get("system") or "").decode():
        chat["response_format"] = {"type": "json_object"}
    return chat if wished is None else {**chat, "metadata": {"simulate": wished}}


def _as_far_as_it_goes(body: dict[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    """The request in chat. Simulated models ignore what chat cannot express."""
    try:
        return translate_request(body, dialect, Target(Dialect.CHAT))
    except ApiError as error:
        if error.code != "untranslatable":
            raise
    tools = body.get("tools")
    if isinstance(tools, list):
        body["tools"] = [each for each in tools if _is_the_clients(each)]
    return translate_request(reduced(body, dialect), dialect, Target(Dialect.CHAT))


def _is_the_clients(tool: object) -> bool:
    """Whether a tool is run by the client, and not by the provider."""
    return isinstance(tool, dict) and tool.get("type") in (None, "custom", "function")


def refusal_in(dialect: Dialect, refusal: Refusal) -> tuple[int, bytes]:
    """The status and the body of an error answer."""
    words = refusal.message
    if dialect is Dialect.MESSAGES and refusal.code == _TOO_LONG:
        words = f"prompt is too long: {words}"
    fault = ReportedError(refusal.status, words, refusal.type, refusal.code, refusal.param)
    status, body = told(fault, dialect)
    return status, orjson.dumps(body)


def dubbed(script: Script, call: Call, asked: Asked) -> Script:
    """The script with chat's bodies converted to the dialect of the request."""
    dubbing = _Dubbing(call, asked)
    for step in script:
        yield from dubbing.take(step)


class _Dubbing:
    """One answer. A plain one is held back until it is complete, since its length is sent before it."""

    def __init__(self, call: Call, asked: Asked) -> None:
        self._call = call
        self._asked = asked
        # What a simulated model thinks carries the dialect's own seal, as if it came from the real API.
        source = Target(Dialect.CHAT, origin=asked.dialect.value)
        self._source = source
        self._answer_context = AnswerContext(call.envelope.created_s, asked.body)
        self._stream = StreamTranslator(source, asked.dialect, self._answer_context)
        self._held: tuple[Head, list[Body]] | None = None
        self._has_begun = False

    def take(self, step: Step) -> Script:
        """What is sent instead of a step."""
        match step:
            case Head(length=None):
                yield replace(step, headers=_headers(step, self._asked.dialect))
            case Head():
                self._held = step, []
            case Body() if self._held is not None:
                self._held[1].append(step)
            case Body():
                yield from self._event(step)
            case End():
                yield from self._whole()
                yield step
            case Close() | Hang() if self._held is not None:
                (head, bodies), self._held = self._held, None
                yield from (head, *bodies, step)
            case _:
                yield step

    def _whole(self) -> Script:
        """What was held back, translated; anything but a complete answer goes out as it is."""
        if self._held is None:
            return
        (head, bodies), self._held = self._held, None
        data = b"".join(body.data for body in bodies)
        headers = _headers(head, self._asked.dialect)
        status, data = self._translated(head.status, data)
        yield replace(head, status=status, headers=headers, length=len(data))
        if data:
            yield Body(data, tells_usage=any(body.tells_usage for body in bodies))

    def _translated(self, status: int, data: bytes) -> tuple[int, bytes]:
        try:
            content = orjson.loads(data)
        except orjson.JSONDecodeError:
            return status, data
        error = content.get("error") if isinstance(content, dict) else None
        if isinstance(error, dict):  # with status 200 it is the server's, as amid a stream
            failed = status if status >= 400 else 500
            told_as, body = refusal_in(self._asked.dialect, _refusal(failed, error))
            return told_as if status >= 400 else status, body
        if not isinstance(content, dict) or not content.get("choices"):
            return status, data
        if details := self._thoughts():
            content["choices"][0]["message"]["reasoning_details"] = details
        answer = translate_answer(content, self._source, self._asked.dialect, self._answer_context)
        return status, orjson.dumps(answer)

    def _event(self, step: Body) -> Script:
        said = data_of(step.data)
        if said is None:
            return
        try:
            events = self._stream.end() if said == b"[DONE]" else self._stream.feed(_loaded(said))
        except ValueError:
            yield step  # a fault's nonsense is nonsense in every dialect
            return
        data = b"".join(self._told(event) for event in events)
        if not self._has_begun and data:
            self._has_begun = True
            data += self._thinking()
        if data:
            yield Body(data, tells_usage=step.tells_usage)

    def _told(self, event: dict[str, Any]) -> bytes:
        if event.get("type") != "message_start":
            return event_bytes(event, self._asked.dialect)
        # Messages report the prompt's usage before the answer, and send a ping now and then.
        used = replace(self._call.usage, output_tokens=0, reasoning_tokens=0)
        event["message"]["usage"] = messages_usage(used)
        return event_bytes(event, self._asked.dialect) + _PING

    def _thinking(self) -> bytes:
        """The events of the thought that precedes an answer."""
        delta = {"reasoning_details": self._thoughts()}
        if not delta["reasoning_details"]:
            return b""
        chunk = {"choices": [{"index": 0, "delta": delta}]}
        events = self._stream.feed(chunk)
        return b"".join(event_bytes(event, self._asked.dialect) for event in events)

    def _thoughts(self) -> list[dict[str, Any]]:
        """The thought of a reasoning model, in chat's form; none if nobody asked for it."""
        if not (self._call.answer.reasoning_tokens and self._asked.shows_thoughts):
            return []
        thought = f"They ask: {self._call.request.question[:80]}"
        if self._asked.tells_thoughts:
            proof = seal(self._call.model.id, thought)
            return [{"type": "reasoning.text", "text": thought, "signature": proof, "index": 0}]
        return [{"type": "reasoning.encrypted", "data": seal(self._call.model.id, ""), "index": 0}]


def _refusal(status: int, error: Mapping[str, Any]) -> Refusal:
    return Refusal(
        status,
        str(error.get("message")),
        type=str(error.get("type")),
        param=error.get("param"),
        code=error.get("code"),
    )


def _headers(head: Head, dialect: Dialect) -> tuple[tuple[str, str], ...]:
    """The headers, with the request's id under the name that the dialect's API uses."""
    if dialect is not Dialect.MESSAGES:
        return head.headers
    return tuple((name.replace("x-request-id", "request-id"), v) for name, v in head.headers)


def _loaded(said: bytes) -> dict[str, Any]:
    chunk = orjson.loads(said)
    if not isinstance(chunk, dict):
        raise MalformedAnswer("an event of a simulated stream is not an object")
    return chunk


def _member(body: Mapping[str, Any], holder: str, name: str) -> Any:
    held = body.get(holder)
    return held.get(name) if isinstance(held, dict) else None
