"""YAML files as plain data, strictly: no duplicate keys, no aliases, no tags, and line numbers kept.

An alias can make a file of a few hundred bytes expand to gigabytes, a tag can name code to run,
and a duplicate key silently loses its first value, so none of these is allowed. Nor is
anything but a plain UTF-8 file: reading a pipe could wait for ever.
"""

import json
import os
import re
from collections.abc import Hashable, Iterable, Iterator
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from stat import S_ISREG
from typing import Any

import yaml
from msgspec import Struct
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError
from yaml.resolver import Resolver

from router.domain.errors import ConfigError, Problem
from router.domain.members import replace

_MAX_BYTES = 2**20
_MAX_DEPTH = 32
"""Maximum nesting of lists and mappings; a sensible configuration has a handful."""
_MAX_DIGITS = 64
"""Maximum length of a number: reading `1:1:1:...`, base 60 in YAML, takes quadratic time."""
_NEW_LINE = b"\n"
_PLAIN = re.compile(r"[!-~]+")

_ANEW = {
    "tag:yaml.org,2002:bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    "tag:yaml.org,2002:int": (
        re.compile(r"^(?:[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+)$"),
        "-+0123456789",
    ),
    "tag:yaml.org,2002:float": (
        re.compile(
            r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$|^[-+]?[0-9]+[eE][-+]?[0-9]+$"
            r"|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
        ),
        "-+0123456789.",
    ),
}
"""What is read differently than by PyYAML: https://yaml.org/spec/1.2.2/#1032-tag-resolution."""

Place = tuple[str | int, ...]


class YamlFile(Struct, frozen=True):
    """A parsed file: its name for messages, its data, and the line number of each place.

    `digest` is the SHA-256 of its bytes, in hexadecimal digits. The items of its lists are counted without those
    that are `left_out`.
    """

    name: str
    data: Any
    lines: dict[Place, int]
    digest: str
    left_out: frozenset[Place] = frozenset()

    def without(self, places: Iterable[Place]) -> "YamlFile":
        """The same file, of whose top-level lists the items at these places, or around them, are not counted."""
        return replace(self, left_out=frozenset(place[:2] for place in places))

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at `place`, with the nearest known line."""
        known = place = self._as_written(place)
        while known and known not in self.lines:
            known = known[:-1]
        line = f" (line {self.lines[known]})" if known in self.lines else ""
        return Problem(self.name, shown(place) + line, message)

    def values(self) -> Iterator[tuple[Place, Any]]:
        """Every text, number and the like in the file, with its place."""
        yield from _values(self.data, ())

    def _as_written(self, place: Place) -> Place:
        """The place with the item's index in the whole list."""
        match place:
            case (name, int(index), *rest) if self.left_out:
                counted = (at for at in count() if (name, at) not in self.left_out)
                return (name, next(islice(counted, index, None)), *rest)
        return place


def _values(data: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    inside = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else None
    )
    if inside is None:
        yield place, data
        return
    for step, value in inside:
        yield from _values(value, (*place, step))


def shown(place: Place) -> str:
    """A place as a person would write it: `upstreams.openai.base_url`, `keys[0].name`."""
    text = ""
    for step in place:
        word = step if isinstance(step, int) or _PLAIN.fullmatch(step) else json.dumps(step)
        text += f"[{word}]" if isinstance(step, int) else f".{word}" if text else str(word)
    return text


def read_yaml(path: Path, name: str | None = None) -> YamlFile:
    """The file at `path`. Raises ConfigError if it cannot be read or is not strict YAML."""
    name = name or str(path)
    return parse_yaml(bytes_of(path, name), name)


def bytes_of(path: Path, name: str) -> bytes:
    """The content of the file at `path`. Raises ConfigError for anything but a plain file of reasonable size.

    It never waits for another program, whatever is there.
    """
    try:
        if not S_ISREG(path.stat().st_mode):
            raise ConfigError((Problem(name, "", "is not a regular file"),))
        # Not blocking: a pipe may have replaced the file since.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - a descriptor
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError((Problem(name, "", f"cannot be read: {error.strerror}"),)) from None
    if len(raw) > _MAX_BYTES:
        raise ConfigError((Problem(name, "", f"is larger than {_MAX_BYTES} bytes"),))
    return raw


def parse_yaml(raw: bytes | str, name: str) -> YamlFile:
    """YAML text as plain data. Raises ConfigError if it is not strict YAML."""
    try:
        raw = raw if isinstance(raw, bytes) else raw.encode()
        node, data = _read(raw.decode())
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # A ValueError comes from invalid UTF-8.
        raise ConfigError((Problem(name, _where(error), _what(error)),)) from None
    lines = dict(_lines_of(node, ())) if node else {}
    return YamlFile(name, data, lines, sha256(raw).hexdigest())


def _read(text: str) -> tuple[yaml.Node | None, Any]:
    """The tree of a text, and its data. Raises what PyYAML raises."""
    try:
        return _loaded(_QuickLoader(text))
    except (yaml.YAMLError, ValueError):
        # Again by PyYAML itself: it describes errors better, and decides whether there are any.
        try:
            return _loaded(_TellingLoader(text))
        except ReaderError as error:
            raise _unprintable(error, text) from None


def _loaded(loader: "_QuickLoader | _TellingLoader") -> tuple[yaml.Node | None, Any]:
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


class _Strict(Composer, SafeConstructor, Resolver):
    """YAML with the booleans and numbers of YAML 1.2.

    In 1.1, which PyYAML implements, `no` is false (and Norway's language with it), `on` is true, and a bare
    22:30 is the number 1350. Here they are text.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name for it
        first: [pair for pair in pairs if pair[0] not in _ANEW]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[attr-defined]  # of either parser
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases are not allowed here", event)
        if event.tag is not None:
            raise _refused(f"tags like {event.tag} are not allowed here", event)
        if self._depth >= _MAX_DEPTH:
            raise _refused("is nested too deeply", event)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        is_number = node.tag in _NUMBERS
        if is_number and len(node.value) > _MAX_DIGITS:
            raise _refused(f"a number has at most {_MAX_DIGITS} digits here", node)
        try:
            return super().construct_object(node, deep)
        except ValueError:  # of 2026-13-45
            raise _refused(
                "there is no such date; text that looks like one needs quotes", node
            ) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"a key must be text, not {key!r}", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is repeated here", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


for _tag, (_pattern, _firsts) in _ANEW.items():
    _Strict.add_implicit_resolver(_tag, _pattern, list(_firsts))


class _TellingLoader(_Strict, yaml.SafeLoader):
    """Everything by PyYAML."""


if yaml.__with_libyaml__:

    class _QuickLoader(_Strict, yaml.CSafeLoader):
        """Texts are parsed by libyaml, in a tenth of the time, and composed by PyYAML."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)

else:
    _QuickLoader = _TellingLoader  # type: ignore[assignment, misc]


_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


def _refused(why: str, where: yaml.Event | yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=why, problem_mark=where.start_mark)  # type: ignore[arg-type]


def _unprintable(error: ReaderError, text: str) -> yaml.MarkedYAMLError:
    at, line = error.position, text.count("\n", 0, error.position)
    why = f"the character U+{error.character:04X} is not allowed in YAML"
    return yaml.MarkedYAMLError(problem=why, problem_mark=yaml.Mark("", at, line, 0, None, 0))


def _lines_of(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines_of(value, (*place, str(key.value)))
            yield (*place, str(key.value)), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines_of(item, (*place, index))


def _where(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"line {1 + error.object.count(_NEW_LINE, 0, error.start)}"
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else ""


def _what(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 (byte {error.start + 1})"
    said = str(getattr(error, "problem", None) or "is not valid YAML")
    hint = next((hint for begin, hint in _HINTS.items() if said.startswith(begin)), "")
    return said + hint


_INDENTED = "; check how far it is indented, and that it is beneath no [] or {}"
_HINTS = {
    "expected <block end>, but found '<block": _INDENTED,
    "expected <block end>, but found '?'": _INDENTED,
    "expected <block end>, but found '<scalar>": "; a quotation mark ends the text before the line ends",
    "mapping values are not allowed": "; text with a colon and a space in it needs quotes",
    "found character '\\t'": "; indent with spaces, not with tabs",
    "found character": "; text that begins with this needs quotes",
    "expected alphabetic or numeric": "; text that begins with * or & needs quotes",
    "aliases are not allowed": "; text that begins with * needs quotes",
    "expected ',' or '}', but got '{'": "; within braces, ${NAME} needs quotes",
    "sequence entries are not allowed": "; a list begins on its own line, and text that begins with - needs quotes",
    "could not determine a constructor": "; merge keys (<<) are not allowed here",
    "but found another document": "; a file has only one",
}
"""What people most often meant, by how PyYAML's message begins."""
