"""What Farthing may know about the models: an artefact fitted to their answers to other questions of the same kinds."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from benchmarks.cascades.questions import Asked
from benchmarks.cascades.told import given
from router.evaluation.answer_files import write_rows
from router.evaluation.answered import ScoredAnswer, id_of
from router.providers.simulated import Minds, SimulatedModel
from tests.e2e.configs import as_yaml
from tests.e2e.programs import run

_POOL = "simulated"
_PARTS = 4
_PICO_PER_USD_PER_MTOK = 10**6


def learnt(
    folder: Path, asked: Sequence[Asked], models: Sequence[SimulatedModel], minds: Minds, seed: int
) -> Path:
    """The artefact that `farthing fit` makes from every model's answers to these questions.

    Raises RuntimeError with its output if it makes none.
    """
    outcomes, pools, artefact = (folder / name for name in ("seen.parquet", "pools.yaml", "learnt"))
    write_rows(outcomes, list(_rows(asked, models, minds, seed)))
    pools.write_text(as_yaml({"pools": {_POOL: _pool(models)}}), "utf-8")
    done = run("fit", str(outcomes), "--pool", f"{pools}:{_POOL}", "--out", str(artefact))
    if done.status:
        raise RuntimeError(done.err)
    return artefact


def _pool(models: Sequence[SimulatedModel]) -> dict[str, object]:
    return {
        "cost": "column",
        "models": {
            model.id: {
                "input_per_1m": model.price.input_pico / _PICO_PER_USD_PER_MTOK,
                "output_per_1m": model.price.output_pico / _PICO_PER_USD_PER_MTOK,
            }
            for model in models
        },
    }


def _rows(
    asked: Sequence[Asked], models: Sequence[SimulatedModel], minds: Minds, seed: int
) -> Iterator[ScoredAnswer]:
    for part, one in zip(cycle(range(_PARTS)), asked, strict=False):
        text = one.question.request.question
        for model in models:
            found = given(one, model, minds, seed)
            yield ScoredAnswer(
                prompt_id=id_of(text),
                prompt=text,
                model=model.id,
                score=float(found.is_right),
                dataset=f"simulated/{one.kind}-{part}",
                answer=found.value,
                input_tokens=found.input_tokens,
                output_tokens=found.output_tokens,
                cost_usd=float(found.cost.usd),
                latency_s=found.total_s,
            )
