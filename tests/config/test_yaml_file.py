"""The fast way to read YAML and the one that reports mistakes read the same."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from router.config.yaml_file import _loaded, _QuickLoader, _TellingLoader, parse_yaml
from router.domain.errors import ConfigError

_ROOT = Path(__file__).parents[2]
_FILES = [_ROOT / "config.example.yaml", *sorted((_ROOT / "policies").glob("*.yaml"))]
_PIECES = st.sampled_from(
    [
        *"a b: - ? [ ] { } , # ' \" | > 1 1.5e3 no 0x1F ~ null 2026-01-02 22:30 é : & * ! % @".split(),
        *("\n", "\n  ", " ", "\t", "  - ", ": ", "\\", "\x07", "\x85"),
    ]
)


_NULL = "tag:yaml.org,2002:null"
"""Where nothing stands it stands on this line or on the next."""


def _lines(node: yaml.Node) -> list[tuple[int, str]]:
    own = [(0 if node.tag == _NULL else node.start_mark.line, node.tag)]
    inner = (
        [each for pair in node.value for each in pair]
        if isinstance(node, yaml.MappingNode)
        else node.value
        if isinstance(node, yaml.SequenceNode)
        else []
    )
    return own + [line for each in inner for line in _lines(each)]


def _read(loader: type[_QuickLoader] | type[_TellingLoader], text: str) -> object:
    """The data, and the line and kind of everything in it; None if it is refused."""
    try:
        node, data = _loaded(loader(text))
    except (yaml.YAMLError, ValueError):
        return None
    return repr(data), _lines(node) if node else []


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_a_shipped_file_is_read_the_same_either_way(file: Path) -> None:
    text = file.read_text("utf-8")
    quick, telling = _read(_QuickLoader, text), _read(_TellingLoader, text)

    assert quick is not None
    assert quick == telling


@given(st.lists(_PIECES, max_size=14).map("".join))
@example("a: [1, 2]\nb:\n  - no\n  - 'x'\n")
def test_what_both_ways_take_both_read_the_same(text: str) -> None:
    quick, telling = _read(_QuickLoader, text), _read(_TellingLoader, text)

    assert quick == telling or None in (quick, telling)


def test_what_is_wrong_is_told_in_the_words_of_pyyaml() -> None:
    with pytest.raises(ConfigError, match="line 1: expected the node content"):
        parse_yaml("a: [", "config.yaml")
