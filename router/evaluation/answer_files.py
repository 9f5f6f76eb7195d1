"""Files with one answer per row: outcome files as Parquet, as JSON lines or as CSV.

`prompt`, `model` and `score` are required; the other columns are those of `ScoredAnswer`, and any further ones
are ignored. Parquet is read as `router.evaluation.outcome_files` reads it.
"""

import codecs
import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.nearest import nearest
from router.evaluation.answered import ScoredAnswer, as_table, id_of

Row = Mapping[str, Any]

_NEEDED = ("prompt", "model", "score")
_NAMES = ScoredAnswer.__struct_fields__
_WHOLE = ("input_tokens", "output_tokens")
_REAL = ("score", "cost_usd", "latency_s", "second_cost_usd")
_TEXTS = (
    *("prompt_id", "dataset", "answer", "category", "scored_by", "response", "request_id"),
    *("second_answer", "second_response"),
)
_LONGEST_CELL = 2**31 - 1
"""In bytes. Python's csv refuses cells of more than 128 KB unless told otherwise, and prompts are longer."""


def read_rows(path: Path) -> list[ScoredAnswer]:
    """The rows of a file. Raises FarthingError that names the file, the row and what is wrong."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise FarthingError(f"{path}: must end with {', '.join(_READERS)}")
    try:
        return [_answered(row, f"{path}: row {at}") for at, row in enumerate(read(path), 1)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FarthingError(f"{path} cannot be read: {error}") from None


def write_rows(path: Path, rows: Sequence[ScoredAnswer]) -> None:
    """Write Parquet, completely or not at all. Raises FarthingError."""
    from pyarrow import parquet  # noqa: PLC0415 - half a second, for this form only

    writing = path.with_name(f".{path.name}.writing")
    try:
        parquet.write_table(as_table(rows), writing, compression="zstd")
        writing.replace(path)
    except OSError as error:
        raise FarthingError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        writing.unlink(missing_ok=True)  # half a file would stay on a full disk


def _parquet(path: Path) -> Iterable[Row]:
    from router.evaluation.outcome_files import read_table  # noqa: PLC0415 - half a second, as above

    others = tuple(name for name in _NAMES if name not in _NEEDED)
    rows: list[Row] = read_table(path, _NEEDED, others).to_pylist()
    return rows


def _json_lines(path: Path) -> Iterator[Row]:
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise FarthingError(f"{path}: line {number} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise FarthingError(f"{path}: line {number} is not a JSON object")
        yield row


def _csv(path: Path) -> Iterator[Row]:
    usual = csv.field_size_limit(_LONGEST_CELL)  # the process has one limit, and others rely on it
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                yield {k: value for k, value in row.items() if k and value not in ("", None)}
    finally:
        csv.field_size_limit(usual)


_READERS: Mapping[str, Callable[[Path], Iterable[Row]]] = {
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".csv": _csv,
}


def _answered(row: Row, place: str) -> ScoredAnswer:
    """The answer in a row. Raises FarthingError if it is malformed."""
    if missing := [name for name in _NEEDED[:2] if not isinstance(row.get(name), str)]:
        raise FarthingError(f"{place} has no {' and no '.join(missing)}")
    known = {name: row[name] for name in _NAMES if row.get(name) is not None}
    try:
        known |= {name: _text(name, known[name]) for name in _TEXTS if name in known}
        known |= {name: _real(known[name]) for name in _REAL if name in known}
        known |= {name: _whole(known[name]) for name in _WHOLE if name in known}
        if (stated := known.get("category")) and stated not in tuple(Category):
            raise ValueError(f"'{stated}' is not a category{nearest(stated, Category)}")
        prompt_id = str(known.pop("prompt_id", "") or id_of(known["prompt"]))
        return ScoredAnswer(**{"score": None, **known, "prompt_id": prompt_id})
    except (TypeError, ValueError) as error:
        raise FarthingError(f"{place}: {error}") from None


def _text(name: str, value: Any) -> str:
    """The text; that of a number or a truth value, which JSON may have, as in Parquet."""
    if isinstance(value, list | dict):
        raise TypeError(f"{name} must be text")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _whole(value: Any) -> int | None:
    """A whole number, also in the form 12.0, as tables with gaps in a column are written."""
    number = _real(value)
    return None if number is None or math.isinf(number) else int(number)


def _real(value: Any) -> float | None:
    """A number; None for NaN, which some programs write for unknown values."""
    number = float(value)
    return None if math.isnan(number) else number
