"""The bodies and events of OpenAI's chat completions API, field by field as OpenAI sends them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import orjson
from msgspec import Struct

from router.domain.usage import Usage
from router.providers.simulated import tokens
from router.providers.simulated.answering.calling import ToolCall
from router.providers.simulated.answers import Answer, Choice, LikelyToken, TokenLogprob
from router.providers.simulated.errors import Refusal

DONE = b"data: [DONE]\n\n"
MODELS_CREATED_S = 1_700_000_000


class Envelope(Struct, frozen=True):
    """What every answer carries besides its content: `created_s` is Unix time."""

    id: str
    created_s: int
    model: str
    fingerprint: str


class Event(NamedTuple):
    """One event of a stream, and how many tokens had to be generated for it."""

    data: bytes
    tokens: int = 0


def completion(answer: Answer, envelope: Envelope, usage: Usage | None) -> bytes:
    """The answer as one `chat.completion` object; without usage if that is None."""
    body: dict[str, Any] = {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created_s,
        "model": envelope.model,
        "choices": [_choice(index, choice) for index, choice in enumerate(answer.choices)],
    }
    if usage is not None:
        body["usage"] = usage_object(usage)
    body["service_tier"] = "default"
    body["system_fingerprint"] = envelope.fingerprint
    return orjson.dumps(body)


def usage_object(usage: Usage) -> dict[str, Any]:
    """OpenAI's usage object, in which cached and reasoning tokens are parts of the totals."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.total_output_tokens,
        "total_tokens": usage.input_tokens + usage.total_output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def error_object(refusal: Refusal) -> dict[str, Any]:
    """OpenAI's error object, with its wrapper."""
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.type,
            "param": refusal.param,
            "code": refusal.code,
        }
    }


def error(refusal: Refusal) -> bytes:
    """The body of an error answer."""
    return orjson.dumps(error_object(refusal))


def model_object(model: str) -> dict[str, Any]:
    """A model as `/v1/models` describes it."""
    return {
        "id": model,
        "object": "model",
        "created": MODELS_CREATED_S,
        "owned_by": "simulated",
    }


def models(ids: Iterable[str]) -> bytes:
    """The answer to `GET /v1/models`."""
    return orjson.dumps({"object": "list", "data": [model_object(model) for model in ids]})


def event(payload: bytes) -> bytes:
    """A server-sent event with that payload."""
    return b"data: " + payload + b"\n\n"


class Chunks:
    """The events of one streamed answer, in the order in which they are sent."""

    def __init__(self, envelope: Envelope, include_usage: bool) -> None:
        head = {
            "id": envelope.id,
            "object": "chat.completion.chunk",
            "created": envelope.created_s,
            "model": envelope.model,
            "service_tier": "default",
            "system_fingerprint": envelope.fingerprint,
        }
        self._start = b"data: " + orjson.dumps(head)[:-1] + b',"choices":['
        self._end = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"

    def opening(self, answer: Answer) -> Iterator[Event]:
        """The first event of each choice, which says who speaks."""
        for index, choice in enumerate(answer.choices):
            content = b"null" if choice.text is None else b'""'
            delta = b'{"role":"assistant","content":' + content + b',"refusal":null}'
            yield Event(self.chunk(index, delta))

    def content(self, answer: Answer) -> Iterator[Event]:
        """The deltas, alternating between choices if there are several."""
        if len(answer.choices) == 1:
            yield from self._deltas(0, answer.choices[0])
            return
        each = [self._deltas(index, choice) for index, choice in enumerate(answer.choices)]
        for turn in zip_longest(*each):
            yield from (found for found in turn if found is not None)

    def closing(self, answer: Answer) -> Iterator[Event]:
        """The last event of each choice, which says why it ended."""
        for index, choice in enumerate(answer.choices):
            yield Event(self.chunk(index, b"{}", finish=orjson.dumps(choice.finish_reason)))

    def usage(self, usage: Usage) -> Event:
        """The event without choices that reports the usage."""
        end = b'],"usage":' + orjson.dumps(usage_object(usage)) + b"}\n\n"
        return Event(self._start + end)

    def text(self, index: int, text: str, logprobs: bytes = b"null") -> Event:
        """The delta of a text."""
        delta = b'{"content":' + orjson.dumps(text) + b"}"
        return Event(self.chunk(index, delta, logprobs), tokens.count(text))

    def chunk(
        self, index: int, delta: bytes, logprobs: bytes = b"null", finish: bytes = b"null"
    ) -> bytes:
        """The event of one choice, from parts that are already JSON."""
        return b"".join((
            self._start, b'{"index":', str(index).encode(), b',"delta":', delta, b',"logprobs":',
            logprobs, b',"finish_reason":', finish, b"}", self._end,
        ))  # fmt: skip

    def _deltas(self, index: int, choice: Choice) -> Iterator[Event]:
        if choice.logprobs is not None:
            for likely in choice.logprobs:
                yield self.text(index, likely.chosen.text, orjson.dumps(_logprobs([likely])))
        elif choice.text is not None:
            for piece in tokens.pieces(choice.text):
                yield self.text(index, piece)
        for place, call in enumerate(choice.calls):
            yield from self._call(index, place, call)

    def _call(self, index: int, place: int, call: ToolCall) -> Iterator[Event]:
        opening = {**_call_object(ToolCall(call.id, call.name, "")), "index": place}
        yield self._calls(index, opening, tokens.count(call.name))
        for piece in tokens.pieces(call.arguments):
            yield self._calls(index, {"index": place, "function": {"arguments": piece}}, 1)

    def _calls(self, index: int, part: dict[str, Any], count: int) -> Event:
        return Event(self.chunk(index, orjson.dumps({"tool_calls": [part]})), count)


def _choice(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": choice.text,
        "refusal": None,
        "annotations": [],
    }
    if choice.calls:
        message["tool_calls"] = [_call_object(call) for call in choice.calls]
    return {
        "index": index,
        "message": message,
        "logprobs": None if choice.logprobs is None else _logprobs(choice.logprobs),
        "finish_reason": choice.finish_reason,
    }


def _call_object(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, Any]:
    content = [
        {**_likely(likely.chosen), "top_logprobs": [_likely(other) for other in likely.top]}
        for likely in logprobs
    ]
    return {"content": content, "refusal": None}


def _likely(token: LikelyToken) -> dict[str, Any]:
    return {
        "token": token.text,
        "logprob": token.logprob,
        "bytes": list(token.text.encode()),
    }
