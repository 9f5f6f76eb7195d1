"""What several schemas demand together, as one schema."""

from typing import Any

_ABOUT = ("title", "description", "default", "examples", "$schema")
"""Members that demand nothing: of several, the first one stands."""
_EXACT = ("type", "enum", "const", "anyOf")
"""Members without which a schema means something else, and of which it can have only one."""


def together(whole: dict[str, Any], more: dict[str, Any]) -> str:
    """Add to `whole` what `more` demands. Returns the name of the member in which they differ, "" if in none.

    What else cannot be said at once stays in `allOf`, to be told in words.
    """
    for name, told in more.items():
        before = whole.get(name, told)
        if before == told:
            whole[name] = told
        elif name in _EXACT:
            return name
        elif name not in _ABOUT:
            _join(whole, name, before, told)
    return ""


def _join(whole: dict[str, Any], name: str, before: Any, told: Any) -> None:
    match name, before, told:
        case "required", list(), list():
            whole[name] = [*before, *(each for each in told if each not in before)]
        case "properties" | "$defs" | "definitions", dict(), dict():
            whole[name] = {**before, **{each: _both(before, each, told) for each in told}}
        case "items", dict(), dict():
            whole[name] = {"allOf": [before, told]}
        case "additionalProperties", _, _:
            whole[name] = False if False in (before, told) else _narrower(before, told)
        case _:
            whole["allOf"] = [*whole.get("allOf", ()), {name: told}]


def _both(before: dict[str, Any], name: str, told: dict[str, Any]) -> Any:
    """The schema of a member that both may name."""
    if name not in before or before[name] == told[name]:
        return told[name]
    return {"allOf": [before[name], told[name]]}


def _narrower(before: Any, told: Any) -> Any:
    return told if before is True else before
