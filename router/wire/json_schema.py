"""Whether JSON keeps a JSON Schema that a client has sent, in a time that no client can stretch.

The validator remembers what it has seen of recursive schemas, matches patterns in linear time, and
fetches nothing. What is left is a schema that refers to parts of itself over and over: so each is
measured first, and left unchecked where it unfolds to too much.
"""

from collections.abc import Iterator
from typing import Any

import orjson

_MOST_WORK = 2**25
"""Parts of an unfolded schema times characters of JSON: at worst some 0.1 s."""
_MOST_STEPS = 4_000
"""Of the measuring itself: as many parts as 50 to 100 KB of schema have."""
_LARGEST_PATTERN_BYTES = 2**20


class Unchecked(Exception):
    """The schema is none, refers to what is not in it, or cannot be checked in time."""


def keeps(text: str, schema: object) -> bool:
    """Whether the JSON in `text` keeps `schema`.

    Raises orjson.JSONDecodeError where it is no JSON, and Unchecked. Which keyword is not kept is not
    said: to list errors, recursive schemas are walked without remembering.
    """
    value = orjson.loads(text)
    if not isinstance(schema, dict | bool) or unfolded_parts(schema) * len(text) > _MOST_WORK:
        raise Unchecked
    return _is_valid(value, schema)


def _is_valid(value: Any, schema: dict[str, Any] | bool) -> bool:
    # 7 MB and 30 ms, which most proxies never need: so it is not loaded before.
    import jsonschema_rs as validating  # noqa: PLC0415

    # Linear in time; a pattern that looks around or back is none to it.
    patterns = validating.RegexOptions(size_limit=_LARGEST_PATTERN_BYTES)
    try:
        validator = validating.validator_for(schema, offline=True, pattern_options=patterns)
        return validator.is_valid(value)
    except (validating.ValidationError, validating.ReferencingError, ValueError):
        raise Unchecked from None


def unfolded_parts(schema: object) -> int:
    """How many parts a schema has when all that it refers to is written out. Raises Unchecked.

    A reference that leads back to itself counts once: the validator looks at a value once for it.
    """
    try:
        return _Unfolding(schema).parts(schema)
    except RecursionError:
        raise Unchecked from None


class _Unfolding:
    """Counts the parts of a schema; what is referred to is counted once, and remembered."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._known: dict[str, int] = {}
        self._steps = 0

    def parts(self, part: object) -> int:
        """The parts of `part`, itself among them."""
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
        """What a reference within the schema leads to. Raises Unchecked for any other."""
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
    """What a schema consists of; definitions count where they are referred to."""
    if isinstance(part, list):
        yield from part
    elif isinstance(part, dict):
        yield from (each for name, each in part.items() if name not in ("$defs", "definitions"))
