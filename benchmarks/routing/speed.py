"""How long it takes to predict the quality of ten models, at two lengths of prompt."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median
from time import perf_counter_ns

from benchmarks.routing.findings import Found, Table, microseconds, ratio, text
from benchmarks.routing.outcome_folder import OutcomeFolder
from benchmarks.routing.running import Settings
from router.cli.offline import tokenizer
from router.config.evidence.shipped import shipped_artefact
from router.domain.estimate import EstimateSource, QualityEstimate
from router.features.text import both_ends
from router.pipeline.artefact import Artefact
from router.pipeline.artefact_forecaster import Tokenize

TITLE = "How long it takes"

_SIZES = {"1 KB": 1024, "16 KB": 16 * 1024}
_BUDGETS_US = {"1 KB": 300.0, "16 KB": 1000.0}
_MODELS, _ROUNDS = 10, 400
_WORDS = (
    "A ferry leaves the harbour at {0} past nine with {1} passengers and {2} crates of apples; "
    "what does the captain's clerk write into the book when {3} of them stay behind? "
)
_COLUMNS = (
    text("prompt"),
    text("step"),
    microseconds("median us"),
    microseconds("tenth slowest us"),
    ratio("share of the budget"),
)


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:  # noqa: ARG001 - as every experiment
    """The shipped artefact's steps, with ten of its models; the budget is for everything except the tokens."""
    artefact, tokenize = shipped_artefact(), tokenizer()
    rows = []
    for size, chars in _SIZES.items():
        prompt = _prompt(chars)
        tokens = tokenize(both_ends(prompt))
        steps: dict[str, Callable[[], object]] = {
            "resemblance and ten qualities": partial(_foreseen, artefact, tokens),
            "the same, and tokenising": partial(_read_and_foreseen, artefact, tokenize, prompt),
        }
        for name, step in steps.items():
            usual, slow = timed(step)
            rows.append((size, name, usual, slow, usual / _BUDGETS_US[size]))
    yield Table("speed", _COLUMNS, tuple(rows))


def _foreseen(artefact: Artefact, tokens: Sequence[int]) -> list[QualityEstimate]:
    prior = QualityEstimate(0.7, 0.1, EstimateSource.PRIOR)
    prompt_scores = artefact.quality.prompt_scores(artefact.kinds.of(tokens, len(tokens)))
    return [prompt_scores.quality(name, prior) for name in artefact.models[:_MODELS]]


def _read_and_foreseen(artefact: Artefact, tokenize: Tokenize, prompt: str) -> object:
    return _foreseen(artefact, tokenize(both_ends(prompt)))


def _prompt(chars: int) -> str:
    """Made-up text with this many characters, with numbers that differ from sentence to sentence."""
    found = ""
    while len(found) < chars:
        n = len(found)
        found += _WORDS.format(n % 59, 3 * n + 7, n % 83 + 2, n % 31)
    return found[:chars]


def timed(step: Callable[[], object]) -> tuple[float, float]:
    """Microseconds of a step: the median and the 90th percentile of the rounds."""
    spent = []
    for _ in range(_ROUNDS):
        began = perf_counter_ns()
        step()
        spent.append((perf_counter_ns() - began) / 1000.0)
    spent.sort()
    return median(spent), spent[int(0.9 * len(spent))]
