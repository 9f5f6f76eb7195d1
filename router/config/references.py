"""`${NAME}` and `${file:/path}`: where secrets, and whatever differs between machines, come from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from router.domain.members import replace

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_FILE = "file:"
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f]")


class Unresolved(LookupError):
    """A reference to something that is missing, or unfit; the message says what to set."""


@dataclass(frozen=True, slots=True)
class References:
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

    def line(self, text: str) -> str:
        """`text` resolved for a header; unless spared, raises Unresolved also if it is not one line."""
        found = self.resolve(text)
        if _NOT_IN_A_LINE.search(found) and not self.spared:
            raise Unresolved(f"what {text} names has more than one line, or a control character")
        return found

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
