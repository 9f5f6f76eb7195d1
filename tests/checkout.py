"""What git knows of this folder; without git, or where this is no checkout of it, the test is skipped."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def git(*arguments: str) -> str:
    """What git says to these arguments."""
    if (program := shutil.which("git")) is None:
        pytest.skip("there is no git here")
    done = subprocess.run(
        [program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a checkout")
    return done.stdout


def committed_files() -> list[str]:
    """The files that are in the project, or will be with the next commit."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard")
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]
