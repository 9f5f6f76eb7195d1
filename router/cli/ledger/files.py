"""Writing attempts into files: CSV, JSON lines, Parquet. Each writes batch by batch.

Money is exact in all of them: decimal text, or a Parquet decimal. pyarrow is imported only for
Parquet.
"""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from router.cli.output.appearing import appearing
from router.domain.errors import FarthingError
from router.ledger.export import Attempt, Column, ColumnKind

STANDARD_OUTPUT = "-"

_Batches = Iterable[Sequence[Attempt]]
_Value = Callable[[Attempt], Any]
_Convert = Callable[[Any], Any]
_Writer = Callable[[BinaryIO, Sequence[Column], _Batches], None]


def write_file(out: str, form: str, columns: Sequence[Column], batches: _Batches) -> None:
    """Write `batches` into the file `out` ("-": standard output) in one of `FORMS`.

    The file appears when it is complete. Raises FarthingError if it cannot be written.
    """
    try:
        with _opened(out) as file:
            FORMS[form](file, columns, batches)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FarthingError(f"--out {out}: {error.strerror or error}") from None


@contextmanager
def _opened(out: str) -> Iterator[BinaryIO]:
    """The file, which appears when it is complete, or standard output."""
    if out == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with appearing(Path(out)) as file:
        yield file


def _values(columns: Sequence[Column], converted: Mapping[ColumnKind, _Convert]) -> list[_Value]:
    """Functions that return each column's value for an attempt, some kinds `converted`; None stays None."""
    return [_then(column.value, converted.get(column.kind)) for column in columns]


def _then(value: _Value, convert: _Convert | None) -> _Value:
    if convert is None:
        return value
    return lambda attempt: None if (found := value(attempt)) is None else convert(found)


def _write_csv(file: BinaryIO, columns: Sequence[Column], batches: _Batches) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    values = _values(columns, _CSV)
    lines = csv.writer(text)
    lines.writerow([column.name for column in columns])
    for batch in batches:
        lines.writerows([value(attempt) for value in values] for attempt in batch)
    text.detach()


def _as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


_CSV: Mapping[ColumnKind, _Convert] = {
    ColumnKind.TIME: _iso,
    ColumnKind.TRUTH: _as_json,
    ColumnKind.WORDS: _as_json,
}


def _write_jsonl(file: BinaryIO, columns: Sequence[Column], batches: _Batches) -> None:
    for batch in batches:
        for attempt in batch:
            row = {column.name: column.value(attempt) for column in columns}
            file.write(orjson.dumps(row, default=str, option=_JSON))


_JSON = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def _write_parquet(file: BinaryIO, columns: Sequence[Column], batches: _Batches) -> None:
    import pyarrow as pa  # noqa: PLC0415 - half a second, for this form only
    from pyarrow import parquet  # noqa: PLC0415

    types: Mapping[ColumnKind, Any] = {
        ColumnKind.TEXT: pa.string(),
        ColumnKind.WHOLE: pa.int64(),
        ColumnKind.REAL: pa.float64(),
        ColumnKind.TRUTH: pa.bool_(),
        ColumnKind.MONEY: pa.decimal128(38, 12),
        ColumnKind.TIME: pa.timestamp("us", tz="UTC"),
        ColumnKind.WORDS: pa.list_(pa.string()),
    }
    values = _values(columns, {ColumnKind.MONEY: attrgetter("usd")})
    schema = pa.schema([(column.name, types[column.kind]) for column in columns])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            arrays = [
                pa.array([value(attempt) for attempt in batch], field.type)
                for value, field in zip(values, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


FORMS: Mapping[str, _Writer] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "jsonl": _write_jsonl,
}
"""The values of `--format`."""
