"""Ledger entries with what a test is about, and the rest usual or made up by Hypothesis."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from router.domain.budget import EVERYTHING, Scope, ScopeKind
from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.usage import BUCKETS, Usage, UsageSource

SCOPES = [
    EVERYTHING,
    *(Scope(kind, name) for kind in ScopeKind if kind != "all" for name in ("a", "c'; --")),
]
USUAL = Entry(
    request_id="r1",
    attempt=1,
    at_s=datetime(2026, 5, 4, 12, tzinfo=UTC).timestamp(),
    asked="auto",
    policy="balanced",
    policy_version="v1",
    category="chat",
    model="cheap",
    upstream="up",
    outcome=Outcome.OK,
    reference="top",
    status=200,
    usage=Usage(900, 100, 0, 40, 10),
    usage_source=UsageSource.UPSTREAM,
    cost=Money(1_000_000),
    cost_source=CostSource.PRICED,
    baseline=Money(3_000_000),
    price_source="a test",
    quality_p=0.5,
    total_s=1.5,
    is_answer=True,
    closes=True,
    upstream_request_id="req_7",
)


def entry(request_id: str = "r1", attempt: int = 1, **fields: Any) -> Entry:
    return replace(USUAL, request_id=request_id, attempt=attempt, **fields)


def day(text: str, hour: int = 12) -> float:
    """Noon (or another full hour, UTC) of an ISO day as Unix time."""
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=UTC).timestamp()


_COUNTS = st.integers(0, 10**6) | st.just(10**9)
_PICO = st.integers(0, 10**12) | st.just(9 * 10**18)
_WORDS = st.sampled_from(["", "a", "b", "ü", "c'; --"])


@st.composite
def _attempts(draw: st.DrawFn, request_id: str) -> list[Entry]:
    """Attempts of one request, of which the last may be its answer."""
    common: dict[str, Any] = {
        "at_s": float(draw(st.integers(1_700_000_000, 1_700_500_000))),
        "policy": draw(_WORDS),
        "key": draw(_WORDS),
        "category": draw(st.sampled_from(["chat", "maths"])),
        "tags": tuple(draw(st.lists(_WORDS.filter(bool), max_size=3))),
        "stream": draw(st.booleans()),
    }
    outcomes = draw(st.lists(st.sampled_from([Outcome.FAILED, Outcome.CUT]), max_size=2))
    outcomes.append(draw(st.sampled_from([Outcome.OK, Outcome.CACHE_HIT, Outcome.CLIENT_LEFT])))
    return [
        _attempt(
            draw, request_id, attempt, outcome, {**common, "closes": attempt + 1 == len(outcomes)}
        )
        for attempt, outcome in enumerate(outcomes)
    ]


def _attempt(
    draw: st.DrawFn, request_id: str, attempt: int, outcome: Outcome, common: dict[str, Any]
) -> Entry:
    is_answer = outcome in (Outcome.OK, Outcome.CACHE_HIT)
    model = draw(st.sampled_from(["cheap", "top", "vectors"]))
    is_predicted = model != "vectors" and draw(st.booleans())
    return replace(
        USUAL,
        request_id=request_id,
        attempt=attempt,
        outcome=outcome,
        model=model,
        quality_p=0.5 if is_predicted else None,
        usage=Usage(*(draw(_COUNTS) for _ in BUCKETS)),
        cost=Money(draw(_PICO)),
        cost_source=draw(st.sampled_from(CostSource)),
        baseline=Money(draw(_PICO)) if is_answer else Money(0),
        is_answer=is_answer,
        first_content_s=draw(st.none() | st.floats(0, 100)),
        **common,
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[Entry]:
    """All entries of a few requests."""
    requests = draw(st.integers(0, 5))
    return [each for number in range(requests) for each in draw(_attempts(f"r{number}"))]


def holds(scope: Scope, each: Entry) -> bool:
    """Whether an entry belongs to a scope."""
    match scope.kind:
        case ScopeKind.KEY:
            return each.key == scope.name
        case ScopeKind.POLICY:
            return each.policy == scope.name
        case ScopeKind.TAG:
            return scope.name in each.tags
        case _:
            return True


def expected(entries: list[Entry], scope: Scope, since_s: float) -> Money:
    """What a scope has spent since then, added up row by row."""
    costs = (each.cost for each in entries if holds(scope, each) and each.at_s >= since_s)
    return sum(costs, ZERO)
