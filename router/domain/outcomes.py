"""Tables of outcomes: what many models answered to the same prompts, how good it was, what it cost.

For offline work only, so money is in floating-point dollars here, as in outcome files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """The final answers of models that were asked the same once more: prompts in rows, models in columns.

    Of `answers`, None is one that was never asked for, and "" one that came to nothing. `costs_usd` are NaN where that
    is not known.
    """

    answers: NDArray[np.object_] = field(repr=False)
    costs_usd: Floats

    @property
    def are_there(self) -> NDArray[np.bool_]:
        """Which models were asked what twice."""
        return np.array(self.answers != None, dtype=np.bool_)  # noqa: E711 - elementwise

    def at(self, rows: NDArray[Any]) -> "Seconds":
        """The given prompts only."""
        return Seconds(self.answers[rows], self.costs_usd[rows])

    def of(self, columns: list[int]) -> "Seconds":
        """The given models only, by their columns; of one below 0, nothing is known."""
        return Seconds(
            _columns(self.answers, columns, missing=None), _columns(self.costs_usd, columns)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Prompts in rows, models in columns; NaN where a model has no answer or the number is unknown.

    `scores` are from 0 to 1. `datasets` are `source/subset`, the unit of leave-one-dataset-out.
    `answers` hold the final answer, None where none could be parsed; `second` those of models that were asked twice,
    None where none was.
    """

    prompt_ids: tuple[str, ...]
    prompts: tuple[str, ...]
    datasets: tuple[str, ...]
    models: tuple[str, ...]
    scores: Floats
    costs_usd: Floats
    input_tokens: Floats
    output_tokens: Floats
    latencies_s: Floats
    answers: NDArray[np.object_] = field(repr=False)
    second: Seconds | None = None

    def __post_init__(self) -> None:
        """Refuse tables whose parts have different sizes."""
        shape = (len(self.prompt_ids), len(self.models))
        if not len(self.prompts) == len(self.datasets) == len(self.prompt_ids):
            raise ValueError("every prompt has an id, a text and a dataset")
        tables = (self.scores, self.costs_usd, self.input_tokens, self.output_tokens)
        second = (self.second.answers, self.second.costs_usd) if self.second else ()
        if any(each.shape != shape for each in (*tables, self.latencies_s, self.answers, *second)):
            raise ValueError(f"every table of outcomes is {shape[0]} prompts x {shape[1]} models")

    def __len__(self) -> int:
        return len(self.prompt_ids)

    def at(self, rows: Sequence[int] | NDArray[Any]) -> "Outcomes":
        """The given prompts only, by their row numbers or a mask."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        return Outcomes(
            prompt_ids=tuple(self.prompt_ids[row] for row in chosen),
            prompts=tuple(self.prompts[row] for row in chosen),
            datasets=tuple(self.datasets[row] for row in chosen),
            models=self.models,
            scores=self.scores[chosen],
            costs_usd=self.costs_usd[chosen],
            input_tokens=self.input_tokens[chosen],
            output_tokens=self.output_tokens[chosen],
            latencies_s=self.latencies_s[chosen],
            answers=self.answers[chosen],
            second=self.second and self.second.at(chosen),
        )

    def of(self, models: Sequence[str]) -> "Outcomes":
        """The given models only, in that order; one that is not in this table has NaN everywhere."""
        columns = [self.models.index(name) if name in self.models else -1 for name in models]
        return Outcomes(
            prompt_ids=self.prompt_ids,
            prompts=self.prompts,
            datasets=self.datasets,
            models=tuple(models),
            scores=_columns(self.scores, columns),
            costs_usd=_columns(self.costs_usd, columns),
            input_tokens=_columns(self.input_tokens, columns),
            output_tokens=_columns(self.output_tokens, columns),
            latencies_s=_columns(self.latencies_s, columns),
            answers=_columns(self.answers, columns, missing=None),
            second=self.second and self.second.of(columns),
        )

    @property
    def is_complete(self) -> NDArray[np.bool_]:
        """For each prompt, whether every model has a score and a cost."""
        known = np.isfinite(self.scores) & np.isfinite(self.costs_usd)
        return np.asarray(known.all(axis=1), dtype=np.bool_)


def _columns(
    table: NDArray[Any], columns: list[int], missing: float | None = np.nan
) -> NDArray[Any]:
    picked = table[:, columns].copy()
    picked[:, [column < 0 for column in columns]] = missing
    return picked
