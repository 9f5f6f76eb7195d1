"""A policy file that is tried before it is installed."""

from collections.abc import Collection, Mapping
from pathlib import Path

from router.config.policy.cascades import unknown_models
from router.config.policy.policies import LoadedPolicy, linked, read_policy
from router.decision.policy import Policy
from router.domain.errors import ConfigError


def load_draft(path: Path, installed: Mapping[str, LoadedPolicy], known: Collection[str]) -> Policy:
    """The policy in the file at `path`. Raises ConfigError with everything that is wrong with it.

    A policy that it extends is looked for next to it first, then among the installed ones. The models of its cascades
    must be `known`.
    """
    drafts = {path.stem: read_policy(path)}
    base = drafts[path.stem].section.extends
    while base is not None and base not in drafts:
        beside = path.with_name(f"{base}.yaml")
        if not beside.is_file() and base not in installed:
            break
        drafts[base] = read_policy(beside if beside.is_file() else Path(installed[base].file.name))
        base = drafts[base].section.extends
    loaded, problems = linked(drafts)
    for draft in loaded.values():
        problems.extend(unknown_models(draft.file, known))
    if problems:
        raise ConfigError(tuple(problems))
    return loaded[path.stem].policy
