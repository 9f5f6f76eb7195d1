"""Outcome files as tables of prompts and models, with a category for each prompt."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from router.domain.category import Category
from router.domain.outcomes import Outcomes
from router.features.category import categorise

_COLUMNS = ["dataset", "prompt_id", "prompt", "model"]
_NUMBERS = ["score", "cost_usd", "input_tokens", "output_tokens", "latency_s"]


@dataclass(frozen=True, eq=False)
class Table:
    """The outcomes of a file, and how the router categorises each prompt."""

    name: str
    outcomes: Outcomes
    categories: tuple[Category, ...]

    def at(self, rows: NDArray[np.bool_]) -> "Table":
        """The prompts of these rows."""
        kept = tuple(each for each, row in zip(self.categories, rows, strict=True) if row)
        return Table(self.name, self.outcomes.at(rows), kept)

    def but(self, models: set[str]) -> "Table":
        """The outcomes of the other models."""
        rest = [name for name in self.outcomes.models if name not in models]
        return Table(self.name, self.outcomes.of(rest), self.categories)


def read(folder: Path, name: str) -> Table:
    rows = pq.read_table(folder / f"{name}.parquet", columns=[*_COLUMNS, *_NUMBERS])
    texts = {each: rows[each].to_numpy(zero_copy_only=False) for each in _COLUMNS}
    ids, first, row = np.unique(texts["prompt_id"], return_index=True, return_inverse=True)
    models, column = np.unique(texts["model"], return_inverse=True)
    tables = {}
    for number in _NUMBERS:
        tables[number] = np.full((len(ids), len(models)), np.nan)
        tables[number][row, column] = rows[number].to_numpy(zero_copy_only=False)
    prompts = tuple(texts["prompt"][first])
    outcomes = Outcomes(
        prompt_ids=tuple(ids),
        prompts=prompts,
        datasets=tuple(texts["dataset"][first]),
        models=tuple(models),
        scores=tables["score"],
        costs_usd=tables["cost_usd"],
        input_tokens=tables["input_tokens"],
        output_tokens=tables["output_tokens"],
        latencies_s=tables["latency_s"],
        answers=np.full((len(ids), len(models)), None, dtype=object),
    )
    return Table(name, outcomes, tuple(map(_category, prompts)))


def _category(prompt: str) -> Category:
    return categorise({"messages": [{"role": "user", "content": prompt}]})[0]
