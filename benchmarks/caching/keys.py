"""Pairs of requests that are the same or are not: what Farthing's cache key says, and LiteLLM's.

    python -m benchmarks.caching.keys

LiteLLM's key comes from its own `Cache.get_cache_key`, with the arguments that its proxy passes on;
a tenant is given to it as the metadata of a virtual key. A pair is wrong if requests that mean the
same have two keys (an answer is paid twice) or requests that do not have one (a wrong answer is
given).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.caching.litellm_side import litellm_key
from router.wire.cached import cache_key


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and who sends it."""

    body: Mapping[str, Any]
    tenant: str = "alpha"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two requests, and whether one answer is right for both."""

    name: str
    one: Asked
    other: Asked
    is_same: bool


def _asks(text: str = "What is 17 * 23?", tenant: str = "alpha", **fields: Any) -> Asked:
    message = {"role": "user", "content": text}
    return Asked({"model": "m", "messages": [message], "temperature": 0, **fields}, tenant)


def _messages(*messages: Mapping[str, Any]) -> Asked:
    return Asked({"model": "m", "messages": list(messages), "temperature": 0})


_USER = {"role": "user", "content": "What is 17 * 23?"}
_TURNED = dict(reversed(_USER.items()))
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
_TOOL_TURNED = {"function": {"parameters": {"type": "object"}, "name": "f"}, "type": "function"}

PAIRS = (
    Pair("members of a message in another order", _messages(_USER), _messages(_TURNED), True),
    Pair(
        "members of a tool in another order",
        _asks(tools=[_TOOL]),
        _asks(tools=[_TOOL_TURNED]),
        True,
    ),
    Pair("0 and 0.0", _asks(temperature=0), _asks(temperature=0.0), True),
    Pair("a default, said and unsaid", _asks(), _asks(n=1, presence_penalty=0), True),
    Pair("null and absent", _asks(), _asks(seed=None), True),
    Pair("one stop word, alone and in a list", _asks(stop="END"), _asks(stop=["END"]), True),
    Pair("who it is filed under", _asks(), _asks(user="u1"), True),
    Pair("streamed and whole", _asks(), _asks(stream=True), True),
    Pair("two tenants", _asks(), _asks(tenant="beta"), False),
    Pair("another word", _asks(), _asks("What is 17 * 24?"), False),
    Pair("another temperature", _asks(), _asks(temperature=0.5), False),
    Pair("another seed", _asks(seed=1), _asks(seed=2), False),
    Pair("1 and true", _asks(n=1), _asks(n=True), False),
    Pair(
        "a text that looks like two messages",
        _messages({"role": "user", "content": "a'}, {'role': 'user', 'content': 'b"}),
        _messages({"role": "user", "content": "a"}, {"role": "user", "content": "b"}),
        False,
    ),
    Pair(
        "a value that looks like the next parameter",
        _asks(response_format={"type": "text"}, user="x", stop="sseed: 1"),
        _asks(response_format={"type": "text"}, user="x", stop="s", seed=1),
        False,
    ),
    Pair("a field that nobody knows", _asks(), _asks(reasoning_budget_of_tomorrow=5), False),
)


def _our_key(asked: Asked) -> str | None:
    return cache_key(asked.body, ("key", asked.tenant))


def _their_key(asked: Asked) -> str | None:
    return litellm_key(asked.body, asked.tenant)


def main() -> None:
    """Print the table."""
    table = Table("two requests", "are", "Farthing says", "LiteLLM says")
    wrong = [0, 0]
    for pair in PAIRS:
        cells = [pair.name, _word(pair.is_same)]
        for side, key_of in enumerate((_our_key, _their_key)):
            is_same = key_of(pair.one) == key_of(pair.other)
            wrong[side] += is_same is not pair.is_same
            cells.append(_word(is_same) + ("" if is_same is pair.is_same else " [red]wrong[/]"))
        table.add_row(*cells)
    console = Console()
    console.print(table)
    console.print(f"Wrong of {len(PAIRS)}: Farthing {wrong[0]}, LiteLLM {wrong[1]}.")


def _word(is_same: bool) -> str:
    return "the same" if is_same else "different"


if __name__ == "__main__":
    main()
