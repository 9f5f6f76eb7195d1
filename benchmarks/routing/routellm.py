"""RouteLLM's own table: its two models, its test sets without what it had learnt from, its metric."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.routing.elsewhere import Target, foreseen, pair_targets
from benchmarks.routing.findings import Cell, Found, Table, count, quality, share, text
from benchmarks.routing.outcome_folder import ROUTELLM, OutcomeFolder, only, without
from benchmarks.routing.running import FOLDS, Settings
from router.domain.outcomes import Outcomes
from router.evaluation.crossing import Forecast
from router.evaluation.folds import by_prompt
from router.evaluation.judge import EVERYTHING

TITLE = "RouteLLM's own table"

_COLUMNS = (
    text("router"),
    text("learnt from"),
    text("test set"),
    count("prompts"),
    quality("APGR"),
    share("CPT(50%), %"),
    share("CPT(80%), %"),
)
_THEIRS = "[2406.18665](https://arxiv.org/abs/2406.18665), as published"
PUBLISHED: tuple[tuple[str, str, str, float, float, float], ...] = (
    ("matrix factorisation", "arena", "MT-Bench", 0.580, 0.253, 0.743),
    ("similarity-weighted ranking", "arena", "MT-Bench", 0.610, 0.379, 0.590),
    ("matrix factorisation", "arena + judge", "MT-Bench", 0.802, 0.134, 0.313),
    ("similarity-weighted ranking", "arena + judge", "MT-Bench", 0.759, 0.232, 0.360),
    ("BERT", "arena + judge", "MT-Bench", 0.751, 0.196, 0.340),
    (
        "similarity-weighted ranking",
        "arena + 1,500 gold labels",
        "MMLU",
        0.603,
        0.354,
        float("nan"),
    ),
    ("causal LLM", "arena + judge", "GSM8K", 0.622, 0.336, float("nan")),
)
"""Some rows of the paper's tables 1 to 3, as others tell them: the paper itself was not at hand. Three of the APGRs
(.603, .622, .802) were confirmed by a second source; the other figures were not."""


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    """Their rows, and ours by what they may learn from."""
    yield Table("routellm", _COLUMNS, (*_published(), *_ours(folder, settings)))


def _published() -> Iterator[tuple[Cell, ...]]:
    for router, learnt, test, *numbers in PUBLISHED:
        yield (f"{router}, {_THEIRS}", learnt, test, "", *numbers)


def _ours(folder: OutcomeFolder, settings: Settings) -> Iterator[tuple[Cell, ...]]:
    targets = tuple(pair_targets(folder))
    folds = by_prompt(targets[1].outcomes, FOLDS, settings.seed)
    in_domain = settings.crossed(targets[1].outcomes, folds, targets[1].pool)
    yield _row(f"GSM8K, {FOLDS} folds", targets[1], in_domain, settings)
    for learnt, outcomes in _lessons(folder).items():
        forecaster = settings.fit(outcomes, targets[0].pool, settings.seed)
        for target in targets:
            yield _row(learnt, target, foreseen(forecaster, target, settings), settings)


def _lessons(folder: OutcomeFolder) -> Mapping[str, Outcomes]:
    """What is learnt from: nothing in a test set, and nothing related to GSM8K."""
    both = without(folder.everything("zeroeval12", "mmlu_pro9", ROUTELLM), folder.overlapping)
    gold = only(both, folder.gold)
    theirs = [each.startswith(("routellm/", "zeroeval/gsm")) for each in both.datasets]
    return {
        "1,500 gold labels of MMLU": gold.of(folder.pool(ROUTELLM).names),
        "zeroeval without gsm, mmlu_pro": both.at(~np.array(theirs)),
        "all of these": both.at(~np.array(theirs) | _is_of(both, folder.gold)),
    }


def _is_of(outcomes: Outcomes, prompt_ids: frozenset[str]) -> NDArray[np.bool_]:
    return np.array([each in prompt_ids for each in outcomes.prompt_ids], dtype=np.bool_)


def _row(learnt: str, target: Target, forecast: Forecast, settings: Settings) -> tuple[Cell, ...]:
    pair = settings.judged(forecast).pairs[EVERYTHING]
    return ("Farthing", learnt, target.name, pair.prompts, pair.apgr, pair.cpt[0.5], pair.cpt[0.8])
