"""`${NAME}` and `${file:/path}`: where secrets, and whatever differs between machines, come from."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from router.config.yaml_file import YamlFile
from router.domain.errors import Problem
from router.domain.members import replace

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_FILE = "file:"


class Unresolved(LookupError):
    """A reference to something that is missing, or unfit; the message says what to set."""


class References(Struct, frozen=True):
    """Resolves references by an environment and files.

    If `spared`, unresolvable ones are left as they are written: for commands that send no secret.
    """

    environ: Mapping[str, str]
    spared: bool = False

    @property
    def needed(self) -> "References":
        """The same, but not spared."""
        return replace(self, spared=False)

    def resolve(self, text: str, written: Callable[[str], str] = str) -> str:
        """`text` with every reference replaced by its value, which `written` escapes for the text.

        Raises Unresolved for one that is unset or empty, unless spared.
        """
        return _REFERENCE.sub(lambda match: self._resolved(match, written), text)

    def resolve_url(self, text: str) -> str:
        """The URL `text` with every reference replaced by its value, escaped unless it is the whole URL.

        Raises Unresolved as `resolve` does.
        """
        return self.resolve(text, str if text.startswith("${") else partial(quote, safe=""))

    def _resolved(self, reference: re.Match[str], written: Callable[[str], str]) -> str:
        try:
            return written(self._value(reference.group(1)))
        except Unresolved:
            if self.spared:
                return reference.group()
            raise

    def _value(self, name: str) -> str:
        if name.startswith(_FILE):
            return _content(Path(name.removeprefix(_FILE)))
        if value := self.environ.get(name, "").strip():
            return value
        raise Unresolved(f"the environment variable {name} is not set")


_KEYS = frozenset({"api_key", "admin_key", "key", "base_url", "endpoint", "url", "proxy"})
_OPTIONS = frozenset({"headers", "options"})
"""Where references are resolved: as the value of these keys, or within these mappings."""


def misplaced(file: YamlFile) -> Iterator[Problem]:
    """A problem for each reference where none is resolved: its text would be taken for the value."""
    for place, value in file.values():
        is_resolved = not _KEYS.isdisjoint(place[-1:]) or not _OPTIONS.isdisjoint(place[-2:-1])
        if isinstance(value, str) and not is_resolved and _REFERENCE.search(value):
            yield file.problem(
                place,
                "must be the value itself: references are not resolved here, only in keys,"
                " addresses, headers and options",
            )


def _content(path: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_text("utf-8-sig").strip()
    except (
        OSError,
        ValueError,
    ) as error:  # a ValueError comes from invalid UTF-8, and from zero bytes
        why = getattr(error, "strerror", None) or "it is not text"
        raise Unresolved(f"the file {path} cannot be read ({why})") from None
    if not text:
        raise Unresolved(f"the file {path} is empty")
    return text
