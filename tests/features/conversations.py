"""A wish, what programs add to it, and a tool's call with its result."""

from typing import Any

WISH = "Rename the parser's class, and fix what then breaks."
REMINDER = "<system-reminder>\nThe list of things to do is empty.\n</system-reminder>"
TOOL = {"type": "function", "function": {"name": "read_file", "parameters": {}}}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def called() -> list[dict[str, Any]]:
    call = {"id": "c", "type": "function", "function": {"name": "read_file", "arguments": "{}"}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "class Parser: ..."},
    ]
