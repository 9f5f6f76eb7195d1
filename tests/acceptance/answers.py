"""Chat completions and requests, as short as a test wants to write them."""

from collections.abc import Mapping
from typing import Any

import orjson

from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import asked
from router.acceptance.finding.found import Final
from router.acceptance.said import Said, read

Answer = dict[str, Any]


def says(text: Any, *, finish_reason: Any = "stop", **more: Any) -> Answer:
    """A whole answer with this content."""
    message = {"role": "assistant", "content": text, **more}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]}


def calls(*named: tuple[str, Mapping[str, Any] | str]) -> Answer:
    """An answer that calls tools, each with a name and arguments."""
    told = [
        {"id": f"call_{number}", "type": "function", "function": _function(name, arguments)}
        for number, (name, arguments) in enumerate(named)
    ]
    return says(None, finish_reason="tool_calls", tool_calls=told)


def _function(name: str, arguments: Mapping[str, Any] | str) -> dict[str, str]:
    text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    return {"name": name, "arguments": text}


def asks(question: str, **more: Any) -> dict[str, Any]:
    """A request that asks one question."""
    return {"model": "some-model", "messages": [{"role": "user", "content": question}], **more}


def final(text: str, question: str = "Please tell me.", **more: Any) -> Final:
    """What a text comes to as an answer to a question."""
    said = read(says(text))
    assert isinstance(said, Said)
    return final_answer(asked(asks(question, **more)), said)
