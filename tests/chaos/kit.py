"""Requests, replies, rows and calls as tests of the checker need them."""

import hashlib
import json
from typing import Any

from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.oracle import expected
from benchmarks.chaos.replies import Ending, Seen
from benchmarks.chaos.rig import UpstreamCall
from benchmarks.chaos.shots import Shot
from router.domain.usage import NO_USAGE, Usage
from router.wire.chat import parse_chat, upstream_bytes

NONCE = "nq0123456789abcdef"
OTHER_NONCE = "nqfedcba9876543210"
_TEXT = "good river lantern pebble harvest copper violin"


def shot(*, stream: bool = False, asked: str = "auto:any", fault: str = "ok", **more: Any) -> Shot:
    """A request, by default `chaos-1`; its fault applies to every model."""
    content: dict[str, Any] = {
        "model": asked,
        "messages": [{"role": "user", "content": f"Translate into French: {NONCE} {_TEXT}"}],
    }
    if stream:
        content |= {"stream": True, "stream_options": {"include_usage": True}}
    faults = dict.fromkeys(ACTORS, fault)
    settings: dict[str, Any] = {"tag": "chaos-1", "nonce": NONCE, "wants_usage": True, **more}
    return Shot(
        asked=asked, body=json.dumps(content).encode(), stream=stream, faults=faults, **settings
    )


def text_of(asked: Shot, model: str) -> str:
    """What the model says."""
    return expected(asked.body, model, "ok", stream=asked.stream).texts[0]


def usage_of(asked: Shot, model: str) -> Usage:
    """What its answer takes."""
    return expected(asked.body, model, "ok", stream=asked.stream).usage


def plain(asked: Shot, model: str, text: str | None = None) -> bytes:
    """A plain answer of the model, or one that says something else."""
    message = {"role": "assistant", "content": text_of(asked, model) if text is None else text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": told(usage_of(asked, model))}).encode()


def told(usage: Usage) -> dict[str, int]:
    """A usage as OpenAI tells it."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.total_output_tokens,
        "total_tokens": usage.input_tokens + usage.total_output_tokens,
    }


def events(*payloads: object) -> bytes:
    """A stream with these payloads; a string is sent unchanged."""
    written = (each if isinstance(each, str) else json.dumps(each) for each in payloads)
    return "".join(f"data: {each}\n\n" for each in written).encode()


def says(text: str) -> dict[str, Any]:
    """A chunk of the first choice."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


STOPS: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
FAILS: dict[str, Any] = {"error": {"message": "broke off", "type": "server_error", "code": "x"}}


def seen(body: bytes, *, model: str = "ash-mid", status: int = 200, **more: Any) -> Seen:
    """What a client saw of a reply, by default a complete one."""
    settings: dict[str, Any] = {"ending": Ending.WHOLE, "took_s": 0.1, "bound_s": 5.0, **more}
    return Seen(status=status, headers={"x-farthing-model": model}, body=body, **settings)


def call(asked: Shot, model: str, usage: Usage = NO_USAGE, *, number: int = 1) -> UpstreamCall:
    """The upstream's record of a call for that request."""
    body = upstream_bytes(parse_chat(asked.body), model, ask_usage=True)
    ending = "finished" if usage != NO_USAGE else "refused"
    return UpstreamCall(1, number, model, hashlib.sha256(body).hexdigest(), ending, "ok", usage)
