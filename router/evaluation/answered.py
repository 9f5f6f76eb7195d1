"""One model's answer to one prompt, as in a row of outcome files; and tables made of such rows."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct, structs

from router.domain.category import Category
from router.evaluation.labelled import Labelled

_SHOWN_DIGITS = 16
_KEPT_CHARS, _KEPT_HEAD = 400, 240
_UNHEARD_OF = 2**31
"""More tokens, or seconds, than any answer has, and than the columns of outcome files hold."""
OWN = "own"
"""The source of answers that name no other one."""
FILE = "file"
"""The scorer of answers from a file that does not name one."""


class ScoredAnswer(Struct, frozen=True):
    """An answer with its score from 0 to 1; None if that, or another number, is unknown.

    `response` is the answer word for word, if it is kept: it can be rescored without being paid for
    again. `scored_by` names what gave the score, `category` is "" if it is not stated. `request_id` is
    that of the request in the ledger to which this model gave this answer, or gave one to the same words;
    "" for none. What is `second_` is about the model's answer to the same request when it was asked once more;
    a `second_answer` of "" came to nothing.
    """

    prompt_id: str
    prompt: str
    model: str
    score: float | None
    dataset: str = OWN
    answer: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    category: str = ""
    scored_by: str = FILE
    response: str | None = None
    request_id: str = ""
    second_answer: str | None = None
    second_response: str | None = None
    second_cost_usd: float | None = None

    def __post_init__(self) -> None:
        """Refuse invalid scores (including NaN), negative costs, and other numbers that no answer has."""
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score is from 0 to 1, not {self.score!r}")
        for cost_usd in (self.cost_usd, self.second_cost_usd):
            if cost_usd is not None and not 0.0 <= cost_usd < float("inf"):
                raise ValueError(f"a cost is 0 USD or more, not {cost_usd!r}")
        for name in ("input_tokens", "output_tokens", "latency_s"):
            number = getattr(self, name)
            if number is not None and not 0 <= number < _UNHEARD_OF:
                raise ValueError(f"{name} is from 0 to {_UNHEARD_OF - 1}, not {number!r}")

    @property
    def key(self) -> tuple[str, str]:
        """What is unique to the row: the prompt and the model."""
        return (self.prompt_id, self.model)

    @property
    def was_asked_twice(self) -> bool:
        """Whether anything is known of a second answer, even if only that it came to nothing."""
        known = (self.second_answer, self.second_response, self.second_cost_usd)
        return any(each is not None for each in known)


def id_of(text: str | bytes) -> str:
    """A prompt's id, derived from its text, so that it is always the same."""
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return sha256(raw).hexdigest()[:_SHOWN_DIGITS]


def shortened(answer: str) -> str:
    """An answer as in outcome files: at most 400 characters, a longer one with the hash of the whole."""
    text = " ".join(answer.split())
    if len(text) <= _KEPT_CHARS:
        return text
    return f"{text[:_KEPT_HEAD]}#{id_of(text)}"


def labelled(
    rows: Sequence[ScoredAnswer],
    models: Sequence[str],
    category_of: Callable[[str], Category],
    files: str = "",
) -> Labelled:
    """The rows as tables about `models`, one prompt per line. Unstated categories are `category_of` the prompt.

    Of two rows about the same prompt and model the later one counts. Raises FarthingError that names the
    `files` if an id is used for two prompts.
    """
    from router.evaluation.outcome_files import pivoted  # noqa: PLC0415 - half a second for pyarrow

    latest = {row.key: row for row in rows}
    outcomes = pivoted(as_table([*latest.values()]), models, files)
    first: dict[str, ScoredAnswer] = {}
    for row in latest.values():
        first.setdefault(row.prompt_id, row)
    ordered = [first[prompt_id] for prompt_id in outcomes.prompt_ids]
    return Labelled(
        outcomes=outcomes,
        categories=tuple(_category(row, category_of) for row in ordered),
        sources=tuple(row.scored_by for row in ordered),
    )


def as_table(rows: Sequence[ScoredAnswer]) -> Any:
    """The rows as an Arrow table, with the types of outcome files."""
    import pyarrow as pa  # noqa: PLC0415 - half a second

    kinds: dict[str, Any] = dict.fromkeys(ScoredAnswer.__struct_fields__, pa.string())
    kinds |= {"input_tokens": pa.int32(), "output_tokens": pa.int32(), "cost_usd": pa.float64()}
    kinds |= {"score": pa.float32(), "latency_s": pa.float32(), "second_cost_usd": pa.float64()}
    schema = pa.schema([*kinds.items(), ("tokens_estimated", pa.bool_())])
    return pa.Table.from_pylist(
        [{**structs.asdict(row), "tokens_estimated": False} for row in rows], schema
    )


def _category(row: ScoredAnswer, category_of: Callable[[str], Category]) -> Category:
    return Category(row.category) if row.category else category_of(row.prompt)
