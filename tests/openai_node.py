"""openai-node for its tests: one release, installed by npm into the tests' environment, and nothing else.

It depends on nothing, so that nothing has to be resolved: the package is fetched as it stands, held against its
hash, and unpacked where `make clean` finds it. No script of it runs.
"""

import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from hashlib import sha512
from pathlib import Path

VERSION = "7.57.0"
SHA512 = "RbmrdE5NdfW6nGq/FaCJ3KFCZpotoExPzruQUSMCTw/ouUFO08vpvVdSmgmPxQMFAiv9EXZCEXvcWYU+n6NzsQ=="
"""Of the package's file, in base64, as the registry states it under `dist.integrity`."""

FOLDER = Path(sys.prefix) / f"openai-node-{VERSION}"
_PACK = ("npm", "pack", f"openai@{VERSION}", "--ignore-scripts", "--fetch-retries=0", "--silent")
_PATIENCE_S = 60


class NotHere(LookupError):
    """There is no openai-node on this machine, and none to be had; the message says why."""


def openai_node(folder: Path = FOLDER) -> Path:
    """The folder from which node finds the package. Raises NotHere, and ValueError for a wrong hash."""
    for name in ("node", "npm", "tar"):
        if not shutil.which(name):
            raise NotHere(f"no {name} on PATH")
    if not (folder / "node_modules").is_dir():
        _bring(folder)
    if _run("node", "-e", "require('openai')", cwd=folder):
        raise NotHere(f"this node does not load openai {VERSION}")
    return folder


def _bring(folder: Path) -> None:
    """Fetch and unpack it, elsewhere first: another process may be doing the same."""
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            _fetch(Path(made), Path(made, "whole", "node_modules", "openai"))
            Path(made, "whole").rename(folder)
    except OSError as error:
        if not (folder / "node_modules").is_dir():
            raise NotHere(f"openai {VERSION} could not be unpacked: {error}") from None


def _fetch(into: Path, unpacked: Path) -> None:
    if complaint := _run(*_PACK, cwd=into):
        raise NotHere(f"npm could not fetch openai {VERSION}: {complaint}")
    (package,) = into.glob("*.tgz")
    if b64encode(sha512(package.read_bytes()).digest()).decode() != SHA512:
        raise ValueError(f"what npm has fetched is not openai {VERSION}: its hash is another one")
    unpacked.mkdir(parents=True)
    if complaint := _run("tar", "-xzf", str(package), "--strip-components=1", cwd=unpacked):
        raise NotHere(f"openai {VERSION} could not be unpacked: {complaint}")


def _run(*command: str, cwd: Path) -> str:
    """Nothing if the command succeeded; else its last output."""
    try:
        pipe = subprocess.PIPE
        done = subprocess.run(
            command, cwd=cwd, stdout=pipe, stderr=pipe, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    said = (done.stderr or done.stdout).strip()[-200:]
    return (said or f"status {done.returncode}") if done.returncode else ""
