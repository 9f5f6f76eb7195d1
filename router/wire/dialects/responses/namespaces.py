"""Namespaces: Responses may group tools under a name, as Codex does; other APIs know only single tools.

To them a grouped tool has one name made of both. The model calls it by that name, and the client gets both
names back, grouped as in its own request.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from router.domain.members import replace
from router.wire.dialects.answer import Answer, Beat, Opened
from router.wire.dialects.parts import Part, ToolCall
from router.wire.dialects.shape import JsonObject

KIND = "namespace"
_LONGEST = 64
"""Maximum length of a tool's name, for chat and for Messages."""
_DIGITS = 8

Grouped = Mapping[str, tuple[str, str]]
"""From the joint name of each grouped tool to the names of its namespace and itself."""


def one_name(namespace: str, name: str) -> str:
    """The name of a tool for APIs without namespaces; `name` itself if it is in none."""
    if not namespace:
        return name
    both = f"{namespace}__{name}"
    if len(both) <= _LONGEST:
        return both
    return f"{both[: _LONGEST - _DIGITS - 1]}_{sha256(both.encode()).hexdigest()[:_DIGITS]}"


def grouped_in(asked: Mapping[str, Any]) -> Grouped:
    """The grouped tools of a client's request, which was read before; none if it is of another API."""
    found = dict[str, tuple[str, str]]()
    for group in _objects(asked.get("tools")):
        if group.get("type") == KIND:
            for tool in _objects(group.get("tools")):
                place = (str(group.get("name")), str(tool.get("name")))
                found[one_name(*place)] = place
    return found


def regrouped(answer: Answer, grouped: Grouped) -> Answer:
    """`answer` with its calls under the names that the client knows."""
    if not grouped:
        return answer
    return replace(answer, parts=tuple(_regrouped(part, grouped) for part in answer.parts))


def regrouped_beat(beat: Beat, grouped: Grouped) -> Beat:
    """The same for a beat of a stream."""
    if grouped and isinstance(beat, Opened):
        return Opened(_regrouped(beat.part, grouped))
    return beat


def _regrouped(part: Part, grouped: Grouped) -> Part:
    if not isinstance(part, ToolCall) or part.name not in grouped:
        return part
    namespace, name = grouped[part.name]
    return replace(part, name=name, namespace=namespace)


def _objects(value: object) -> list[JsonObject]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
