"""What providers refuse with a 400 in a conversation, each rule with the wording in which it was seen.

Their published descriptions say which members there are, and none of this.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from router.wire.dialects.dialect import Dialect

Json = dict[str, Any]
Complaints = Iterator[str]
_MESSAGES_ID = re.compile(r"[a-zA-Z0-9_-]+")
_UNCHECKED = "skip_thought_signature_validator"
"""What Google takes for a signature where there is none (https://ai.google.dev/gemini-api/docs/thought-signatures)."""
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}


def refusals(dialect: Dialect, body: Json, seals: set[str]) -> list[str]:
    """What a provider of the dialect would refuse in `body`, of whose models all `seals` are."""
    return [each for each in _RULES[dialect](body, seals) if each]


def ill_called(body: Json, form: str) -> list[str]:
    """Calls of chat, and results of such, whose ids are not of the form that a server wants."""
    calls = [call["id"] for each in body["messages"] for call in each.get("tool_calls") or ()]
    results = [each["tool_call_id"] for each in body["messages"] if each["role"] == "tool"]
    wrong = [each for each in (*calls, *results) if not re.fullmatch(form, each)]
    return [f"Tool call id was {each} but must be {form}" for each in wrong]


# --------------------------------------------------------------------------------------- Messages


def _of_messages(body: Json, seals: set[str]) -> Complaints:
    messages = [{**each, "content": _blocks(each)} for each in body["messages"]]
    if not messages or messages[0]["role"] != "user":
        yield "messages: first message must use the user role"
    for at, message in enumerate(messages):
        after = messages[at + 1]["content"] if at + 1 < len(messages) else []
        before = messages[at - 1]["content"] if at else []
        yield from _of_blocks(message["content"], seals)
        yield from _of_calls(message["content"], before, after)
    yield from _of_thinking(body, messages)


def _blocks(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _of_blocks(blocks: list[Json], seals: set[str]) -> Complaints:
    if not blocks:
        yield "all messages must have non-empty content"
    for block in blocks:
        match block["type"]:
            case "text" if not block["text"].strip():
                yield "text content blocks must contain non-whitespace text"
            case "thinking" if block["signature"] not in seals:
                yield "Invalid `signature` in `thinking` block"
            case "redacted_thinking" if block["data"] not in seals:
                yield "Invalid `data` in `redacted_thinking` block"
            case "tool_use" if not _MESSAGES_ID.fullmatch(block["id"]):
                yield "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            case "image" if block["source"].get("media_type", "image/png") not in _IMAGES:
                yield "image.source.base64.media_type: Input should be 'image/jpeg', ..."


def _of_calls(blocks: list[Json], before: list[Json], after: list[Json]) -> Complaints:
    calls = [each["id"] for each in blocks if each["type"] == "tool_use"]
    results = [each["tool_use_id"] for each in after if each["type"] == "tool_result"]
    if sorted(calls) != sorted(results):
        yield "`tool_use` ids were found without `tool_result` blocks immediately after"
    if len(set(calls)) < len(calls):
        yield "`tool_use` ids must be unique"
    kinds = [each["type"] == "tool_result" for each in blocks]
    if any(kinds) and kinds != sorted(kinds, reverse=True):
        yield "`tool_result` blocks must come first"
    called = {each["id"] for each in before if each["type"] == "tool_use"}
    if any(each["type"] == "tool_result" and each["tool_use_id"] not in called for each in blocks):
        yield "unexpected `tool_use_id` found in `tool_result` blocks"


def _of_thinking(body: Json, messages: list[Json]) -> Complaints:
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return
    if body["max_tokens"] <= thinking["budget_tokens"]:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    is_loop = any(each["type"] == "tool_result" for each in messages[-1]["content"])
    first = messages[-2]["content"][0]["type"] if is_loop else "thinking"
    if first not in ("thinking", "redacted_thinking"):
        yield f"Expected `thinking` or `redacted_thinking`, but found `{first}`"


# -------------------------------------------------------------------------------------- Responses


def _of_responses(body: Json, seals: set[str]) -> Complaints:
    items = body["input"]
    calls = [each["call_id"] for each in items if each.get("type") == "function_call"]
    outputs = [each["call_id"] for each in items if each.get("type") == "function_call_output"]
    yield from (f"No tool output found for function call {each}" for each in {*calls} - {*outputs})
    yield from (
        f"No tool call found for function call output with call_id {each}"
        for each in {*outputs} - {*calls}
    )
    if any(len(each) > 64 for each in calls):
        yield "Invalid 'input[].call_id': string too long"
    for at, item in enumerate(items):
        yield from _of_item(item, items[at + 1 :], seals)


def _of_item(item: Json, after: list[Json], seals: set[str]) -> Complaints:
    kind = item.get("type", "message")
    prefix = {"message": "msg", "function_call": "fc", "reasoning": "rs"}.get(kind, "")
    if prefix and "id" in item and not item["id"].startswith(prefix):
        yield f"Invalid 'input[].id': Expected an ID that begins with '{prefix}'"
    if kind == "reasoning":
        if item.get("encrypted_content") not in seals:
            yield "The encrypted content could not be verified"
        if not after or after[0].get("role") == "user":
            yield "Item of type 'reasoning' was provided without its required following item"


# ------------------------------------------------------------------------------------------- chat


def _of_chat(body: Json, seals: set[str]) -> Complaints:
    if seals:
        yield from _of_gemini(body["messages"])
    open_calls: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                yield "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            open_calls = [each for each in open_calls if each != message["tool_call_id"]]
            if any(part["type"] != "text" for part in _parts(message)):
                yield "Image URLs are only allowed for messages with role 'user'"
            continue
        if open_calls:
            yield "An assistant message with 'tool_calls' must be followed by tool messages"
        open_calls = [each["id"] for each in message.get("tool_calls") or ()]
        yield from _of_message(message, seals)


def _parts(message: Json) -> list[Json]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _of_message(message: Json, seals: set[str]) -> Complaints:
    if message["role"] == "assistant" and not (message.get("content") or message.get("tool_calls")):
        yield "Invalid value for 'content': expected a string, got null"
    if "reasoning_details" in message:
        yield "property 'reasoning_details' is unsupported"
    calls = message.get("tool_calls") or ()
    yield from (_of_signature(call, seals) for call in calls if "extra_content" in call)
    yield from ("tool_calls.id: must not be empty" for call in calls if not call["id"])


def _of_signature(call: Json, seals: set[str]) -> str:
    """As Gemini has it; the others have no such thing."""
    if not seals:
        return "property 'extra_content' is unsupported"
    return "" if _signature(call) in {*seals, _UNCHECKED} else "Thought signature is not valid"


def _signature(call: Json) -> Any:
    return call.get("extra_content", {}).get("google", {}).get("thought_signature")


def _of_gemini(messages: list[Json]) -> Complaints:
    """In the current turn, the first call of each message must be signed."""
    last = max((at for at, each in enumerate(messages) if each["role"] == "user"), default=0)
    for message in messages[last:]:
        first = next(iter(message.get("tool_calls") or ()), None)
        if first is not None and _signature(first) is None:
            yield "Function call is missing a thought_signature in functionCall parts"


_RULES: Mapping[Dialect, Callable[[Json, set[str]], Complaints]] = {
    Dialect.MESSAGES: _of_messages,
    Dialect.RESPONSES: _of_responses,
    Dialect.CHAT: _of_chat,
}
