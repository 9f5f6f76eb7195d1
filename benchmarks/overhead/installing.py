"""How others are installed: into separate folders, by the ordinary clients, as a user would."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from benchmarks.overhead.contestant import Unavailable

_PATIENCE_S = 900


def by_pip(home: Path, *requirements: str) -> None:
    """A venv in `home` with these packages. Raises Unavailable."""
    _run(sys.executable, "-m", "venv", str(home))
    pip = (str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input")
    _run(*pip, "--disable-pip-version-check", *requirements)


def by_npm(home: Path, package: str, version: str, overrides: Mapping[str, str]) -> None:
    """`node_modules` in `home` with this package; `overrides` are versions of its dependencies. Raises Unavailable."""
    wanted = {"dependencies": {package: version}, "overrides": overrides}
    (home / "package.json").write_bytes(orjson.dumps(wanted))
    _run("npm", "install", "--no-fund", "--no-audit", "--prefix", str(home))


def _run(*argv: str) -> None:
    try:
        subprocess.run(argv, check=True, capture_output=True, text=True, timeout=_PATIENCE_S)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"`{' '.join(argv)}` failed: {error.stderr[-500:]}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"`{' '.join(argv)}` took longer than {_PATIENCE_S} s") from None
    except FileNotFoundError:
        raise Unavailable(f"there is no {argv[0]} here") from None
