"""Which pipeline answers now. A request that is in progress keeps the one with which it began."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from router.domain.errors import Problem
from router.domain.members import replace
from router.pipeline.flow import Pipeline
from router.pipeline.judge import Judge


class Reloaded(StrEnum):
    """How a reload of the files ended."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"


class ReloadState(Struct, frozen=True):
    """Whether what is in force agrees with the files.

    `since_s` is the Unix time since which this is so; `problems` are those of broken files, whose
    earlier contents are still in force; `restart` names changed sections that wait for a restart.
    """

    since_s: float
    problems: tuple[Problem, ...] = ()
    restart: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether the files are broken, so that their earlier contents are in force."""
        return bool(self.problems)


class Current:
    """The one reference that a reload changes: everything new takes effect at once, or nothing does.

    `unused` says what was learnt but is not in force, and why.
    """

    def __init__(self, pipeline: Pipeline, now_s: float, unused: tuple[str, ...] = ()) -> None:
        self.unused = unused
        self._pipeline = pipeline
        self._standing = ReloadState(now_s)
        self._succeeded_s = now_s
        self._counts = dict.fromkeys(Reloaded, 0)

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline for a request that arrives now."""
        return self._pipeline

    @property
    def standing(self) -> ReloadState:
        """Whether what is in force agrees with the files."""
        return self._standing

    @property
    def succeeded_s(self) -> float:
        """When the files were last found valid, as a Unix time."""
        return self._succeeded_s

    @property
    def counts(self) -> Mapping[Reloaded, int]:
        """The number of reloads, by how they ended."""
        return self._counts

    def take(self, judge: Judge, now_s: float, restart: tuple[str, ...] = ()) -> None:
        """Requests that come from now on are judged by `judge`."""
        similar = replace(self._pipeline.similar, judge=judge)
        self._pipeline = replace(self._pipeline, judge=judge, similar=similar)
        self._standing = ReloadState(now_s, restart=restart)
        self._succeeded_s = now_s
        self._counts[Reloaded.CHANGED] += 1

    def keep(self, now_s: float, restart: tuple[str, ...]) -> None:
        """The files are sound, and change nothing."""
        since_s = now_s if self._standing.is_stale else self._standing.since_s
        self._standing = ReloadState(since_s, restart=restart)
        self._succeeded_s = now_s
        self._counts[Reloaded.UNCHANGED] += 1

    def refuse(self, problems: tuple[Problem, ...], now_s: float) -> None:
        """The files are broken: what is in force stays in force."""
        since_s = self._standing.since_s if self._standing.is_stale else now_s
        self._standing = ReloadState(since_s, problems, self._standing.restart)
        self._counts[Reloaded.FAILED] += 1
