"""What a contestant is: where it comes from, and how it is started in front of the upstream."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

OUR_CODE = {"PYTHONPATH": str(Path(__file__).parents[2])}
"""The environment in which `python -m` finds this project; others shall not see it."""


class Unavailable(Exception):
    """A contestant cannot be installed or started here; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contestant is to run: `home` is where it is installed, `folder` an empty one for its files.

    `upstream` is the URL of the one upstream, without a path.
    """

    home: Path
    folder: Path
    port: int
    upstream: str

    @property
    def upstream_port(self) -> int:
        """For those that need it separately."""
        return int(self.upstream.rpartition(":")[2])

    def written(self, name: str, text: str) -> str:
        """The path of a new file in the folder."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return str(path)


@dataclass(frozen=True, slots=True)
class Launch:
    """The command that starts it, and what a client must send to it."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    model: str = "mock"
    path: str = "/v1/chat/completions"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contestant:
    """One of those that are compared.

    `group` is another name by which `--only` may select it. `install` fills its home, an empty folder, and raises
    Unavailable; it is called once for each `version`. With `same` it is asked the same question again and
    again.
    """

    name: str
    told: str
    launch: Callable[[Place], Launch]
    install: Callable[[Path], None] | None = None
    version: str = ""
    group: str = ""
    same: bool = False

    def home(self, cache: Path) -> Path:
        """Where it is installed; those of a group share it."""
        return cache / f"{self.group or self.name}-{self.version}"

    def is_named(self, words: frozenset[str]) -> bool:
        """Whether one of these words selects it."""
        return bool(words & {self.name, self.group})
