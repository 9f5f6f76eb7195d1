"""Made-up sessions in the shapes of coding agents: long prompts, many tools, loops of several turns."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

Json = dict[str, Any]

PROSE = (
    "You are a coding agent that works in a terminal, on the files of a repository. Read before you"
    " write, keep changes small, run the tests, and say plainly what you have not done. "
)
REMINDER = (
    "<system-reminder>\nThe list of things to do is empty. Do not mention this.\n</system-reminder>"
)
TASK = "The test of the parser fails since yesterday. Find out why, and put it right."
TOOLS = ("Read", "Write", "Edit", "Bash", "Glob", "Grep", "WebFetch", "TodoWrite", "Task", "Skill")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def _schema(name: str) -> Json:
    return {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": f"What {name} is about"},
            "options": {"type": "array", "items": {"type": "string"}},
            "limit": {"type": "integer", "minimum": 1},
        },
        "required": ["path"],
        "additionalProperties": False,
    }


class Upstream:
    """What a model of chat says turn by turn, in events as they come."""

    def __init__(self, turn: int, *, calls: int, thought: str = "", text: str = "") -> None:
        self.names = [TOOLS[each % len(TOOLS)] for each in range(calls)]
        self._head = {
            "id": f"chatcmpl-{turn}",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000 + turn,
            "model": "fixed",
        }
        self._ids = [f"call_{turn}_{each}" for each in range(calls)]
        self._thought, self._text = thought, text

    def stream(self) -> tuple[bytes, ...]:
        """The events, one per piece."""
        return (*(_event(each) for each in self._chunks()), b"data: [DONE]\n\n")

    def _chunks(self) -> Iterator[Json]:
        yield self._delta(role="assistant", content="")
        for word in self._thought.split():
            yield self._delta(reasoning_content=f"{word} ")
        for word in self._text.split():
            yield self._delta(content=f"{word} ")
        for at, (call, name) in enumerate(zip(self._ids, self.names, strict=True)):
            function = {"name": name, "arguments": ""}
            yield self._called({"index": at, "id": call, "type": "function", "function": function})
            for part in ('{"path": ', f'"src/{at}.py"', "}"):
                yield self._called({"index": at, "function": {"arguments": part}})
        reason = "tool_calls" if self._ids else "stop"
        yield {**self._head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
        used = {"prompt_tokens": 9000, "completion_tokens": 40, "total_tokens": 9040}
        cached = {"prompt_tokens_details": {"cached_tokens": 8000}}
        yield {**self._head, "choices": [], "usage": {**used, **cached}}

    def _delta(self, **said: Any) -> Json:
        return {**self._head, "choices": [{"index": 0, "delta": said, "finish_reason": None}]}

    def _called(self, call: Json) -> Json:
        return self._delta(tool_calls=[call])


def _event(chunk: Json) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


class ClaudeCode:
    """A session like Claude Code's: what is sent, and what it keeps of answers."""

    path = "/messages?beta=true"
    headers: ClassVar[Mapping[str, str]] = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
        "user-agent": "claude-cli/2.1.0 (external, cli)",
        "x-app": "cli",
        "x-stainless-lang": "js",
    }

    def __init__(self) -> None:
        said = [{"type": "text", "text": REMINDER}, {"type": "text", "text": TASK}]
        self.messages: list[Json] = [{"role": "user", "content": said}]

    def body(self) -> Json:
        """The next request."""
        mark = {"type": "ephemeral"}
        return {
            "model": "claude-of-today",
            "messages": self._marked(mark),
            "system": [
                {"type": "text", "text": "You are a coding agent.", "cache_control": mark},
                {"type": "text", "text": PROSE * 90, "cache_control": {**mark, "ttl": "1h"}},
            ],
            "tools": [
                {"name": name, "description": PROSE * 8, "input_schema": _schema(name)}
                for name in TOOLS
            ],
            "metadata": {"user_id": "user_0123456789abcdef_account__session_01234567"},
            "max_tokens": 32000,
            "thinking": {"type": "enabled", "budget_tokens": 31999},
            "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
            "stream": True,
        }

    def _marked(self, mark: Json) -> list[Json]:
        """The conversation with a breakpoint at its end, which moves on from turn to turn."""
        *before, last = self.messages
        *parts, end = last["content"]
        return [*before, {**last, "content": [*parts, {**end, "cache_control": mark}]}]

    def take(self, events: list[Json]) -> int:
        """Keep an answer and run its tools; how many there were."""
        blocks: list[Json] = []
        for event in events:
            if event["type"] == "content_block_start":
                blocks.append({**event["content_block"], "_json": ""})
            elif event["type"] == "content_block_delta":
                _grow(blocks[event["index"]], event["delta"])
        said = [_whole(block) for block in blocks]
        self.messages.append({"role": "assistant", "content": said})
        uses = [block for block in said if block["type"] == "tool_use"]
        results = [self._result(use, at) for at, use in enumerate(uses)]
        if results:
            reminded = [*results, {"type": "text", "text": REMINDER}]
            self.messages.append({"role": "user", "content": reminded})
        return len(uses)

    def _result(self, use: Json, at: int) -> Json:
        told: Json = {"tool_use_id": use["id"], "type": "tool_result"}
        if at == 1:
            return {**told, "content": "No such file", "is_error": True}
        if at == 2:
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            return {**told, "content": [{"type": "image", "source": source}]}
        return {**told, "content": [{"type": "text", "text": "def parse(text): ...\n" * 40}]}


def _grow(block: Json, delta: Json) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["_json"] += delta["partial_json"]


def _whole(block: Json) -> Json:
    kept = {name: value for name, value in block.items() if name not in ("_json", "citations")}
    return {**kept, "input": json.loads(block["_json"])} if block["type"] == "tool_use" else kept


class Codex:
    """A session of the shape that Codex has."""

    path = "/responses"
    headers: ClassVar[Mapping[str, str]] = {
        "originator": "codex_cli_rs",
        "session_id": "0199a213-81c0-7800-8aa1-bbab2a035a53",
        "conversation_id": "0199a213-81c0-7800-8aa1-bbab2a035a53",
        "openai-beta": "responses=experimental",
        "accept": "text/event-stream",
        "user-agent": "codex_cli_rs/0.90.0 (Linux; x86_64) xterm",
    }

    def __init__(self) -> None:
        self.input: list[Json] = [
            _message("developer", "<permissions>Ask before you write.</permissions>"),
            _message("user", "<environment_context><cwd>/src</cwd></environment_context>"),
            _message("user", TASK),
        ]

    def body(self) -> Json:
        """The next request."""
        functions = [
            {
                "type": "function",
                "name": name,
                "description": PROSE * 8,
                "strict": False,
                "parameters": _schema(name),
            }
            for name in TOOLS
        ]
        grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
        patch = {"type": "custom", "name": "apply_patch", "description": PROSE, "format": grammar}
        helper = {**functions[0], "name": "spawn_agent"}
        helpers = {"type": "namespace", "name": "multi_agent_v1", "description": PROSE}
        return {
            "model": "gpt-5-codex",
            "instructions": PROSE * 90,
            "input": self.input,
            "tools": [*functions, {**helpers, "tools": [helper]}, patch],
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "reasoning": {"effort": "medium", "summary": "auto"},
            "store": False,
            "stream": True,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": "0199a213-81c0-7800-8aa1-bbab2a035a53",
            "text": {"verbosity": "medium"},
            "client_metadata": {"x-codex-installation-id": "01234567"},
        }

    def take(self, events: list[Json]) -> int:
        """Keep an answer and run its tools; how many there were."""
        items = [each["item"] for each in events if each["type"] == "response.output_item.done"]
        self.input += items
        calls = [item for item in items if item["type"] == "function_call"]
        for call in calls:
            output = {"type": "function_call_output", "call_id": call["call_id"]}
            self.input.append({**output, "output": "def parse(text): ...\n" * 40})
        return len(calls)


def _message(role: str, text: str) -> Json:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}
