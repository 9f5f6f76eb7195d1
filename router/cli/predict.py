"""`farthing predict`: how good and how expensive each model's answer to each prompt would be."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from router.cli.offline import add_artefact, add_pool, taken, watched
from router.cli.output.appearing import output
from router.cli.output.tables import print_lines
from router.domain.errors import FarthingError
from router.domain.pool import Pool
from router.domain.predictions import Predictions
from router.evaluation.pool_file import read_pool

_AT_ONCE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `predict`."""
    parser.add_argument(
        "prompts", type=Path, metavar="PROMPTS.parquet", help="a file with prompt_id and prompt"
    )
    add_pool(parser)
    add_artefact(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PRED.parquet",
        help="one row per prompt and model",
    )


def run(args: argparse.Namespace) -> int:
    """Write the predictions, also for models that were never scored: from their priors and prices."""
    pool = read_pool(args.pool)
    with output("--out", args.out) as file:
        _write(file, _predicted(args, pool))
    said = f"Predictions of {len(pool.names)} models: {args.out}"
    print_lines([said])
    return 0


def _predicted(args: argparse.Namespace, pool: Pool) -> Iterator[Predictions]:
    from router.evaluation.outcome_files import read_prompts  # noqa: PLC0415 - half a second for pyarrow

    known = read_prompts(args.prompts)
    forecaster = taken(args.artefact)
    starts = range(0, len(known), _AT_ONCE)
    for start in watched(starts, "Predicting", len(starts)):
        part = slice(start, start + _AT_ONCE)
        yield forecaster.predict(known.prompts[part], pool, known.prompt_ids[part])


def _write(file: BinaryIO, predictions: Iterable[Predictions]) -> None:
    """Write all predictions as one table. Raises FarthingError if there are none."""
    import pyarrow as pa  # noqa: PLC0415 - half a second, which --help need not wait for
    from pyarrow import parquet  # noqa: PLC0415 - as above

    tables = [_table(each) for each in predictions]
    if not tables:
        raise FarthingError("there are no prompts to predict for")
    parquet.write_table(pa.concat_tables(tables), file, compression="zstd")


def _table(found: Predictions) -> Any:
    """One row per prompt and model; an unknown latency is null, in a numeric column all the same."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    ids = np.repeat(np.asarray(found.prompt_ids, dtype=object), len(found.models))
    models = np.tile(np.asarray(found.models, dtype=object), len(found.prompt_ids))
    return pa.table(
        {
            "prompt_id": pa.array(ids, pa.string()),
            "model": pa.array(models, pa.string()),
            "p_quality": found.p_quality.ravel(),
            "p_sd": found.p_sd.ravel(),
            "pred_cost_usd": found.costs_usd.ravel(),
            "pred_latency_s": pa.array(found.latencies_s.ravel(), pa.float64(), from_pandas=True),
        }
    )
