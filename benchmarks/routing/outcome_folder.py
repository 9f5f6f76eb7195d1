"""A folder of outcome data, and which experiment may see which of it."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.evaluation.crossing import priced
from router.evaluation.outcome_files import read_outcomes
from router.evaluation.pool_file import read_pool

POOLS = {
    "zeroeval12": "zeroeval.parquet",
    "mmlu_pro9": "mmlu_pro.parquet",
    "routerbench11": "routerbench_part.parquet",
    "bfcl12": "bfcl_basic.parquet",
}
"""The pools of which results are told, and the files that these come from."""
ROUTELLM = "routellm2"
_FILES = {**POOLS, ROUTELLM: "routellm.parquet"}
_POOLS_FILE = "pools.yaml"
_OVERLAP_FILE = "overlap_with_routellm.csv"
_CONTAMINATED_FILE = "routellm_contaminated_ids.txt"
_GOLD_FILE = "gold_mmlu_1500.txt"


@dataclass(frozen=True)
class OutcomeFolder:
    """A folder of outcomes, in the form that its protocol describes."""

    folder: Path

    @property
    def is_there(self) -> bool:
        """Whether the folder has everything that the experiments read."""
        texts = (_POOLS_FILE, _OVERLAP_FILE, _CONTAMINATED_FILE, _GOLD_FILE)
        return all((self.folder / name).exists() for name in (*_FILES.values(), *texts))

    def pool(self, name: str) -> Pool:
        """A pool by its name."""
        return read_pool(f"{self.folder / _POOLS_FILE}:{name}")

    def outcomes(self, name: str) -> Outcomes:
        """What the models of a pool answered, at the pool's costs."""
        pool = self.pool(name)
        return priced(read_outcomes([self.folder / _FILES[name]], pool.names, pool.datasets), pool)

    def everything(self, *names: str) -> Outcomes:
        """What all models in these pools' files answered, in the pools or not."""
        return read_outcomes([self.folder / _FILES[name] for name in names])

    @cached_property
    def overlapping(self) -> frozenset[str]:
        """Prompts that are also in RouteLLM's test sets: they must stay unseen by whatever is judged there."""
        with (self.folder / _OVERLAP_FILE).open(encoding="utf-8", newline="") as file:
            return frozenset(row["prompt_id"] for row in csv.DictReader(file))

    @cached_property
    def contaminated(self) -> frozenset[str]:
        """Prompts that RouteLLM's own test sets leave out, because its routers had learnt from them."""
        return self._ids(_CONTAMINATED_FILE)

    @cached_property
    def gold(self) -> frozenset[str]:
        """The MMLU prompts whose labels may be learnt from; they are not judged."""
        return self._ids(_GOLD_FILE)

    def _ids(self, name: str) -> frozenset[str]:
        return frozenset((self.folder / name).read_text(encoding="utf-8").split())


def without(outcomes: Outcomes, prompt_ids: frozenset[str]) -> Outcomes:
    """The outcomes of all other prompts."""
    return outcomes.at(
        np.array([each not in prompt_ids for each in outcomes.prompt_ids], dtype=bool)
    )


def only(outcomes: Outcomes, prompt_ids: frozenset[str]) -> Outcomes:
    """The outcomes of these prompts."""
    return outcomes.at(np.array([each in prompt_ids for each in outcomes.prompt_ids], dtype=bool))


def of_dataset(outcomes: Outcomes, start: str) -> Outcomes:
    """The outcomes of datasets whose names start with this."""
    return outcomes.at(np.array([each.startswith(start) for each in outcomes.datasets], dtype=bool))
