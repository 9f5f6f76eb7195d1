"""Configurations written as text, and what is reported about them."""

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree

import pytest

from router.config.load import load_settings
from router.config.settings import Settings
from router.domain.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.yaml"
NOTHING: Mapping[str, str] = {}

SOUND = """\
version: 1
upstreams:
  sim: {kind: simulated}
models:
  sim-mid: {upstream: sim}
"""


def written(folder: Path, text: str | bytes) -> Path:
    """A config with that text, with the shipped policies."""
    if not (folder / "policies").exists():
        copytree(ROOT / "policies", folder / "policies")
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def loaded(folder: Path, text: str, environ: Mapping[str, str] = NOTHING) -> Settings:
    return load_settings(written(folder, text), environ)


def complaints(folder: Path, text: str | bytes, environ: Mapping[str, str] = NOTHING) -> list[str]:
    """Every problem with a config of that text, without the folder's name."""
    path = written(folder, text)
    with pytest.raises(ConfigError) as refused:
        load_settings(path, environ)
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]
