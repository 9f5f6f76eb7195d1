"""What the experiments have in common: how they fit, predict and judge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

from benchmarks.routing.findings import Found
from benchmarks.routing.outcome_folder import OutcomeFolder
from router.cli.offline import fitting, tokenizer, watched
from router.config.evidence.priors import Priors
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit
from router.evaluation.crossing import Forecast, forecast, gathered, held_out
from router.evaluation.folds import Split, by_dataset, by_prompt
from router.evaluation.judge import Evaluation, judged
from router.evaluation.resampling import Resamples

FOLDS = 5
TESTED_ON = ("zeroeval", "mmlu_pro", "bfcl")
"""The benchmarks that the data is from: the same models' published results on them are left out."""

Splitting = Callable[[Outcomes], Split]
"""Which fold each prompt is in."""


@dataclass(frozen=True)
class Settings:
    """The seed of all random draws, and how many samples intervals are made from."""

    seed: int = 0
    samples: int = 1000

    @property
    def splits(self) -> Iterator[tuple[str, Splitting]]:
        """The two ways to hold prompts out, by name: at random, and a whole dataset at a time."""
        yield "random", lambda outcomes: by_prompt(outcomes, FOLDS, self.seed)
        yield "datasets", by_dataset

    @cached_property
    def fit(self) -> Fit:
        """How the product fits, but nobody has published how models do on what they are tested on."""
        return fitting(tokenizer(), Priors.shipped().without(*TESTED_ON))

    def crossed(
        self, outcomes: Outcomes, split: Split, pool: Pool, fit: Fit | None = None
    ) -> Forecast:
        """Each fold predicted from the others."""
        folds = watched(held_out(outcomes, split), pool.name, len(split.names))
        parts = [forecast(fold, pool, fit or self.fit, self.seed) for fold in folds]
        return gathered(outcomes, split, parts)

    def judged(self, found: Forecast) -> Evaluation:
        """A forecast compared with what needs no router."""
        return judged(found, Resamples.drawn(len(found.outcomes), self.samples, self.seed))


Experiment = Callable[[OutcomeFolder, Settings], Iterator[Found]]


def experiment(module: ModuleType) -> Experiment:
    """What a module in this folder does."""
    run: Experiment = module.run
    return run
