"""JSON objects as someone else's encoder might write them: odd spaces, odd escapes, decoys."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

DECOYS = (
    "model",
    "stream_options",
    'a"model',
    "model\\",
    '"model": "x"',
    "Model",
    "",
    "id",
    '"id": "x"',
)

_SPACES = st.sampled_from(["", "", "", " ", "\n", "\t", "\r\n  "])
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [*DECOYS, '{"model": "x"}', "\\", '\\"', "e\\u0065", "x" * 5000]
)
_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(width=32) | _TEXTS
).filter(lambda scalar: not isinstance(scalar, float) or abs(scalar) < 1e30)


def _holders(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4)


_TREES: st.SearchStrategy[Any] = st.recursive(_SCALARS, _holders, max_leaves=8)


@st.composite
def trees(draw: st.DrawFn) -> Any:
    """Any value of JSON."""
    return draw(_TREES)


TREES = trees()


@dataclass(frozen=True)
class Written:
    """An object as written in a file: text between the values alternating with the values."""

    keys: list[str]
    values: list[str]
    between: list[str]

    @property
    def raw(self) -> bytes:
        return self._with(self.values)

    def with_members(self, name: str, value: str) -> bytes:
        """The same text with another value for every member of that name."""
        return self._with(
            [value if key == name else old for key, old in zip(self.keys, self.values, strict=True)]
        )

    def _with(self, values: list[str]) -> bytes:
        first, *rest = self.between
        return (first + "".join(v + b for v, b in zip(values, rest, strict=True))).encode()


@st.composite
def objects(draw: st.DrawFn, keys: st.SearchStrategy[str] = _TEXTS) -> Written:
    """Any object, keys repeated or escaped as it comes."""
    names = draw(st.lists(keys, max_size=6))
    between = [f"{draw(_SPACES)}{{"]
    for place, name in enumerate(names):
        comma = "," if place else ""
        between[-1] += f"{comma}{draw(_SPACES)}{draw(_quoted(name))}{draw(_SPACES)}:{draw(_SPACES)}"
        between.append(draw(_SPACES))
    between[-1] += f"{draw(_SPACES)}}}{draw(_SPACES)}"
    return Written(names, [draw(_encoded(draw(TREES))) for _ in names], between)


@st.composite
def _encoded(draw: st.DrawFn, value: Any) -> str:
    match value:
        case str():
            return draw(_quoted(value))
        case list():
            return _joined(draw, "[]", [draw(_encoded(item)) for item in value])
        case dict():
            members = [
                f"{draw(_quoted(key))}{draw(_SPACES)}:{draw(_SPACES)}{draw(_encoded(item))}"
                for key, item in value.items()
            ]
            return _joined(draw, "{}", members)
        case _:
            return json.dumps(value)


def _joined(draw: st.DrawFn, brackets: str, items: list[str]) -> str:
    spaced = [f"{draw(_SPACES)}{item}{draw(_SPACES)}" for item in items]
    return f"{brackets[0]}{draw(_SPACES)}{','.join(spaced)}{brackets[1]}"


@st.composite
def _quoted(draw: st.DrawFn, text: str) -> str:
    style = draw(st.sampled_from(["ascii", "utf-8", "escaped"]))
    if style == "escaped":
        units = text.encode("utf-16-be").hex()
        return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'
    return json.dumps(text, ensure_ascii=style == "ascii")
