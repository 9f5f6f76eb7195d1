"""Which files in a folder are policies, and which only look like it."""

from pathlib import Path

from router.domain.errors import Problem

_MOST_FILES = 500
"""More than anybody writes by hand: naming a wrong folder is reported at once."""


def policy_files(folder: Path) -> tuple[list[Path], list[Problem]]:
    """The `*.yaml` of `folder`, sorted by name, and what is wrong with the others, such as a `*.yml`.

    A link may lead to another place in the folder, as Kubernetes makes them, but nowhere else.
    Hidden files belong to editors and are ignored.
    """
    try:
        there = [each for each in folder.iterdir() if _is_meant(each)]
    except (FileNotFoundError, NotADirectoryError):
        why = "there is no such folder of policies; make it, or name another one under 'policies: {directory: ...}'"
        return [], [Problem(str(folder), "", why)]
    except (OSError, ValueError) as error:  # a ValueError comes from a zero byte in a name
        return [], [
            Problem(str(folder), "", f"cannot be read: {getattr(error, 'strerror', error)}")
        ]
    if len(there) > _MOST_FILES:
        return [], [Problem(str(folder), "", f"has more than {_MOST_FILES} policies")]
    found = {path: _objection(path, folder) for path in sorted(there)}
    wrong = [Problem(str(path), "", why) for path, why in found.items() if why]
    return [path for path, why in found.items() if not why], wrong


def _is_meant(path: Path) -> bool:
    return looks_like_yaml(path.name) and not path.name.startswith(".")


def looks_like_yaml(name: str) -> bool:
    """Whether somebody who gave a file this name means it to be read."""
    return name.lower().endswith((".yaml", ".yml"))


def _objection(path: Path, folder: Path) -> str:
    """Why `path` is not a policy file, "" if it may be one."""
    if path.suffix != ".yaml":
        return f"must be named {path.stem}.yaml to be read"
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):  # a RuntimeError comes from circular links, before Python 3.13
        return "is a broken link" if path.is_symlink() else ""
    if not real.is_relative_to(folder.resolve()):
        return "is a link to outside the folder of policies"
    return ""
