"""Whether the policies in force agree with the files, as `/readyz` tells everybody, and so without secrets."""

import re
from datetime import UTC, datetime
from pathlib import Path

from router.domain.errors import Problem
from router.pipeline.current import Current

_MOST_PROBLEMS = 20
_FOLDERS = re.compile(r"(?<![\w:/.])/(?:[^\s/'\"]+/)+")
"""The folders of an absolute path, not those of a URL."""


def policies_told(current: Current) -> dict[str, object]:
    """The state, since when, what is wrong with the files, and the versions in force."""
    standing = current.standing
    policies = current.pipeline.judge.book.policies.values()
    return {
        "state": "stale" if standing.is_stale else "current",
        "since": datetime.fromtimestamp(standing.since_s, UTC).isoformat(timespec="milliseconds"),
        "problems": [_told(each) for each in standing.problems[:_MOST_PROBLEMS]],
        "versions": {policy.name: policy.version for policy in policies},
        "waiting_for_restart": standing.restart,
    }


def _told(problem: Problem) -> str:
    named = Problem(Path(problem.file).name, problem.place, problem.message)
    return _FOLDERS.sub("", str(named))
