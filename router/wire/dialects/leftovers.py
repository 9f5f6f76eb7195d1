"""Members of requests that only one dialect has: which may be left out, and what to do about others.

A member may be dropped if the answer means the same without it. All others are refused, including
unknown ones: what they mean would be lost.
"""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct, field

from router.wire.dialects.dialect import Dialect
from router.wire.dialects.shape import unsaid


class Own(Struct, frozen=True):
    """Members of a dialect: `harmless` ones, values that ask for `nothing`, and remedies.

    Of a list, each item may ask for nothing instead: those in `idle`. An empty text or list always does.
    """

    harmless: Collection[str]
    nothing: Mapping[str, Collection[Any]] = field(default_factory=dict)
    idle: Mapping[str, Collection[str]] = field(default_factory=dict)
    remedies: Mapping[str, str] = field(default_factory=dict)


_USE_TOOLS = "use 'tools', 'tool_choice' and messages of the role tool"
_NO_STORE = "the model that would answer stores nothing; send the whole conversation"

OWN: Mapping[Dialect, Own] = {
    Dialect.CHAT: Own(
        harmless=frozenset({"stream_options", "seed", "prediction"}),
        nothing={
            "n": (1,),
            "best_of": (1,),
            "echo": (False,),
            "frequency_penalty": (0,),
            "presence_penalty": (0,),
            "logprobs": (False,),
            "top_logprobs": (0,),
            "function_call": ("auto", "none"),
            "logit_bias": ({},),
            "min_p": (0,),
            "repetition_penalty": (1,),
            "top_k": (-1, 0),
            "modalities": (["text"],),
            "store": (False,),
        },
        remedies={
            "n": "send one request for each answer",
            "functions": _USE_TOOLS,
            "function_call": _USE_TOOLS,
            "store": _NO_STORE,
        },
    ),
    Dialect.RESPONSES: Own(
        harmless=frozenset({"stream_options"}),
        nothing={
            "store": (False,),
            "background": (False,),
            "top_logprobs": (0,),
            # A model whose context is too small is not asked, or refuses: nothing has to be dropped for the others.
            "truncation": ("auto", "disabled"),
            **dict.fromkeys(("access_programs", "background_options", "image"), ({},)),
        },
        # Thoughts are sealed anyway; the others are about tools that are refused, and what the client itself has sent.
        idle={
            "include": (
                "reasoning.encrypted_content",
                "code_interpreter_call.outputs",
                "computer_call_output.output.image_url",
                "file_search_call.results",
                "message.input_image.image_url",
                "web_search_call.action.sources",
                "web_search_call.results",
            )
        },
        remedies={
            "previous_response_id": _NO_STORE,
            "conversation": _NO_STORE,
            "store": _NO_STORE,
            "background": "leave it out and stream the answer",
            "prompt": "send its text",
        },
    ),
    Dialect.MESSAGES: Own(
        # Without its context edits a model sees more than it must, and nothing else changes.
        harmless=frozenset({"cache_control", "context_management", "diagnostics"}),
        nothing={"speed": ("standard",), "inference_geo": ("global",)},
        remedies={
            "container": "only Anthropic runs containers",
            "mcp_servers": "only Anthropic connects to them; offer their tools yourself",
        },
    ),
}
_USUAL_REMEDY = "leave it out, or use a model that speaks your API"


def refuse_leftovers(rest: Mapping[str, Any], source: Dialect) -> None:
    """Raise ApiError 400 for the first member of `rest` that may not be left out."""
    own = OWN[source]
    for name, value in rest.items():
        if name not in own.harmless and not _asks_nothing(name, value, own):
            raise unsaid(name, own.remedies.get(name, _USUAL_REMEDY))


def _asks_nothing(name: str, value: Any, own: Own) -> bool:
    if value in ("", []):
        return True
    if isinstance(value, list) and name in own.idle:
        return all(each in own.idle[name] for each in value)
    return any(
        value == each and isinstance(value, bool) == isinstance(each, bool)
        for each in own.nothing.get(name, ())
    )
