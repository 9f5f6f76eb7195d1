"""What became of one request: its attempts and what they cost, as a document and in sentences."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, structs

from router.domain.ledger import CostSource, Entry
from router.domain.money import ZERO, Money
from router.domain.price import STANDARD
from router.domain.usage import UsageSource


class RequestRecord(Struct, frozen=True):
    """All that the ledger has of one request: at least one entry, in the order of attempts.

    `decision` is what is kept of how it was decided, None for nothing.
    """

    entries: tuple[Entry, ...]
    decision: str | None = None

    def __post_init__(self) -> None:
        """Refuse a trace without entries, and one of several requests."""
        if len({entry.request_id for entry in self.entries}) != 1:
            raise ValueError("a trace is of one request")

    @property
    def request_id(self) -> str:
        """The request's id."""
        return self.entries[0].request_id

    @property
    def key(self) -> str:
        """The name of the key that sent the request, "" for none."""
        return self.entries[0].key

    @property
    def cost(self) -> Money:
        """What all of its attempts cost."""
        return sum((entry.cost for entry in self.entries), ZERO)

    @property
    def baseline(self) -> Money:
        """What the reference would have charged for the answer; 0 if there was none."""
        return sum((entry.baseline for entry in self.entries), ZERO)

    @property
    def saving(self) -> Money:
        """Baseline less cost; negative if something was paid without an answer."""
        return self.baseline - self.cost


def told(trace: RequestRecord) -> dict[str, Any]:
    """The trace as JSON: money as exact decimal text in USD, times as Unix times, spans in seconds."""
    first = trace.entries[0]
    return {
        "at_s": first.at_s,
        "stream": first.stream,
        "attempts": [_attempt(entry) for entry in trace.entries],
        "cost_usd": str(trace.cost),
        "baseline_usd": str(trace.baseline),
        "saving_usd": str(trace.saving),
    }


def _attempt(entry: Entry) -> dict[str, Any]:
    """One attempt; empty fields are left out. Its number is 0 for an answer from the cache."""
    optional = {
        "error": entry.error,
        "price_source": entry.price_source,
        "cost_note": entry.cost_note,
        "first_content_s": entry.first_content_s,
        "upstream_request_id": entry.upstream_request_id,
    }
    return {
        "attempt": entry.attempt,
        "model": entry.model,
        "upstream": entry.upstream,
        "outcome": entry.outcome.value,
        "is_answer": entry.is_answer,
        "status": entry.status,
        "usage": {name: count for name, count in structs.asdict(entry.usage).items() if count},
        "usage_source": entry.usage_source.value,
        "cost_usd": str(entry.cost),
        "cost_source": entry.cost_source.value,
        "service_tier": entry.service_tier,
        "began_at_s": entry.at_s,
        "total_s": entry.total_s,
        **{name: value for name, value in optional.items() if value not in ("", None)},
    }


def sentences(trace: RequestRecord) -> Iterator[str]:
    """What happened, as a person would tell it: a sentence per attempt, and the sum."""
    for entry in trace.entries:
        yield f"{_happened(entry)} for {entry.cost} USD{_charged(entry)}{_known_as(entry)}."
    if not any(entry.is_answer for entry in trace.entries):
        yield f"There was no complete answer; in total it cost {_least(trace)}{trace.cost} USD."
        return
    reference = _reference(trace.entries)
    yield (
        f"In total it cost {_least(trace)}{trace.cost} USD; {reference} would have charged {trace.baseline} USD"
        f" for this answer: {_saved(trace.saving)}."
    )


def _least(trace: RequestRecord) -> str:
    """Nothing, unless a part of the cost is not known."""
    is_incomplete = any(entry.cost_source is CostSource.UNPRICED for entry in trace.entries)
    return "at least " if is_incomplete else ""


def _happened(entry: Entry) -> str:
    spans = [f"in {entry.total_s:.2f} s"]
    if entry.first_content_s is not None:
        spans.append(f"(first content after {entry.first_content_s:.2f} s)")
    why = f" ({entry.error})" if entry.error else ""
    ended = f"{entry.model} at {entry.upstream}: {entry.outcome.replace('_', ' ')}{why}"
    return f"{_which(entry.attempt)}: {ended} {' '.join(spans)}"


def _known_as(entry: Entry) -> str:
    return f", request id {entry.upstream_request_id}" if entry.upstream_request_id else ""


def _charged(entry: Entry) -> str:
    """At which price, of whom and for which tier, and what is uncertain about it; "" if there is nothing to say."""
    if entry.cost_source is CostSource.FREE and not entry.cost_note:
        return ""
    tier = "" if entry.service_tier == STANDARD else f"tier {entry.service_tier}"
    price = ", ".join(filter(None, (entry.price_source, tier)))
    parts = filter(None, (price, "; ".join(_doubts(entry))))
    told = "; ".join(parts)
    return f" ({told})" if told else ""


def _doubts(entry: Entry) -> Iterator[str]:
    if entry.usage_source is UsageSource.ESTIMATED and entry.cost_source is not CostSource.PRICED:
        yield "estimated: the upstream reported no usage, or none that makes sense"
    if entry.cost_note:
        is_whole = entry.cost_source is not CostSource.UNPRICED
        yield entry.cost_note if is_whole else f"incomplete: {entry.cost_note}"


def _which(attempt: int) -> str:
    if attempt < 0:
        return "Before any attempt"
    return f"Attempt {attempt}" if attempt else "From the cache"


def _reference(entries: Sequence[Entry]) -> str:
    return next(entry.reference for entry in entries if entry.is_answer)


def _saved(saving: Money) -> str:
    if saving.pico < 0:
        return f"{-saving} USD more was paid"
    return f"{saving} USD was saved"
