"""The legacy door: `/v1/completions`, where a text is continued.

The prompt becomes a user's message, since models that merely continue texts are gone. What only they could
do is refused. See https://platform.openai.com/docs/api-reference/completions.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.domain.errors import ApiError
from router.wire.answer import MalformedAnswer
from router.wire.chat import JsonObject, json_object, require, shown
from router.wire.chunks import choices_in, text_in
from router.wire.dialects.answer import ReportedError
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.faults import told as told_fault
from router.wire.doors.door import Door, chat_bytes, not_offered
from router.wire.extension import MEMBER
from router.wire.sse import DONE, event_of

_USUAL_TOKENS = 16
"""The default limit of an answer in tokens, as this API has always had it."""

_LIMIT = "max_completion_tokens"
_OWN = frozenset({"prompt", "max_tokens", "suffix", "echo", "logprobs", "best_of"})
_CHATS = "chat models do not support it; leave it out"
_NOT_OFFERED: Mapping[str, str] = {
    "suffix": "chat models cannot fill in; say in the prompt what should follow",
    "echo": "prepend the prompt to the answer yourself",
    "logprobs": _CHATS,
    "messages": "send a 'prompt', or use /v1/chat/completions",
    "tools": "use /v1/chat/completions",
}


class Completion(Struct, frozen=True):
    """A request to continue a text."""

    chat: bytes
    original: None = None

    def told(self, answer: JsonObject, now_s: int) -> JsonObject:
        """The text completion for a chat completion."""
        told = _head(answer, now_s)
        choices = choices_in(dict(answer))
        told["choices"] = [_choice(each, "message", at) for at, each in enumerate(choices)]
        more = ("usage", "system_fingerprint", "service_tier", MEMBER)
        return told | {name: answer[name] for name in more if answer.get(name) is not None}

    def event_writer(self, now_s: int) -> "CompletionEventWriter":
        """The writer of a stream."""
        return CompletionEventWriter(now_s)


class CompletionEventWriter:
    """Rewrites a stream of chat as one of text completions."""

    def __init__(self, now_s: int) -> None:
        self._now_s = now_s

    def take(self, chunk: dict[str, Any]) -> Iterator[bytes]:
        """The chunk; nothing if it has neither text nor an end, usage or receipt."""
        if chunk.get("error"):
            yield event_of(orjson.dumps({"error": chunk["error"]}))
            return
        told = [_choice(each, "delta", 0) for each in choices_in(chunk)]
        counts = bool(chunk.get("usage") or chunk.get(MEMBER))
        choices = [each for each in told if each["text"] or each["finish_reason"] or counts]
        if choices or counts:
            more = {name: chunk[name] for name in ("usage", MEMBER) if name in chunk}
            head = _head(chunk, self._now_s)
            yield event_of(orjson.dumps({**head, "choices": choices, **more}))

    def done(self) -> Iterator[bytes]:
        """The end, as chat has it."""
        yield DONE

    def fail(self, fault: ReportedError) -> Iterator[bytes]:
        """An error in OpenAI's shape."""
        yield event_of(orjson.dumps(told_fault(fault, Dialect.CHAT)[1]))


def _head(answer: JsonObject, now_s: int) -> dict[str, Any]:
    given = str(answer.get("id") or "0").removeprefix("chatcmpl-")
    created = answer.get("created")
    return {
        "id": f"cmpl-{given}",
        "object": "text_completion",
        "created": created if isinstance(created, int) else now_s,
        "model": answer.get("model") or "",
    }


def _choice(choice: JsonObject, name: str, at: int) -> dict[str, Any]:
    """One of the texts; a refusal counts as text."""
    said = choice.get(name) or {}
    if not isinstance(said, dict):
        raise MalformedAnswer("a choice of the upstream's answer has no message")
    index = choice.get("index")
    return {
        "text": text_in(said.get("content")) or said.get("refusal") or "",
        "index": index if isinstance(index, int) else at,
        "logprobs": None,
        "finish_reason": choice.get("finish_reason"),
    }


def _read(raw: bytes) -> Completion:
    body = json_object(raw)
    require(body, "model")
    require(body, "prompt")
    for name, remedy in _NOT_OFFERED.items():
        if not _asks_nothing(body.get(name)):
            raise not_offered(name, remedy)
    if body.get("best_of") not in (None, body.get("n") or 1):
        raise not_offered("best_of", "request 'n' answers and choose yourself")
    kept = {name: value for name, value in body.items() if name not in _OWN}
    message = {"role": "user", "content": _text(body["prompt"])}
    limit = body.get("max_tokens")
    view = {**kept, "messages": [message], _LIMIT: _USUAL_TOKENS if limit is None else limit}
    return Completion(chat_bytes(view))


def _asks_nothing(value: object) -> bool:
    return value is None or value is False or value == ""


def _text(prompt: object) -> str:
    """The one text of a prompt. Raises ApiError 400 for several texts, and for tokens."""
    match prompt:
        case str(text) | [str(text)]:
            return text
        case [str(), *_]:
            raise not_offered("prompt", "send one request for each prompt")
        case [int() | list(), *_]:
            raise not_offered("prompt", "send a string, since token numbers differ between models")
        case _:
            raise ApiError.invalid("prompt", f"'prompt' must be a string, not {shown(prompt)}.")


COMPLETIONS = Door(_read, {_LIMIT: "max_tokens", "messages": "prompt"})
"""OpenAI's first API."""
