"""Files of outcomes: Parquet, one row per model's answer to a prompt.

| column | meaning |
|---|---|
| dataset | `source/subset`, the unit of leave-one-dataset-out |
| prompt_id, prompt | an id, unique across all files, and the text that a router sees |
| model | under the same name as in the pool file |
| score | from 0 to 1, null if unknown |
| answer | the final answer, null if none could be parsed |
| input_tokens, output_tokens, cost_usd, latency_s | null, or no column at all, if unknown |
| second_answer, second_cost_usd | of the same model, asked once more; both null, or no columns, if it was not |

Other columns are ignored. `router.evaluation.answer_files` knows some more, and other file formats.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray
from pyarrow import parquet

from router.domain.arrays import Floats
from router.domain.errors import FarthingError
from router.domain.outcomes import Outcomes, Seconds

_TEXTS = ("dataset", "prompt_id", "prompt", "model")
_NUMBERS = ("score", "cost_usd", "input_tokens", "output_tokens", "latency_s", "second_cost_usd")
_SECOND = ("second_answer", "second_cost_usd")
_AT_ONCE = 2**12
"""Rows read together."""
_MOST = {"score": 1.0}

Codes = NDArray[np.int64]
_NULL = -1


class Prompts(Struct, frozen=True):
    """Prompts without answers, sorted by id. `datasets` may be blank."""

    prompt_ids: tuple[str, ...]
    prompts: tuple[str, ...]
    datasets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.prompt_ids)


def read_outcomes(
    paths: Iterable[Path | str],
    models: Sequence[str] | None = None,
    datasets: Collection[str] | None = None,
) -> Outcomes:
    """The outcomes of several files together, prompts sorted by id.

    Columns are `models` in that order (NaN if the files have nothing about one), else every model
    by name. If `datasets` are given, only their prompts are read, and only those that one of `models` was
    asked. Raises FarthingError that names the file if it is not a file of outcomes, if a score is outside
    0..1, or if a model answers the same prompt twice.
    """
    return _read(paths, (*_TEXTS, "score"), models, datasets)


def read_answers(paths: Iterable[Path | str]) -> Outcomes:
    """Like `read_outcomes`, from files that need no scores; if one has them, they are ignored.

    `dataset` may be blank or missing; so may `answer`: then no two answers agree.
    """
    return _read(paths, _TEXTS[1:], numbers=_NUMBERS[1:])


def read_prompts(path: Path | str) -> Prompts:
    """The prompts of a file, each once; columns other than prompt_id and prompt may be missing.

    Raises FarthingError if it is not such a file, if an id or a text is null, and if an id has
    two texts.
    """
    required = ("prompt_id", "prompt")
    table = _checked(_table(Path(path), required, ("dataset",)), Path(path), required)
    return _prompts(table, str(path))[0]


def _read(
    paths: Iterable[Path | str],
    required: tuple[str, ...],
    models: Sequence[str] | None = None,
    datasets: Collection[str] | None = None,
    numbers: tuple[str, ...] = _NUMBERS,
) -> Outcomes:
    named = [Path(path) for path in paths]
    optional = (*numbers, "answer", "second_answer", "dataset")
    tables = [read_table(path, required, optional) for path in named]
    table = pa.concat_tables(tables, promote_options="default")
    table = _only(_only(table, "dataset", datasets), "model", models)
    return pivoted(table, models, ", ".join(map(str, named)))


def read_table(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> Any:
    """The wanted columns of a file, with the types that they should have.

    Raises FarthingError for a missing column, a required text that is null, and a number out of range.
    """
    return _checked(_table(path, required, optional), path, required)


def _table(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> Any:
    """Those wanted columns that `path` has, each with the type that it should have."""
    try:
        with parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            if missing := [name for name in required if name not in known]:
                raise FarthingError(f"{path} has no column {', '.join(missing)}")
            wanted = [name for name in dict.fromkeys((*required, *optional)) if name in known]
            if twice := [name for name in wanted if known.count(name) > 1]:
                raise FarthingError(f"{path} has more than one column {', '.join(twice)}")
            table = _gathered(file, wanted)
        if "dataset" in optional and "dataset" not in known:
            table = table.append_column("dataset", pa.nulls(len(table), _Texts.type))
        return table
    except pa.ArrowException as error:
        # pyarrow's messages have several lines, of which the first is the relevant one.
        raise FarthingError(f"{path} is not a file of outcomes: {_first_line(error)}") from None
    except OSError as error:
        raise FarthingError(f"{path} cannot be read: {error.strerror or error}") from None


def _gathered(file: Any, wanted: Sequence[str]) -> Any:
    """The `wanted` columns of an open file, read in parts: each text is there once, however many rows have it."""
    schema = pa.schema([(name, _type_of(name)) for name in wanted])
    texts = {name: _Texts() for name in wanted if name not in _NUMBERS}
    parts = [schema.empty_table().select([name for name in wanted if name not in texts])]
    for batch in file.iter_batches(_AT_ONCE, columns=list(wanted)):
        part = pa.Table.from_batches([batch]).select(wanted).cast(schema)
        part.validate(full=True)  # of text that is not UTF-8 pyarrow says nothing until later
        for name, column in texts.items():
            column.add(part[name])
        parts.append(part.drop_columns(list(texts)))
    numbers = pa.concat_tables(parts)
    columns = [texts[name].column() if name in texts else numbers[name] for name in wanted]
    return pa.table(columns, names=list(wanted))


class _Texts:
    """A column of texts that is read in parts."""

    type = pa.dictionary(pa.int32(), pa.large_string())

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._codes = [np.empty(0, dtype=np.int32)]

    def add(self, column: Any) -> None:
        """The next part of it."""
        names, codes = _encoded(column)
        known = self._numbers
        numbers = [_NULL if n is None else known.setdefault(n, len(known)) for n in names]
        self._codes.append(np.array(numbers, dtype=np.int32)[codes])

    def column(self) -> Any:
        """The whole of it."""
        codes, names = np.concatenate(self._codes), pa.array(self._numbers, pa.large_string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes == _NULL), names)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "it cannot be parsed")


def _type_of(column: str) -> Any:
    return pa.float64() if column in _NUMBERS else pa.large_string()


def _checked(table: Any, path: Path, required: tuple[str, ...]) -> Any:
    """`table`, if no names are missing and numbers are within range. Raises FarthingError."""
    for name in set(_TEXTS) & set(required):
        if table[name].null_count:
            raise FarthingError(f"{path}: {name} is null in {table[name].null_count} rows")
    for name in set(_NUMBERS) & set(table.column_names):
        values, most = table[name].to_numpy(), _MOST.get(name, np.finfo(float).max)
        wrong = values[(values < 0.0) | (values > most)]
        if len(wrong):
            span = "from 0 to 1" if name in _MOST else ">= 0"
            raise FarthingError(f"{path}: {name} must be a number {span}, not {wrong[0]:g}")
    return table


def _only(table: Any, column: str, names: Collection[str] | None) -> Any:
    """The rows with one of `names`; all rows if no names are given."""
    if not names:
        return table
    there, codes = _coded(table[column])
    is_wanted = np.array([name in names for name in there], dtype=np.bool_)
    return table.filter(pa.array(is_wanted[codes]))


def pivoted(table: Any, models: Sequence[str] | None, files: str) -> Outcomes:
    """Rows of answers as tables of prompts x models. Raises FarthingError that names the `files`."""
    texts, rows = _prompts(table, files)
    names, columns = _coded(table["model"])
    order = tuple(models or sorted(names))
    place = {name: at for at, name in enumerate(order)}
    columns = np.array([place[name] for name in names], dtype=np.int64)[columns]
    _refuse_repeated(rows, columns, texts, order, files)
    grid = _Grid(table, rows, columns, (len(texts), len(order)))
    return Outcomes(
        prompt_ids=texts.prompt_ids,
        prompts=texts.prompts,
        datasets=texts.datasets,
        models=order,
        scores=grid.numbers("score"),
        costs_usd=grid.numbers("cost_usd"),
        input_tokens=grid.numbers("input_tokens"),
        output_tokens=grid.numbers("output_tokens"),
        latencies_s=grid.numbers("latency_s"),
        answers=grid.texts("answer"),
        second=grid.second(),
    )


class _Grid(Struct, frozen=True):
    """The place of each row of a table among prompts x models."""

    table: Any
    rows: Codes
    columns: Codes
    shape: tuple[int, int]

    def numbers(self, name: str) -> Floats:
        """A column as prompts x models; NaN if it is null or missing."""
        found = np.full(self.shape, np.nan)
        if name in self.table.column_names:
            found[self.rows, self.columns] = self.table[name].to_numpy()
        return found

    def texts(self, name: str) -> NDArray[np.object_]:
        """The same of a column of texts; None if it is null or missing."""
        found = np.full(self.shape, None, dtype=np.object_)
        if name in self.table.column_names:
            names, codes = _coded(self.table[name])
            found[self.rows, self.columns] = np.array(names, dtype=np.object_)[codes]
        return found

    def second(self) -> Seconds | None:
        """The answers to the same once more; None if nobody was asked."""
        known = [name for name in _SECOND if name in self.table.column_names]
        if all(self.table[name].null_count == len(self.table) for name in known):
            return None
        answers, costs_usd = self.texts("second_answer"), self.numbers("second_cost_usd")
        answers[np.isfinite(costs_usd) & np.array(answers == None, dtype=np.bool_)] = ""  # noqa: E711 - elementwise
        return Seconds(answers, costs_usd)


def _prompts(table: Any, files: str) -> tuple[Prompts, Codes]:
    """The prompts by id, and which one each row is about. Raises FarthingError if an id has two."""
    names, codes = _coded(table["prompt_id"])
    order = np.argsort(np.array(names, dtype=np.object_), kind="stable")
    rows = np.argsort(order, kind="stable")[codes]
    first = np.unique(rows, return_index=True)[1]
    told = []
    for column in ("prompt", "dataset"):
        texts, meant = _coded(table[column])
        if len(odd := np.flatnonzero(meant != meant[first][rows])):
            where = names[codes[odd[0]]]
            raise FarthingError(f"{files}: prompt_id '{where}' has more than one {column}")
        told.append([texts[each] for each in meant[first].tolist()])
    prompts, datasets = told
    ids = tuple(names[each] for each in order.tolist())
    return Prompts(ids, tuple(prompts), tuple(name or "" for name in datasets)), rows


def _coded(column: Any) -> tuple[list[Any], Codes]:
    """The distinct texts of a column, and which one each row has; a null is one of them."""
    names, codes = _encoded(column)
    used, codes = np.unique(codes, return_inverse=True)
    return [names[each] for each in used.tolist()], codes


def _encoded(column: Any) -> tuple[list[Any], Codes]:
    """The same, perhaps with some that no row has."""
    coded = column.combine_chunks().dictionary_encode()
    names = [*coded.dictionary.to_pylist(), None]
    return names, coded.indices.fill_null(len(names) - 1).to_numpy()


def _refuse_repeated(
    rows: Codes, columns: Codes, texts: Prompts, models: Sequence[str], files: str
) -> None:
    places, counts = np.unique(rows * len(models) + columns, return_counts=True)
    if len(twice := places[counts > 1]):
        row, column = divmod(int(twice[0]), len(models))
        answered = f"'{models[column]}' answers prompt '{texts.prompt_ids[row]}' twice"
        raise FarthingError(f"{files}: {answered}")
