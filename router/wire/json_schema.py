"""Whether JSON conforms to a JSON Schema that a client has sent, in a time that no client can stretch.

The validator memoises what it has seen of recursive schemas, matches patterns in linear time, and
fetches nothing. What remains is a schema that refers to parts of itself over and over: so each schema is
measured first, and left unchecked if it unfolds to too much.
"""

from collections.abc import Iterator
from typing import Any

import orjson

_MOST_WORK = 2**25
"""Parts of the unfolded schema times characters of JSON: at worst some 0.1 s."""
_MOST_STEPS = 4_000
"""Steps of the measuring itself: as many as a schema of 50 to 100 KB has parts."""
_LARGEST_PATTERN_BYTES = 2**20


class Unchecked(Exception):
    """This is not a schema, refers to something outside itself, or cannot be checked in time."""


def keeps(text: str, schema: object) -> bool:
    """Whether the JSON in `text` conforms to `schema`.

    Raises orjson.JSONDecodeError if it is not JSON, and Unchecked. It does not say which keyword is violated:
    to list errors, the validator walks recursive schemas without memoising.
    """
    value = orjson.loads(text)
    if not isinstance(schema, dict | bool) or unfolded_parts(schema) * len(text) > _MOST_WORK:
        raise Unchecked
    return _is_valid(value, schema)


def _is_valid(value: Any, schema: dict[str, Any] | bool) -> bool:
    # 7 MB and 30 ms, which most proxies never need: so it is loaded only now.
    import jsonschema_rs as validating  # noqa: PLC0415

    # Linear in time; it rejects patterns with lookaround or backreferences.
    patterns = validating.RegexOptions(size_limit=_LARGEST_PATTERN_BYTES)
    try:
        validator = validating.validator_for(schema, offline=True, pattern_options=patterns)
        return validator.is_valid(value)
    except (validating.ValidationError, validating.ReferencingError, ValueError):
        raise Unchecked from None


def unfolded_parts(schema: object) -> int:
    """How many parts a schema has when everything that it refers to is written out. Raises Unchecked.

    A reference that leads back to itself counts once: the validator looks at a value only once for it.
    """
    try:
        return _Unfolding(schema).parts(schema)
    except RecursionError:
        raise Unchecked from None


class _Unfolding:
    """Counts the parts of a schema; the target of a reference is measured once, and remembered."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._known: dict[str, int] = {}
        self._steps = 0

    def parts(self, part: object) -> int:
        """The number of parts in `part`, including itself."""
        self._steps += 1
        if self._steps > _MOST_STEPS or (isinstance(part, dict) and "$dynamicRef" in part):
            raise Unchecked
        return 1 + self._referred(part) + sum(map(self.parts, _children(part)))

    def _referred(self, part: object) -> int:
        pointer = part.get("$ref") if isinstance(part, dict) else None
        if not isinstance(pointer, str):
            return 0
        if pointer not in self._known:
            self._known[pointer] = 1
            self._known[pointer] = self.parts(self._at(pointer))
        return self._known[pointer]

    def _at(self, pointer: str) -> object:
        """What a reference within the schema points to. Raises Unchecked for any other reference."""
        if pointer != "#" and not pointer.startswith("#/"):
            raise Unchecked
        found = self._root
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise Unchecked
            found = found[name]
        return found


def _children(part: object) -> Iterator[Any]:
    """The direct parts of a schema; definitions count only where they are referred to."""
    if isinstance(part, list):
        yield from part
    elif isinstance(part, dict):
        yield from (each for name, each in part.items() if name not in ("$defs", "definitions"))
