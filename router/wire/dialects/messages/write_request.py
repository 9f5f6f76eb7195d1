"""A request to Messages, written."""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from router.domain.errors import ApiError
from router.domain.members import replace
from router.wire.dialects.dialect import Target
from router.wire.dialects.ids import call_id
from router.wire.dialects.messages.parts import (
    marked,
    written_call,
    written_citation,
    written_shown,
    written_thought,
)
from router.wire.dialects.messages.schemas import accepted
from router.wire.dialects.messages.tools import written_tools
from router.wire.dialects.only_json import IN_WORDS
from router.wire.dialects.parts import Audio, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from router.wire.dialects.request import JsonFormat, Request, Role, ToolUse, Turn
from router.wire.dialects.shape import plain, unsaid
from router.wire.dialects.thinking import budget_of

_EFFORTS: Mapping[str, str] = {"minimal": "low"}
_TIERS: Mapping[str, str] = {
    "auto": "auto",
    "default": "standard_only",
    "fast": "auto",
    "priority": "auto",
    "scale": "auto",
}
"""`fast` is OpenAI's other word for `priority`, and `scale` the usual tier for those who have paid in advance."""
_Block = dict[str, Any]


def write_request(request: Request, target: Target) -> dict[str, Any]:
    """The body for `target`. Raises ApiError 400 for what Messages cannot express."""
    system, turns = _system(request.turns)
    if request.format and request.format.schema is None:
        system = _with(system, IN_WORDS)
    limit = _limit(request, target)
    thinking = _thinking(request, target, limit)
    _check_sampling(request, thinking)
    _check_beginning(request, thinking)
    return {
        "model": request.model,
        "max_tokens": limit,
        **plain(
            system=system or None,
            stream=request.stream or None,
            metadata={"user_id": request.user} if request.user else None,
            service_tier=_tier(request),
            **_sampling(request),
            **_output(request, target),
            thinking=thinking,
        ),
        **written_tools(request),
        "messages": _messages(turns, target),
    }


def _limit(request: Request, target: Target) -> int:
    limit = request.sampling.max_tokens or target.max_output_tokens
    if limit is None:
        raise ApiError(
            400,
            "The model that would answer requires a limit: set 'max_completion_tokens' or"
            " 'max_output_tokens'.",
            code="missing_required_parameter",
            param="max_tokens",
        )
    return limit


def _tier(request: Request) -> str | None:
    if not request.tier:
        return None
    if request.tier not in _TIERS:
        raise unsaid("service_tier", f"Messages support only {', '.join(_TIERS)}")
    return _TIERS[request.tier]


def _sampling(request: Request) -> dict[str, Any]:
    sampling = request.sampling
    if sampling.temperature is not None and sampling.temperature > 1:
        raise unsaid("temperature", "Messages accept 0 to 1")
    if not all(each.strip() for each in sampling.stop):
        raise unsaid("stop", "Messages accept no stop sequence of white space only")
    if request.verbosity not in ("", "medium"):
        raise unsaid("verbosity", "Messages have no such setting; ask for it in the system prompt")
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "stop_sequences": list(sampling.stop) or None,
    }


def _output(request: Request, target: Target) -> dict[str, Any]:
    schema = _schema(request.format) if request.format else None
    form = None if schema is None else {"type": "json_schema", "schema": schema}
    effort = request.thought.effort
    known = None if target.manual_thinking or effort == "none" else _EFFORTS.get(effort, effort)
    config = plain(effort=known, format=form)
    return {"output_config": config} if config else {}


def _schema(wanted: JsonFormat) -> dict[str, Any] | None:
    """The schema of the answer, which says itself what it is for."""
    if wanted.schema is None:
        return None
    about = plain(description=wanted.description)
    return accepted({**about, **wanted.schema}, "response_format")


def _thinking(request: Request, target: Target, limit: int) -> dict[str, Any] | None:
    thought = request.thought
    if thought.effort == "none":
        return {"type": "disabled"}
    if request.choice and request.choice.use is ToolUse.REQUIRED:
        return None  # a model that has to call a tool may not think first
    budget = thought.budget_tokens
    if budget is None and target.manual_thinking and thought.effort:
        budget = budget_of(thought.effort, limit)
    if budget is not None:
        may = _may_think(request.turns, target)
        return {"type": "enabled", "budget_tokens": budget} if may else None
    if target.manual_thinking or not (thought.is_adaptive or thought.effort):
        return None
    shown = {"display": "summarized"} if target.hides_thoughts else {}
    return {"type": "adaptive", **shown}


def _check_sampling(request: Request, thinking: dict[str, Any] | None) -> None:
    """Refuse a temperature other than 1 for a model that thinks, and a low `top_p`, as Messages do themselves."""
    if thinking is None or thinking["type"] == "disabled":
        return
    if request.sampling.temperature not in (None, 1):
        raise unsaid("temperature", "Messages accept only 1 if the model thinks; leave it out")
    top_p = request.sampling.top_p
    if top_p is not None and top_p < _LEAST_TOP_P:
        raise unsaid("top_p", f"Messages accept {_LEAST_TOP_P} to 1 if the model thinks")


_LEAST_TOP_P = 0.95
"""https://platform.claude.com/docs/en/build-with-claude/extended-thinking, "Feature compatibility"."""


def _check_beginning(request: Request, thinking: dict[str, Any] | None) -> None:
    """Refuse an answer that the last message begins if it is to be JSON, or to be thought about first."""
    last = request.turns[-1] if request.turns else Turn(Role.USER, ())
    words = (part.text for part in last.parts if isinstance(part, Text | Refusal))
    if last.role is not Role.ASSISTANT or not "".join(words).strip():
        return
    if request.format:
        raise unsaid("messages", "Messages begin JSON themselves; end with a user's message")
    if thinking and thinking["type"] != "disabled":
        raise unsaid("messages", "a model that thinks begins its answer itself; end with a user's")


def _may_think(turns: tuple[Turn, ...], target: Target) -> bool:
    """Whether no tool loop is going on that began without a thought of this upstream.

    With a budget, Messages require the turn whose tools gave their results to have begun with one, even if
    there are other messages after the results.
    """
    after = list(takewhile(lambda turn: turn.role is not Role.ASSISTANT, reversed(turns)))
    if all(turn.role is not Role.TOOL for turn in after):
        return True
    last = next((turn for turn in reversed(turns) if turn.role is Role.ASSISTANT), None)
    first = next(iter(_spoken(last.parts, target)), {}) if last else {}
    return first.get("type") in ("thinking", "redacted_thinking")


def _system(turns: tuple[Turn, ...]) -> tuple[str | list[_Block], tuple[Turn, ...]]:
    """What precedes the conversation; a string if that says it all.

    Messages want a conversation: instructions that nothing follows are the user's words.
    """
    first = next((i for i, turn in enumerate(turns) if turn.role not in _SYSTEM), None)
    if first is None:
        return [], tuple(replace(turn, role=Role.USER) for turn in turns)
    blocks = [block for turn in turns[:first] for block in _spoken_to(turn.parts)]
    match blocks:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text, turns[first:]
        case _:
            return blocks, turns[first:]


_SYSTEM = (Role.SYSTEM, Role.DEVELOPER)


def _with(system: str | list[_Block], words: str) -> str | list[_Block]:
    """The system prompt with `words` at its end."""
    if isinstance(system, str):
        return f"{system}\n\n{words}"
    return [*system, {"type": "text", "text": words}] if system else words


def _messages(turns: tuple[Turn, ...], target: Target) -> list[dict[str, Any]]:
    """The messages: consecutive turns of the same side are merged, empty ones dropped."""
    told: list[tuple[str, list[_Block]]] = []
    for turn in turns:
        blocks = list(_blocks(turn, target))
        if not blocks:
            continue
        if told and told[-1][0] == _ROLES[turn.role]:
            told[-1][1].extend(blocks)
        else:
            told.append((_ROLES[turn.role], blocks))
    if not told:
        raise unsaid("messages", "Messages want words, and there are none")
    if told[-1][0] == _ROLES[Role.ASSISTANT]:
        told[-1][1][-1] = _without_end(told[-1][1][-1])
    return [{"role": role, "content": _content(blocks)} for role, blocks in told]


def _without_end(block: _Block) -> _Block:
    """The last block, without white space at the end of words that the model is to go on with: Messages refuse it."""
    return {**block, "text": block["text"].rstrip()} if block["type"] == "text" else block


def _content(blocks: list[_Block]) -> str | list[_Block]:
    match blocks:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
        case _:
            return sorted(blocks, key=lambda block: block["type"] != "tool_result")


_ROLES: Mapping[Role, str] = {
    Role.SYSTEM: "system",
    Role.DEVELOPER: "system",
    Role.USER: "user",
    Role.TOOL: "user",
    Role.ASSISTANT: "assistant",
}


def _blocks(turn: Turn, target: Target) -> Iterator[_Block]:
    if turn.role is Role.ASSISTANT:
        return _spoken(turn.parts, target)
    return _spoken_to(turn.parts)


def _spoken_to(parts: tuple[Part, ...]) -> Iterator[_Block]:
    for part in parts:
        match part:
            case Text(text=text):
                if text.strip():
                    yield written_shown(Text(text, part.mark))
            case ToolResult():
                yield _result(part)
            case Audio():
                raise unsaid("input_audio", "Messages accept no audio; send its text")
            case Refusal() | Thinking() | ToolCall():
                raise unsaid("messages", "only an assistant refuses, thinks and calls tools")
            case _:
                yield written_shown(part)


def _result(result: ToolResult) -> _Block:
    failed = {"is_error": True} if result.is_error else {}
    block = {"type": "tool_result", "tool_use_id": call_id(result.call_id), **failed}
    content = list(_spoken_to(result.content))
    return marked({**block, "content": _content(content)} if content else block, result.mark)


def _spoken(parts: tuple[Part, ...], target: Target) -> Iterator[_Block]:
    """An assistant's turn, with only those thoughts that this upstream has sealed."""
    for part in parts:
        match part:
            case Text() | Refusal():
                if part.text.strip():
                    yield _said(part)
            case Thinking(seal=seal):
                if seal.origin == target.own and seal.value:
                    yield written_thought(part, native=target.own)
            case ToolCall():
                yield _called(part)
            case _:
                raise unsaid("messages", "Messages accept no images or files from an assistant")


def _called(call: ToolCall) -> _Block:
    if call.is_custom:
        raise unsaid("messages", "Messages do not support calls with free text")
    return written_call(call)


def _said(text: Text | Refusal) -> _Block:
    if isinstance(text, Refusal):
        return {"type": "text", "text": text.text}
    cited = [written_citation(each, text) for each in text.citations if each.index]
    block = {"type": "text", "text": text.text, **({"citations": cited} if cited else {})}
    return marked(block, text.mark)
