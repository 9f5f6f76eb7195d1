"""Policies written as text: what is made of them, and what is reported about them."""

from pathlib import Path

import pytest

from router.config.policy.policies import linked, read_policy
from router.decision.policy import Policy, Terms
from router.domain.errors import ConfigError

HEAD = "policy: mine\nintent: a policy for a test\n"


def policy_file(folder: Path, text: str, name: str = "mine") -> Path:
    """A file with that text and nothing else."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def stated(folder: Path, text: str) -> Policy:
    """The policy that says `text` after its head. Raises ConfigError."""
    return _read(policy_file(folder, HEAD + text))


def terms(folder: Path, text: str) -> Terms:
    """The terms of that policy outside of its rules."""
    return stated(folder, text).terms


def rules(folder: Path, text: str) -> dict[str, Terms]:
    """The terms of its rules, by name."""
    return {rule.name: rule.terms for rule in stated(folder, text).rules}


def told(folder: Path, text: str) -> list[str]:
    """Every problem with a policy file of that text, head and all, without the folder's name."""
    path = policy_file(folder, text)
    with pytest.raises(ConfigError) as refused:
        _read(path)
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def _read(path: Path) -> Policy:
    loaded, problems = linked({path.stem: read_policy(path)})
    if problems:
        raise ConfigError(tuple(problems))
    return loaded[path.stem].policy
