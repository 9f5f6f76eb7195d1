"""What a request needs of a model, read from its fields and parts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router.domain.model import Capability
from router.features.text import parts_in, pictures_in

Body = Mapping[str, Any]
Parts = Mapping[str, int]


def _format(body: Body) -> object:
    wanted = body.get("response_format")
    return wanted.get("type") if isinstance(wanted, dict) else "text"


def _has_audio(body: Body, parts: Parts) -> bool:
    modalities = body.get("modalities")
    is_spoken = isinstance(modalities, list) and "audio" in modalities
    return is_spoken or "input_audio" in parts or "audio_url" in parts


def _speaks_of_tools(body: Body) -> bool:
    """Whether tools are offered, or were called earlier: a model without tools may refuse such a conversation."""
    return bool(body.get("tools") or body.get("functions")) or any(
        message["role"] in _TOOLS_SPEAK or message.get("tool_calls") or message.get("function_call")
        for message in body["messages"]
    )


_TOOLS_SPEAK = ("tool", "function")

_SIGNS: Mapping[Capability, Callable[[Body, Parts], bool]] = {
    Capability.TOOLS: lambda body, _: _speaks_of_tools(body),
    Capability.VISION: lambda _, parts: pictures_in(parts) > 0,
    Capability.AUDIO: _has_audio,
    Capability.FILES: lambda _, parts: "file" in parts or "input_file" in parts,
    Capability.JSON_SCHEMA: lambda body, _: _format(body) == "json_schema",
    Capability.JSON_OBJECT: lambda body, _: _format(body) == "json_object",
    Capability.LOGPROBS: lambda body, _: bool(body.get("logprobs")),
    Capability.MANY_CHOICES: lambda body, _: (body.get("n") or 1) > 1,
}
"""A new need is a capability in the domain and a row here."""


def tools_to_call(body: Body) -> Sequence[Any]:
    """The tools that a model may call: none if the request forbids it, though the model must then know them, too."""
    if "none" in (body.get("tool_choice"), body.get("function_call")):
        return ()
    tools = body.get("tools") or body.get("functions")  # as they were called before
    return tools if isinstance(tools, list) else ()


def needs_of(body: Body) -> frozenset[Capability]:
    """The capabilities without which a model would refuse `body` or answer something else."""
    parts = parts_in(body["messages"])
    return frozenset(
        capability for capability, is_needed in _SIGNS.items() if is_needed(body, parts)
    )
