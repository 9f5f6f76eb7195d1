"""Files for `farthing fit` and `farthing predict`, and the two as a user would run them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from router.cli import main

Rows = list[dict[str, Any]]


def fitted(folder: Path, outcomes: Path, pool: str, *options: object) -> Path:
    """The artefact that was learnt, in `folder`."""
    line = ["fit", outcomes, "--pool", pool, "--out", folder, *options]
    assert main([str(word) for word in line]) == 0
    return folder


def predicted(prompts: Path, pool: str, artefact: Path) -> Rows:
    """The rows of the predictions."""
    out = prompts.with_name("predictions.parquet")
    assert main([*_line(prompts, pool, artefact), str(out)]) == 0
    found: Rows = parquet.read_table(out).to_pylist()
    return found


def not_predicted(
    capsys: pytest.CaptureFixture[str], prompts: Path, pool: str, artefact: Path
) -> str:
    """What is reported if nothing can be predicted."""
    out = prompts.with_name("no-predictions.parquet")
    assert main([*_line(prompts, pool, artefact), str(out)]) == 1
    assert not out.exists()
    return capsys.readouterr().err


def write_prompts(path: Path, columns: Mapping[str, Sequence[str | None]]) -> Path:
    """A file of prompts with these columns."""
    parquet.write_table(
        pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()}), path
    )
    return path


def _line(prompts: Path, pool: str, artefact: Path) -> list[str]:
    return ["predict", str(prompts), "--pool", pool, "--artefact", str(artefact), "--out"]
