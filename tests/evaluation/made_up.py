"""Outcomes that nobody ever had, as tables and as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from pyarrow import parquet

from router.domain.outcomes import Outcomes

COLUMNS: Mapping[str, Any] = {
    "dataset": pa.string(),
    "prompt_id": pa.string(),
    "prompt": pa.string(),
    "model": pa.string(),
    "score": pa.float32(),
    "answer": pa.string(),
    "input_tokens": pa.int32(),
    "output_tokens": pa.int32(),
    "cost_usd": pa.float64(),
    "latency_s": pa.float32(),
    "tokens_estimated": pa.bool_(),
    "second_answer": pa.string(),
    "second_cost_usd": pa.float64(),
}

POOLS = """\
pools:
  mine:
    note: "made up"
    datasets: [shop/returns, shop/sizes]
    models:
      large: {input_per_1m: 3, output_per_1m: 15}
      middle: {input_per_1m: 0.5, output_per_1m: 2, quality: 0.7}
      small: {input_per_1m: 0.1, output_per_1m: 0.4}
  two:
    models:
      large: {input_per_1m: 3, output_per_1m: 15, quality: 0.9}
      small: {input_per_1m: 0.1, output_per_1m: 0.4, quality: 0.6}
  elsewhere:
    datasets: [other/shop]
    models:
      large: {input_per_1m: 3, output_per_1m: 15}
  by-call:
    cost: nominal
    models:
      large: {cost_per_call: 0.02}
      small: {cost_per_call: 1e-3}
"""
COSTS = {"large": 0.01, "middle": 0.002, "small": 0.0004}
SKILL = {
    "shop/returns": {"large": 0.9, "middle": 0.85, "small": 0.4},
    "shop/sizes": {"large": 0.85, "middle": 0.5, "small": 0.8},
}


def row(prompt_id: str, model: str, score: float | None, **more: Any) -> dict[str, Any]:
    """A row of an outcome file."""
    known = {"dataset": "shop/returns", "prompt": f"What about {prompt_id}?", "cost_usd": 0.001}
    return {**known, "prompt_id": prompt_id, "model": model, "score": score, **more}


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], without: Sequence[str] = ()) -> Path:
    """A file of outcomes with these rows; what a row does not say is null."""
    names = [name for name in COLUMNS if name not in without]
    columns = [pa.array([each.get(name) for each in rows], COLUMNS[name]) for name in names]
    parquet.write_table(pa.table(dict(zip(names, columns, strict=True))), path)
    return path


def shop_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Questions to a shop: `middle` knows about returns, `small` about sizes, `large` about both."""
    dice = np.random.default_rng(seed)
    found = []
    for number in range(count):
        dataset = "shop/returns" if number % 2 else "shop/sizes"
        for model, cost in COSTS.items():
            more = {
                "dataset": dataset,
                "prompt": f"Question {number} about {dataset}",
                "answer": f"answer {dice.integers(3)}",
                "input_tokens": 20,
                "output_tokens": 100,
                "cost_usd": cost * dice.uniform(0.8, 1.2),
            }
            score = float(dice.random() < SKILL[dataset][model])
            found.append(row(f"q{number:04}", model, score, **more))
    return found


def outcomes(
    scores: Sequence[Sequence[float]],
    costs_usd: Sequence[Sequence[float]],
    datasets: Sequence[str] = (),
    prompts: Sequence[str] = (),
) -> Outcomes:
    """Tables with those scores and costs; models are m0, m1, ..."""
    table = np.array(scores, dtype=np.float64)
    count, models = table.shape
    unknown = np.full(table.shape, np.nan)
    return Outcomes(
        prompt_ids=tuple(f"p{number:04}" for number in range(count)),
        prompts=tuple(prompts) or tuple(f"prompt {number}" for number in range(count)),
        datasets=tuple(datasets) or ("some/set",) * count,
        models=tuple(f"m{number}" for number in range(models)),
        scores=table,
        costs_usd=np.array(costs_usd, dtype=np.float64),
        input_tokens=unknown,
        output_tokens=unknown,
        latencies_s=unknown,
        answers=np.full(table.shape, None, dtype=np.object_),
    )


@st.composite
def any_outcomes(draw: st.DrawFn) -> Outcomes:
    """Some ten prompts of two datasets, two to four models, scores right or wrong, costs of any size."""
    count, models = draw(st.integers(6, 14)), draw(st.integers(2, 4))
    score = st.sampled_from([0.0, 0.5, 1.0])
    cost = st.floats(1e-6, 1.0)

    def table(cells: st.SearchStrategy[float]) -> list[list[float]]:
        line = st.lists(cells, min_size=models, max_size=models)
        return draw(st.lists(line, min_size=count, max_size=count))

    return outcomes(table(score), table(cost), [f"made/{number % 2}" for number in range(count)])
