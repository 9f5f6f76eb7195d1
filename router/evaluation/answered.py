"""One model's answer to one prompt, as outcome files have it a row; and tables made of such rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.outcomes import Outcomes
from router.evaluation.labelled import GOLD_WEIGHT, Labelled

_SHOWN_DIGITS = 16
_KEPT_CHARS, _KEPT_HEAD = 400, 240
FILE = "file"
"""Who has scored an answer that a file brings without saying so."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its score from 0 to 1; None where that, or another number, is not known.

    `response` is the answer word for word, where it is kept: it can be scored again without being paid
    again. `scored_by` names what has given the score, `category` is "" where nothing is said of it.
    """

    prompt_id: str
    prompt: str
    model: str
    score: float | None
    dataset: str = "own"
    answer: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    category: str = ""
    scored_by: str = FILE
    response: str | None = None

    def __post_init__(self) -> None:
        """Refuse scores that are none (NaN included) and negative costs."""
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score is from 0 to 1, not {self.score!r}")
        if self.cost_usd is not None and not 0.0 <= self.cost_usd < float("inf"):
            raise ValueError(f"a cost is 0 USD or more, not {self.cost_usd!r}")

    @property
    def key(self) -> tuple[str, str]:
        """What no other row has: the prompt and the model."""
        return (self.prompt_id, self.model)


def id_of(text: str | bytes) -> str:
    """A prompt's id, made of what is asked: the same again tomorrow."""
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return sha256(raw).hexdigest()[:_SHOWN_DIGITS]


def shortened(answer: str) -> str:
    """An answer as outcome files have it: at most 400 characters, a longer one with the hash of the whole."""
    text = " ".join(answer.split())
    if len(text) <= _KEPT_CHARS:
        return text
    return f"{text[:_KEPT_HEAD]}#{id_of(text)}"


def labelled(
    rows: Sequence[Answered],
    models: Sequence[str],
    category_of: Callable[[str], Category],
    weight: float = GOLD_WEIGHT,
) -> Labelled:
    """The rows as tables about `models`, a prompt a line. A category that no row says is `category_of` the prompt.

    Of two rows about the same prompt and model the later one counts.
    """
    by_prompt: dict[str, dict[str, Answered]] = {}
    for row in rows:
        by_prompt.setdefault(row.prompt_id, {})[row.model] = row
    firsts = [next(iter(found.values())) for found in by_prompt.values()]
    cells = [[found.get(model) for model in models] for found in by_prompt.values()]
    outcomes = Outcomes(
        prompt_ids=tuple(by_prompt),
        prompts=tuple(first.prompt for first in firsts),
        datasets=tuple(first.dataset for first in firsts),
        models=tuple(models),
        scores=_numbers(cells, lambda row: row.score),
        costs_usd=_numbers(cells, lambda row: row.cost_usd),
        input_tokens=_numbers(cells, lambda row: row.input_tokens),
        output_tokens=_numbers(cells, lambda row: row.output_tokens),
        latencies_s=_numbers(cells, lambda row: row.latency_s),
        answers=_answers(cells, len(models)),
    )
    return Labelled(
        outcomes=outcomes,
        categories=tuple(_category(first, category_of) for first in firsts),
        sources=tuple(first.scored_by for first in firsts),
        weights=np.full(len(firsts), weight),
    )


def joined(parts: Sequence[Labelled]) -> Labelled:
    """Several tables about the same models as one; prompts of the same id in two of them stay apart."""
    outcomes = [part.outcomes for part in parts]
    return Labelled(
        outcomes=Outcomes(
            prompt_ids=tuple(
                f"{place}:{each}" if place else each
                for place, part in enumerate(outcomes)
                for each in part.prompt_ids
            ),
            prompts=tuple(each for part in outcomes for each in part.prompts),
            datasets=tuple(each for part in outcomes for each in part.datasets),
            models=outcomes[0].models,
            scores=np.concatenate([part.scores for part in outcomes]),
            costs_usd=np.concatenate([part.costs_usd for part in outcomes]),
            input_tokens=np.concatenate([part.input_tokens for part in outcomes]),
            output_tokens=np.concatenate([part.output_tokens for part in outcomes]),
            latencies_s=np.concatenate([part.latencies_s for part in outcomes]),
            answers=np.concatenate([part.answers for part in outcomes]),
        ),
        categories=tuple(each for part in parts for each in part.categories),
        sources=tuple(each for part in parts for each in part.sources),
        weights=np.concatenate([part.weights for part in parts]),
    )


Cells = Sequence[Sequence[Answered | None]]


def _numbers(cells: Cells, read: Callable[[Answered], float | None]) -> Floats:
    table = [[np.nan if each is None else _number(read(each)) for each in line] for line in cells]
    return np.array(table, dtype=np.float64).reshape(len(cells), len(cells[0]) if cells else 0)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _answers(cells: Cells, width: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.object_]]":
    table = np.full((len(cells), width), None, dtype=object)
    for at, line in enumerate(cells):
        table[at] = [each.answer if each else None for each in line]
    return table


def _category(row: Answered, category_of: Callable[[str], Category]) -> Category:
    return Category(row.category) if row.category else category_of(row.prompt)


def by_source(parts: Labelled) -> Mapping[str, int]:
    """How many prompts each source has scored."""
    return {each: parts.sources.count(each) for each in dict.fromkeys(parts.sources)}
