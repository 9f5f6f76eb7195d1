"""The current files of a configuration, for a process that follows their changes."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from router.config.evidence.local_quality import POINTER, folder_beside
from router.config.library import Library
from router.config.load import load_settings
from router.config.part import WHOLE, Part
from router.config.policy.files import policy_files
from router.config.presence import is_folder, may_exist
from router.config.settings import Settings
from router.config.yaml_file import YamlFile, bytes_of
from router.domain.errors import ConfigError

_USUAL_FOLDER = "policies"
_USUAL_LEDGER = "var/farthing.db"

Stamp = Mapping[Path, str]
"""The hash of each file, or why it cannot be read: two stamps are equal if nothing has changed."""


class Source:
    """A config file with its policies; unchanged files are not parsed again.

    Several threads may use it; at worst a file is parsed twice.
    """

    def __init__(self, path: Path, environ: Mapping[str, str], part: Part = WHOLE) -> None:
        """`part` says which of several workers reads them."""
        self.path = path
        self._part = part
        self._environ = dict(environ)
        self._library = Library()
        self._folder = path.parent / _USUAL_FOLDER
        self._quality = folder_beside(path.parent / _USUAL_LEDGER)
        self._read: Stamp = {}

    def settings(self, *, is_running: bool = False) -> Settings:
        """What the files say. Raises ConfigError with everything that is wrong with any of them."""
        self._read = self._stamp()
        read = load_settings(self.path, self._environ, self._library, is_running=is_running)
        return self._part.of(read)

    def file(self) -> YamlFile:
        """The config file itself. Raises ConfigError."""
        return self._library.read(self.path)

    def is_news(self) -> bool:
        """Whether the files have changed since they were last read."""
        return self._stamp() != self._read

    def folders(self) -> frozenset[Path]:
        """The folders in which something happens when a file changes, or the target of a link."""
        folder = self._policies()
        near = {self.path.parent, self.path.resolve().parent, folder.parent, folder, self._quality}
        return frozenset(each.resolve() for each in near if is_folder(each))

    def names(self) -> frozenset[str]:
        """The names of the config, the folder of policies, and the pointer of local evidence."""
        paths = (self.path, self.path.resolve(), self._folder, self._folder.resolve())
        return frozenset({POINTER, *(each.name for each in paths)})

    def _stamp(self) -> Stamp:
        folder = self._policies()
        paths, wrong = policy_files(folder)
        self._library.forget_others({self.path, *paths})
        held = {path: _held(path) for path in (self.path, *paths, *self._evidence())}
        return {**held, **{Path(each.file): each.message for each in wrong}}

    def _evidence(self) -> tuple[Path, ...]:
        """The file that says which local evidence is in force, if there is one."""
        pointer = self._quality / POINTER
        return (pointer,) if may_exist(pointer) else ()

    def _policies(self) -> Path:
        """The folder of policies that the config names; the last known one while the config cannot be read."""
        try:
            data = self.file().data
            named = data.get("policies", {}).get("directory", _USUAL_FOLDER)
            self._folder = self.path.parent / named
            ledger = self.path.parent / data.get("ledger", {}).get("path", _USUAL_LEDGER)
            stated = data.get("quality", {}).get("local")
            self._quality = self.path.parent / stated if stated else folder_beside(ledger)
        except (ConfigError, AttributeError, TypeError):
            pass
        return self._folder


def _held(path: Path) -> str:
    try:
        return sha256(bytes_of(path, path.name)).hexdigest()
    except ConfigError as error:
        return str(error)
