"""Which pipeline answers now. A request that is under way keeps the one with which it began."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from router.domain.errors import Problem
from router.domain.members import replace
from router.pipeline.flow import Pipeline
from router.pipeline.judge import Judge


class Reloaded(StrEnum):
    """How reading the files again has ended."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Standing:
    """How what is in force stands to the files.

    `since_s` is the Unix time since which it is so; `problems` are those of files that are broken,
    so that what they said before is still in force; `restart` names sections that wait for a restart.
    """

    since_s: float
    problems: tuple[Problem, ...] = ()
    restart: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether the files say something else, or nothing sensible."""
        return bool(self.problems)


class Current:
    """The one reference that a reload changes: all of what is new is in force at once, or nothing."""

    def __init__(self, pipeline: Pipeline, now_s: float) -> None:
        self._pipeline = pipeline
        self._standing = Standing(now_s)
        self._succeeded_s = now_s
        self._counts = dict.fromkeys(Reloaded, 0)

    @property
    def pipeline(self) -> Pipeline:
        """What answers a request that comes now."""
        return self._pipeline

    @property
    def standing(self) -> Standing:
        """How it stands to the files."""
        return self._standing

    @property
    def succeeded_s(self) -> float:
        """When the files were last found sound, as a Unix time."""
        return self._succeeded_s

    @property
    def counts(self) -> Mapping[Reloaded, int]:
        """How often the files were read again, by how it ended."""
        return self._counts

    def take(self, judge: Judge, now_s: float, restart: tuple[str, ...] = ()) -> None:
        """Requests that come from now on are judged by `judge`."""
        similar = replace(self._pipeline.similar, judge=judge)
        self._pipeline = replace(self._pipeline, judge=judge, similar=similar)
        self._standing = Standing(now_s, restart=restart)
        self._succeeded_s = now_s
        self._counts[Reloaded.CHANGED] += 1

    def keep(self, now_s: float, restart: tuple[str, ...] = ()) -> None:
        """The files are sound, and say what is in force already."""
        since_s = now_s if self._standing.is_stale else self._standing.since_s
        self._standing = Standing(since_s, restart=restart)
        self._succeeded_s = now_s
        self._counts[Reloaded.UNCHANGED] += 1

    def refuse(self, problems: tuple[Problem, ...], now_s: float) -> None:
        """The files are broken: what is in force stays so."""
        since_s = self._standing.since_s if self._standing.is_stale else now_s
        self._standing = Standing(since_s, problems, self._standing.restart)
        self._counts[Reloaded.FAILED] += 1
