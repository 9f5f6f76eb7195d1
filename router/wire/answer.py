"""What an upstream answered: whether it is an answer at all, what it consumed, what it said.

Nothing here is rebuilt: the bytes that came are the bytes that go, and these readers only look.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

import orjson
from msgspec import Struct

from router.domain.money import Money
from router.domain.service_tier import anthropics_tier, tier_of
from router.domain.usage import Usage
from router.wire.errors import error_in
from router.wire.sse import data_of
from router.wire.usage import read_usage
from router.wire.usage.terms import stated_cost


class MalformedAnswer(ValueError):
    """The upstream said 200 and then sent something that is no chat completion."""


class PlainAnswer(Struct, frozen=True):
    """A whole chat completion: its usage (None where the upstream sent none) and its length.

    `service_tier` is the one that was billed, "" where nothing is said of it. `cites` says that a page is
    cited: then the provider has searched. `consults` says that another model was asked on the way, whose tokens
    are not in the usage. `id` is the answer's own, as it came. `stated_cost` is what the upstream says that it charges,
    None where it does not.
    """

    usage: Usage | None
    output_chars: int
    finish_reasons: frozenset[str]
    calls_tools: bool
    service_tier: str = ""
    refuses: bool = False
    cites: bool = False
    consults: bool = False
    id: object = None
    stated_cost: Money | None = None


def read_plain(raw: bytes) -> PlainAnswer:
    """What a chat completion says. Raises MalformedAnswer for anything else."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MalformedAnswer("the upstream's answer is not JSON") from None
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices:
        raise MalformedAnswer("the upstream's answer has no choices")
    if not all(isinstance(choice, dict) for choice in choices):
        raise MalformedAnswer("a choice in the upstream's answer is not an object")
    messages = [member(choice, "message") for choice in choices]
    return PlainAnswer(
        usage=read_usage(answer.get("usage")),
        output_chars=sum(map(_chars, messages)),
        finish_reasons=_finish_reasons(choices),
        calls_tools=any(map(_calls_tools, messages)),
        service_tier=_billed_tier(answer),
        refuses=any(message.get("refusal") for message in messages),
        cites=any(map(_cites, messages)),
        id=answer.get("id"),
        stated_cost=stated_cost(answer.get("usage")),
    )


class EventKind(Enum):
    """What an event of a stream means to us."""

    CONTENT = auto()
    """Text, a tool call, a refusal, or the end of a choice: something a client acts on."""
    PREAMBLE = auto()
    """The role, a keep-alive, a comment: nothing lost if another model starts over."""
    USAGE = auto()
    """The extra chunk without choices that carries the usage."""
    DONE = auto()
    ERROR = auto()


class StreamEvent(NamedTuple):
    """One event as it came, and what was read from it.

    `choices` are the indices of the choices in it, `finished` of those that it ends. `content_chars` are
    those of `output_chars` that are plain content, and `says_more` tells whether there is anything besides
    content and thoughts. `prompt` is the usage reported before anything was written, where it was. `cites`,
    `consults`, `id` and `stated_cost` as in a `PlainAnswer`.
    """

    raw: bytes
    kind: EventKind
    output_chars: int = 0
    content_chars: int = 0
    usage: Usage | None = None
    choices: frozenset[int] = frozenset()
    finished: frozenset[int] = frozenset()
    finish_reasons: frozenset[str] = frozenset()
    calls_tools: bool = False
    service_tier: str = ""
    error: Mapping[str, Any] | None = None
    refuses: bool = False
    says_more: bool = False
    prompt: Usage | None = None
    cites: bool = False
    consults: bool = False
    id: object = None
    stated_cost: Money | None = None


class Words(NamedTuple):
    """Events that differ from an earlier one only in their words: there is nothing else to be read in them."""

    raw: bytes
    output_chars: int
    content_chars: int


Told = StreamEvent | Words


def read_event(raw: bytes) -> StreamEvent:
    """What one server-sent event says. Raises MalformedAnswer when its payload is no chunk."""
    data = data_of(raw)
    if data is None:
        return StreamEvent(raw, EventKind.PREAMBLE)
    if data.strip() == b"[DONE]":
        return StreamEvent(raw, EventKind.DONE)
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise MalformedAnswer("an event of the upstream's stream is not JSON") from None
    if not isinstance(chunk, dict):
        raise MalformedAnswer("an event of the upstream's stream is not an object")
    if (error := error_in(chunk)) is not None:
        return StreamEvent(raw, EventKind.ERROR, error=error)
    return _read_chunk(raw, chunk)


def _read_chunk(raw: bytes, chunk: dict[str, Any]) -> StreamEvent:
    choices = chunk.get("choices") or []
    if not isinstance(choices, list):
        raise MalformedAnswer("the choices in an event of the upstream's stream are not a list")
    usage, cost = read_usage(chunk.get("usage")), stated_cost(chunk.get("usage"))
    if not choices:
        kind = EventKind.USAGE if usage else EventKind.PREAMBLE
        tier = _billed_tier(chunk)
        return StreamEvent(raw, kind, usage=usage, service_tier=tier, stated_cost=cost)
    deltas = [member(choice, "delta") for choice in choices]
    reasons = _finish_reasons(choices)
    says = bool(reasons) or any(_says_something(delta) for delta in deltas)
    return StreamEvent(
        raw,
        EventKind.CONTENT if says else EventKind.PREAMBLE,
        output_chars=sum(map(_chars, deltas)),
        content_chars=sum(_text_chars(delta, _CONTENT) for delta in deltas),
        usage=usage,
        choices=frozenset(map(index_of, choices)),
        finished=frozenset(index_of(each) for each in choices if _finish_reasons([each])),
        finish_reasons=reasons,
        calls_tools=any(map(_calls_tools, deltas)),
        service_tier=_billed_tier(chunk),
        refuses=any(delta.get("refusal") for delta in deltas),
        says_more=any(map(_says_more, choices)),
        cites=any(map(_cites, deltas)),
        id=chunk.get("id"),
        stated_cost=cost,
    )


def index_of(item: object, otherwise: int = 0) -> int:
    """Which of several choices, or calls, this is."""
    index = item.get("index") if isinstance(item, dict) else None
    return index if isinstance(index, int) else otherwise


def _says_something(delta: Mapping[str, Any]) -> bool:
    return any(value for name, value in delta.items() if name != "role")


def _says_more(choice: object) -> bool:
    is_odd = not isinstance(choice, dict) or bool(choice.get("error"))
    members = member(choice, "delta").items()
    return is_odd or any(value for name, value in members if name not in _USUAL_MEMBERS)


def _calls_tools(message: Mapping[str, Any]) -> bool:
    return bool(message.get("tool_calls") or message.get("function_call"))


def _cites(message: Mapping[str, Any]) -> bool:
    cited = message.get("annotations")
    return isinstance(cited, list) and any(
        isinstance(each, dict) and each.get("type") == "url_citation" for each in cited
    )


def member(holder: object, name: str) -> Mapping[str, Any]:
    """A member that is an object; an empty one if it is not."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def _finish_reasons(choices: list[Any]) -> frozenset[str]:
    reasons = (choice.get("finish_reason") for choice in choices if isinstance(choice, dict))
    return frozenset(reason for reason in reasons if isinstance(reason, str))


_CONTENT = ("content",)
_TEXT_FIELDS = ("content", "refusal", "reasoning_content", "reasoning")
_USUAL_MEMBERS = frozenset(
    {"role", "content", "reasoning_content", "reasoning", "reasoning_details"}
)


def _chars(message: Mapping[str, Any]) -> int:
    """Characters generated, as far as they are shown: the basis of an estimated usage."""
    calls = message.get("tool_calls")
    called = sum(map(_call_chars, calls)) if isinstance(calls, list) else 0
    return called + _text_chars(message, _TEXT_FIELDS)


def _call_chars(call: object) -> int:
    function, custom = member(call, "function"), member(call, "custom")
    return _text_chars(function, ("name", "arguments")) + _text_chars(custom, ("name", "input"))


def _text_chars(holder: Mapping[str, Any], names: Iterable[str]) -> int:
    return sum(len(text) for name in names if isinstance(text := holder.get(name), str))


def _billed_tier(answer: Mapping[str, Any]) -> str:
    """The service tier that an answer, or a chunk of it, says was billed; "" where it says nothing."""
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        return tier_of(answer.get("service_tier"))
    tier = answer.get("service_tier") or usage.get("service_tier")
    return anthropics_tier({**usage, "service_tier": tier})
