"""A curl command line, as copied from a shell or from an API's documentation: its headers and its body."""

import argparse
import re
import shlex
from collections.abc import Mapping
from typing import NoReturn

from msgspec import Struct, field
from multidict import CIMultiDict

from router.cli.arguments.options import read_bytes
from router.domain.errors import FarthingError

_CONTINUED = re.compile(r"\\\r?\n")
_ENDS = frozenset({"|", "||", "&&", ";", ">", ">>", "<"})
"""What follows these is no longer curl's."""
_ORIGIN = re.compile(r"\A(?:https?://)?[^/]*")
_FLAGS = "sSNkvifLg"
"""Common options without a value, so that they can be combined: `-sSd`."""
_VALUED = "-o --output -A --user-agent -u --user -x --proxy -e --referer -b --cookie -w --write-out".split()
"""Common options with a value that may look like an address."""


class CurlRequest(Struct, frozen=True):
    """What a curl line would send, and to which path; the names of headers are case-insensitive."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=CIMultiDict[str])
    path: str = ""


def is_curl(text: str) -> bool:
    """Whether a text looks like a curl line."""
    return bool(re.match(r"\s*(\$\s+)?curl\s", text))


def parse_curl(line: str) -> CurlRequest:
    """The request of a line. Raises FarthingError if it is not one, or has no body."""
    args, others = _options().parse_known_args(_words(line))
    if not args.data:
        raise FarthingError("the curl line sends no body: add -d, --data or --json")
    joined = b"" if all(each.is_json for each in args.data) else b"&"
    body = joined.join(each.read() for each in args.data)
    return CurlRequest(body, _headers(args.header), _path_among([*args.url, *others]))


def _path_among(words: list[str]) -> str:
    """The path of the address among the words that are no options known here; "" if there is none."""
    addresses = (word for word in words if not word.startswith("-") and "/" in word)
    return next((_ORIGIN.sub("", word).partition("?")[0] for word in addresses), "")


def _words(line: str) -> list[str]:
    """The arguments of curl."""
    try:
        words = shlex.split(_CONTINUED.sub(" ", line.strip().removeprefix("$")))
    except ValueError as error:
        raise FarthingError(f"the curl line cannot be read: {error}") from None
    if not words or words[0] != "curl":
        raise FarthingError("a curl line begins with 'curl'")
    ends = (at for at, word in enumerate(words) if word in _ENDS)
    return words[1 : next(ends, len(words))]


def _headers(lines: list[str]) -> CIMultiDict[str]:
    parts = (line.partition(":") for line in lines)
    return CIMultiDict((name.strip(), value.strip()) for name, colon, value in parts if colon)


class _Data(Struct, frozen=True):
    """A piece of the body: a text, or the name of a file after an @."""

    text: str
    may_be_file: bool = True
    is_json: bool = False

    def read(self) -> bytes:
        if self.may_be_file and self.text.startswith("@"):
            return read_bytes(self.text[1:])
        return self.text.encode(errors="surrogateescape")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print, instead of ending the process."""
        raise FarthingError(f"the curl line cannot be read: {message}")


def _options() -> argparse.ArgumentParser:
    """Those of curl's many options that define the request; others are ignored."""
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-X", "--request")
    data = ("-d", "--data", "--data-ascii", "--data-binary")
    parser.add_argument(*data, dest="data", action="append", default=[], type=_Data)
    parser.add_argument("--data-raw", dest="data", action="append", type=_raw)
    parser.add_argument("--json", dest="data", action="append", type=_json)
    parser.add_argument("--url", action="append", default=[])
    parser.add_argument(*_VALUED, dest="ignored")
    for flag in _FLAGS:
        parser.add_argument(f"-{flag}", action="store_true")
    return parser


def _raw(text: str) -> _Data:
    return _Data(text, may_be_file=False)


def _json(text: str) -> _Data:
    return _Data(text, is_json=True)
