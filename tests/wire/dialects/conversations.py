"""Requests and answers that every dialect can say, of any kind."""

from typing import Any

import orjson
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.dialects.answer import Answer, AnswerEnd, AnswerHead, Stop
from router.wire.dialects.parts import (
    CacheMark,
    Document,
    Image,
    Inline,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from router.wire.dialects.request import (
    JsonFormat,
    Request,
    Role,
    Sampling,
    Thought,
    Tool,
    ToolChoice,
    ToolUse,
    Turn,
)
from router.wire.dialects.seals import Seal

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
_MARKS = st.none() | st.just(CacheMark())
_VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS
_OBJECTS = st.dictionaries(WORDS, _VALUES | st.lists(_VALUES, max_size=2), max_size=3)
ARGUMENTS = _OBJECTS.map(lambda given: orjson.dumps(given).decode())

_URLS = NAMES.map(lambda name: f"https://example.com/{name}.png")
_BYTES = st.sampled_from(["AAAA", "aGVsbG8="])
_IMAGES: st.SearchStrategy[Part] = st.builds(
    Image,
    st.builds(Url, _URLS) | st.builds(Inline, st.sampled_from(["image/png", "image/webp"]), _BYTES),
    mark=_MARKS,
)
_TEXTS = st.builds(Text, WORDS, _MARKS)
_DOCUMENTS: st.SearchStrategy[Part] = st.builds(
    Document,
    st.builds(Inline, st.sampled_from(["application/pdf", "text/plain"]), _BYTES),
    NAMES,
    _MARKS,
).filter(lambda each: isinstance(each.source, Inline) and _is_whole(each.source))


def _is_whole(source: Inline) -> bool:
    return source.media_type != "text/plain" or source.data == "aGVsbG8="


_CALLS = st.builds(ToolCall, IDS, NAMES, ARGUMENTS)


def _turn(role: Role, parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Turn]:
    return st.lists(parts, min_size=1, max_size=3).map(lambda each: Turn(role, tuple(each)))


@st.composite
def _exchange(draw: st.DrawFn) -> list[Turn]:
    """A question, what the assistant says to it, and what the tools give back that it calls."""
    asked = draw(_turn(Role.USER, _TEXTS | _IMAGES | _DOCUMENTS))
    said: list[Part] = draw(st.lists(st.builds(Text, WORDS), max_size=1))
    calls = draw(st.lists(_CALLS, min_size=0 if said else 1, max_size=3))
    spoken = Turn(Role.ASSISTANT, (*said, *calls))
    results = tuple(ToolResult(call.id, (Text(draw(WORDS)),)) for call in calls)
    return [asked, spoken, *([Turn(Role.TOOL, results)] if results else [])]


@st.composite
def _turns(draw: st.DrawFn) -> tuple[Turn, ...]:
    system = draw(st.lists(st.builds(Turn, st.just(Role.SYSTEM), st.tuples(_TEXTS)), max_size=1))
    before = [turn for each in draw(st.lists(_exchange(), max_size=2)) for turn in each]
    if before and before[-1].role is Role.TOOL:
        return (*system, *before)
    return (*system, *before, draw(_turn(Role.USER, _TEXTS | _IMAGES | _DOCUMENTS)))


_SCHEMAS = st.dictionaries(NAMES, st.just({"type": "string"}), max_size=2).map(
    lambda named: {"type": "object", "properties": named, "additionalProperties": False}
)
_TOOLS = st.lists(
    st.builds(Tool, NAMES, WORDS | st.just(""), _SCHEMAS, st.booleans()),
    max_size=3,
    unique_by=lambda tool: tool.name,
)
_FORMATS = st.none() | st.builds(JsonFormat, _SCHEMAS, st.just("answer"))


@st.composite
def _choice(draw: st.DrawFn, tools: list[Tool]) -> ToolChoice | None:
    if not tools:
        return None
    names = st.sampled_from([tool.name for tool in tools])
    one = names.map(lambda name: ToolChoice(ToolUse.REQUIRED, (name,), is_one=True))
    return draw(st.none() | st.builds(ToolChoice, st.sampled_from(ToolUse)) | one)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request without anything that one of the dialects could not say."""
    tools = draw(_TOOLS)
    choice = draw(_choice(tools))
    effort = draw(st.sampled_from(["", "none", "low", "medium", "high", "max"]))
    is_fixed = effort not in ("", "none")  # Messages take no temperature then, and no low `top_p`
    single = bool(tools) and choice is not None and choice.use is not ToolUse.NONE
    return Request(
        model=draw(NAMES),
        turns=draw(_turns()),
        stream=draw(st.booleans()),
        tools=tuple(tools),
        choice=choice,
        parallel=draw(st.booleans()) if single else None,
        format=draw(_FORMATS),
        thought=Thought(effort=effort),
        sampling=Sampling(
            temperature=None if is_fixed else draw(st.none() | st.floats(0, 1)),
            top_p=draw(st.none() | st.floats(0.95 if is_fixed else 0, 1)),
            max_tokens=draw(st.integers(16, 10_000)),
        ),
        tier=draw(st.sampled_from(["", "auto", "default"])),
        user=draw(st.just("") | NAMES),
    )


_COUNTS = st.integers(0, 10**6)
_USAGES = st.builds(
    Usage,
    uncached_input_tokens=_COUNTS,
    cache_read_tokens=_COUNTS,
    cache_write_tokens=_COUNTS,
    output_tokens=_COUNTS,
    reasoning_tokens=_COUNTS,
)


@st.composite
def answers(draw: st.DrawFn, origin: str, *, seals: bool = True) -> Answer:
    """An answer of an upstream whose thoughts are `origin`'s, in the order that chat has."""
    refuses = draw(st.booleans())
    sealed = seals and draw(st.booleans())
    seal = Seal(origin, draw(IDS) if sealed else "")
    thoughts = draw(st.lists(st.builds(Thinking, WORDS, st.just(seal)), max_size=1))
    texts = draw(st.lists(st.builds(Text, WORDS), max_size=1))
    refusals = draw(st.lists(st.builds(Refusal, WORDS), min_size=1, max_size=1)) if refuses else []
    some = 0 if texts or refusals else 1
    calls = [] if refuses else draw(st.lists(_CALLS, min_size=some, max_size=3, unique_by=_id))
    stop = Stop.FILTER if refuses else Stop.TOOLS if calls else draw(_STOPS)
    end = AnswerEnd(stop, draw(_USAGES), draw(st.sampled_from(["", "default", "priority"])))
    return Answer(AnswerHead("x1", draw(NAMES), 5), (*thoughts, *texts, *refusals, *calls), end)


_STOPS = st.sampled_from([Stop.END, Stop.LENGTH])


def _id(call: ToolCall) -> str:
    return call.id
