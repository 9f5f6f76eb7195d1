"""A client's fields as arguments for litellm: chosen by name, so that they can only ask.

litellm takes some three hundred keyword arguments. Some of them lead a call elsewhere
(`api_base`, `custom_llm_provider`, `fallbacks`, `extra_headers`, `client`), answer in the model's
place (`mock_response`), or give it other credentials (`aws_*`, `vertex_*`); an unknown one is put
into the provider's request or read as a setting of the provider. So only the names below are passed
on, and anything else in a body stays here.
"""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import orjson
from msgspec import Struct

from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.providers.translating.addresses import forbidden_address
from router.wire.dialects.ids import user_id

MEANING = frozenset(
    "messages tools tool_choice functions function_call response_format stop n max_tokens"
    " max_completion_tokens logit_bias logprobs top_logprobs modalities audio web_search_options".split()
)
"""Fields without which the answer would be different: a provider that lacks them refuses the request."""

SAMPLING = frozenset("temperature top_p presence_penalty frequency_penalty".split())
"""Hints that reasoning models list as supported, but whose values they refuse."""

HINTS = SAMPLING | frozenset(
    "seed user reasoning_effort verbosity thinking prediction parallel_tool_calls service_tier"
    " store safety_identifier prompt_cache_key prompt_cache_retention".split()
)
"""Fields that a provider may lack: the request is then sent without them, as it would be to a model
that does not know them. (`parallel_tool_calls` is a hint only if true: see `_SAYS_NOTHING`.)"""

EXTRAS = frozenset({"top_k"})
"""Not OpenAI's, but known to most others, and a plain number in the provider's request."""

CLIENT_FIELDS = MEANING | HINTS | EXTRAS
"""Everything that a client's body can put into litellm's arguments."""

_SAYS_NOTHING: Mapping[str, object] = {
    "n": 1,
    "logprobs": False,
    "parallel_tool_calls": True,
    "response_format": {"type": "text"},
    "modalities": ["text"],
    "store": False,
    "stop": [],
    "tools": [],
    "functions": [],
}
"""Values that ask for what happens anyway; they are left out, so that no provider can refuse them."""

_TOOL_FIELDS = ("type", "function", "cache_control")


class CallTarget(Struct, frozen=True):
    """Where an upstream's operator sends calls; `options` are further arguments by litellm's names."""

    provider: str
    api_key: str
    base_url: str
    options: Mapping[str, str]

    def secrets(self) -> tuple[str, ...]:
        """Texts that may not appear in a message, longest first."""
        named = (v for name, v in self.options.items() if any(sign in name for sign in _SECRETS))
        return tuple(sorted(filter(None, {self.api_key, *named}), key=len, reverse=True))


_SECRETS = ("key", "secret", "token", "password", "credential")


def asked_by(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What `fields` ask for, as a copy that litellm may change.

    Raises AttemptFailed, as the client's fault, for an address or a tool that is not passed on.
    """
    chosen = {
        name: value
        for name, value in fields.items()
        if name in CLIENT_FIELDS and value is not None and not _says_nothing(name, value)
    }
    if place := forbidden_address(chosen.get("messages")):
        _refuse(place, f"'{place}' must be a data: URL, or an https: one of a public host.")
    if isinstance(user := chosen.get("user"), str):
        chosen["user"] = user_id(user)
    if "tools" in chosen:
        chosen["tools"] = [_function_tool(tool, at) for at, tool in enumerate(chosen["tools"])]
    return _copied(chosen)


def fitting(asked: Mapping[str, Any], supported: Collection[str] | None) -> dict[str, Any]:
    """`asked` without the hints that are not `supported`; with all of them if that is unknown."""
    if supported is None:
        return dict(asked)
    kept = {
        name: value
        for name, value in asked.items()
        if name in supported or not is_hint(name, value)
    }
    limit = "max_completion_tokens"
    if limit in kept and limit not in supported and "max_tokens" in supported:
        kept["max_tokens"] = kept.pop(limit)
    return kept


def without(asked: Mapping[str, Any], dropped: Collection[str]) -> dict[str, Any]:
    """`asked` without those hints whose names are in `dropped`."""
    return {
        name: value
        for name, value in asked.items()
        if name not in dropped or not is_hint(name, value)
    }


def is_hint(name: str, value: object) -> bool:
    """Whether the request means the same without this field."""
    return name in HINTS and (name, value) != ("parallel_tool_calls", False)


def call_arguments(
    asked: Mapping[str, Any], target: CallTarget, model_name: str, *, stream: bool
) -> dict[str, Any]:
    """All arguments of one call. Ours come last, so that nothing asked for can replace them.

    litellm does no retries, price keeping or tool running of its own; how long to wait is up to
    the attempt machine, hence a limit of a day.
    """
    streamed = {"stream_options": {"include_usage": True}} if stream else {}
    return {
        **asked,
        **target.options,
        "model": f"{target.provider}/{model_name}",
        "api_key": target.api_key or None,
        "base_url": target.base_url or None,
        "stream": stream,
        **streamed,
        "num_retries": 0,
        "max_retries": 0,
        "timeout": 86_400.0,
        "drop_params": False,
        "caching": False,
        "no-log": True,
        # A tool that names an MCP server is the client's to run. Without this litellm 1.106.2
        # also fails on every request with tools when the package `mcp` is not installed.
        "_skip_mcp_handler": True,
    }


def _says_nothing(name: str, value: object) -> bool:
    return name in _SAYS_NOTHING and value == _SAYS_NOTHING[name]


def _function_tool(tool: object, index: int) -> dict[str, Any]:
    """A tool that the client runs. Others would run at the provider, with the operator's rights there."""
    if not isinstance(tool, dict) or tool.get("type") != "function":
        _refuse(f"tools[{index}].type", f"'tools[{index}].type' must be 'function' for this model.")
    return {name: tool[name] for name in _TOOL_FIELDS if name in tool}


def _copied(chosen: dict[str, Any]) -> dict[str, Any]:
    try:
        copy: dict[str, Any] = orjson.loads(orjson.dumps(chosen))
    except orjson.JSONEncodeError:
        # orjson writes 254 levels; reading may have let more pass.
        _refuse(None, "The request is nested too deeply for this model.")
    return copy


def _refuse(param: str | None, message: str) -> NoReturn:
    error = {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": "invalid_value",
    }
    raise AttemptFailed(Fault(FaultKind.CLIENT, 400, message, "invalid_value", error=error))
