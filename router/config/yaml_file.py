"""YAML files as plain data, strictly: no duplicate keys, no aliases, no tags, and line numbers kept.

An alias can make a file of a few hundred bytes expand to gigabytes, and a key written twice loses
its first value without a word, so neither is allowed.
"""

import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from router.domain.errors import ConfigError, Problem

_MAX_BYTES = 2**20
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
"""What is read otherwise than PyYAML does: https://yaml.org/spec/1.2.2/#1032-tag-resolution."""

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed file: its name for messages, its data, and the line on which each place stands."""

    name: str
    data: Any
    lines: dict[Place, int]

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at `place`, with the nearest line that is known."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        line = f" (line {self.lines[known]})" if known in self.lines else ""
        return Problem(self.name, shown(place) + line, message)


def shown(place: Place) -> str:
    """A place as a person writes it: `upstreams.openai.base_url`, `keys[0].name`."""
    text = ""
    for step in place:
        word = step if isinstance(step, int) or _PLAIN.fullmatch(step) else json.dumps(step)
        text += f"[{word}]" if isinstance(step, int) else f".{word}" if text else str(word)
    return text


def read_yaml(path: Path, name: str | None = None) -> YamlFile:
    """The file at `path`. Raises ConfigError when it cannot be read or is no strict YAML."""
    name = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError((Problem(name, "", f"cannot be read: {error.strerror}"),)) from None
    if len(raw) > _MAX_BYTES:
        raise ConfigError((Problem(name, "", f"is larger than {_MAX_BYTES} bytes"),))
    return parse_yaml(raw, name)


def parse_yaml(raw: bytes | str, name: str) -> YamlFile:
    """YAML text as plain data. Raises ConfigError for what is no strict YAML."""
    try:
        loader = _StrictLoader(raw)
        try:
            node = loader.get_single_node()
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A ValueError comes of dates like 2026-13-45, of numbers that are no numbers, of bad UTF-8.
        raise ConfigError((Problem(name, _where(error), _what(error)),)) from None
    return YamlFile(name, data, dict(_lines_of(node, ())) if node else {})


class _StrictLoader(yaml.SafeLoader):
    """YAML with the booleans and numbers of YAML 1.2.

    In 1.1, which PyYAML speaks, `no` is false (and Norway's language with it), `on` is true, and a bare
    22:30 is the number 1350. Here they are the words that stand there.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name for it
        first: [pair for pair in pairs if pair[0] not in _ANEW]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed here", mark)
        return super().compose_node(parent, index)

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
                    None, None, f"the key '{key}' stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


for _tag, (_pattern, _firsts) in _ANEW.items():
    _StrictLoader.add_implicit_resolver(_tag, _pattern, list(_firsts))


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
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else ""


def _what(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return str(getattr(error, "problem", None) or "is no valid YAML")
