"""The ledger against the upstreams' own accounts, attempt by attempt, to the pico-dollar.

A call of an upstream and a row of the ledger belong together when they are about the same model and
the same request, identified by the hash of the bytes that the upstream got. Then

- a row with the upstream's own usage has a call with that usage, and costs what that usage costs;
- a row with an estimated usage has a reason in what the soak did to it: a fault, a client that left,
  a hedge, a deadline, an upstream that was killed;
- a row that costs nothing has a call that was not charged for, or none;
- no call is left without a row;
- a request that was answered has one row that says so, any other has none.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.oracle import expected
from benchmarks.chaos.rig import Outage, UpstreamCall
from benchmarks.chaos.shots import Shot
from benchmarks.chaos.troubles import Trouble, kind_of
from router.domain.ledger import Outcome
from router.domain.money import ZERO, Money
from router.domain.usage import NO_USAGE, Usage, UsageSource
from router.stores.sql.database import open_database
from router.stores.sql.schema import ATTEMPTS, TAGS
from router.wire.chat import parse_chat, upstream_bytes

_OUTAGE_SLACK_S = 0.5
_BROKEN_CONNECTION = "connection_broken"
"""Perhaps the upstream closed a kept connection just then: it has no call, and we cannot know."""
_USAGE = ("uncached_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
          "reasoning_tokens")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt as the ledger has it; `began_s` and `ended_s` are Unix times."""

    tag: str
    attempt: int
    model: str
    outcome: str
    error: str
    usage: Usage
    source: str
    cost: Money
    is_answer: bool
    began_s: float
    ended_s: float

    def __str__(self) -> str:
        said = f"{self.outcome} {self.error}".strip()
        return f"{self.tag} attempt {self.attempt} on {self.model} ({said}, usage {self.source}, ${self.cost})"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the soak: whether it was answered, None if its client did not wait."""

    shot: Shot
    answered: bool | None
    in_storm: bool = False


@dataclass(slots=True)
class Audit:
    """The findings, and the sums over all rows."""

    findings: list[str] = field(default_factory=list)
    exact: Money = ZERO
    estimated: Money = ZERO
    exact_rows: int = 0
    estimated_rows: int = 0
    free_rows: int = 0
    unseen_rows: int = 0
    """Rows of attempts that only a killed upstream knew of."""


def read_rows(ledger: Path) -> list[Row]:
    """All rows of a ledger, with the tag that the soak's request carried ("" for one without)."""
    engine = open_database(ledger)
    joined = ATTEMPTS.outerjoin(
        TAGS,
        (ATTEMPTS.c.request_id == TAGS.c.request_id) & (ATTEMPTS.c.attempt == TAGS.c.attempt),
    )
    with engine.connect() as connection:
        found = connection.execute(select(ATTEMPTS, TAGS.c.tag).select_from(joined)).all()
    engine.dispose()
    return [_row(dict(each._mapping)) for each in found]


def audit(
    asked: Iterable[Asked],
    rows: Iterable[Row],
    calls: Iterable[UpstreamCall],
    outages: Sequence[Outage],
) -> Audit:
    """Compare the ledger with what the upstreams have recorded."""
    by_tag = {each.shot.tag: each for each in asked}
    result = Audit()
    rows_of: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    answers: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row.tag not in by_tag:
            result.findings.append(f"a row for a request that nobody made: {row}")
            continue
        answers[row.tag] += row.is_answer
        if row.outcome != Outcome.CACHE_HIT:
            rows_of[by_tag[row.tag].shot.nonce, row.model].append(row)
    calls_of = _by_question(by_tag.values(), calls, result)
    for key in rows_of.keys() | calls_of.keys():
        matching = _Matching(by_tag, outages, result, key[0], calls_of.get(key, []))
        matching.match(rows_of.get(key, []))
    result.findings += _wrong_answers(by_tag.values(), answers)
    return result


class _Matching:
    """The rows and calls of one question and one model."""

    def __init__(
        self,
        by_tag: Mapping[str, Asked],
        outages: Sequence[Outage],
        result: Audit,
        nonce: str,
        calls: Sequence[UpstreamCall],
    ) -> None:
        self._nonce = nonce
        self._by_tag = by_tag
        self._outages = outages
        self._result = result
        self._left = list(calls)

    def match(self, rows: Sequence[Row]) -> None:
        by_source: defaultdict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_source[row.source].append(row)
        for row in by_source[UsageSource.UPSTREAM]:
            self._exact(row)
        for row in by_source[UsageSource.ESTIMATED]:
            self._estimated(row)
        for row in by_source[UsageSource.NONE]:
            self._free(row)
        for call in self._left:
            self._find(f"{self._who()}: a call that is in no book: {call}")

    def _who(self) -> str:
        """The request that the calls were for, or one of several with the same question."""
        asked = next(each.shot for each in self._by_tag.values() if each.shot.nonce == self._nonce)
        return f"{asked.tag} ({asked.asked}, {asked.manner}, deadline {asked.deadline_s})"

    def _exact(self, row: Row) -> None:
        self._result.exact_rows += 1
        self._result.exact += row.cost
        self._check_cost(row)
        if (call := self._take(lambda each: each.usage == row.usage)) is not None:
            return
        shot = self._by_tag[row.tag].shot
        right = expected(shot.body, row.model, shot.faults[row.model], stream=shot.stream).usage
        if not self._was_cut_off(row) or row.usage != right:
            self._find(
                f"{row}: {row.usage}, where the upstream has {[c.usage for c in self._left]}"
            )
        self._result.unseen_rows += call is None

    def _estimated(self, row: Row) -> None:
        self._result.estimated_rows += 1
        self._result.estimated += row.cost
        self._check_cost(row)
        call = self._take(lambda each: each.usage != NO_USAGE) or self._take(lambda _: True)
        never_arrived = call is None and row.error == _BROKEN_CONNECTION
        if not (never_arrived or self._may_be_estimated(row)):
            self._find(f"{row}: estimated, though nothing went wrong with it ({call})")
        if not row.usage.input_tokens:
            self._find(f"{row}: an estimate that leaves out the prompt")
        self._result.unseen_rows += call is None

    def _free(self, row: Row) -> None:
        self._result.free_rows += 1
        if row.cost or row.usage != NO_USAGE:
            self._find(f"{row}: costs something without a usage")
        if self._take(lambda each: each.usage == NO_USAGE) is None and self._left:
            call = self._left.pop()
            if not self._was_cut_off(row):
                self._find(f"{row}: costs nothing, where the upstream charges for {call}")

    def _check_cost(self, row: Row) -> None:
        right = ACTORS[row.model].model.price.charge(row.usage)
        if row.cost != right:
            self._find(f"{row}: its usage costs ${right}")

    def _may_be_estimated(self, row: Row) -> bool:
        asked = self._by_tag[row.tag]
        shot = asked.shot
        planned = shot.leaves or shot.deadline_s is not None or asked.in_storm
        hedged = shot.asked in {"auto:hedged", "auto:brisk"}
        broken = kind_of(shot.faults[row.model]) is not Trouble.ODD
        # Other attempts had left too little of the request's time for this one.
        late = row.error == "timeout" and row.attempt > 1
        return planned or hedged or broken or late or self._was_cut_off(row)

    def _was_cut_off(self, row: Row) -> bool:
        """Whether its upstream was killed while it ran, or before it had reported it."""
        return any(
            outage.upstream == ACTORS[row.model].upstream
            and row.began_s < outage.back_s + _OUTAGE_SLACK_S
            and row.ended_s > outage.known_s - _OUTAGE_SLACK_S
            for outage in self._outages
        )

    def _take(self, fits: Callable[[UpstreamCall], bool]) -> UpstreamCall | None:
        for place, call in enumerate(self._left):
            if fits(call):
                return self._left.pop(place)
        return None

    def _find(self, what: str) -> None:
        self._result.findings.append(what)


def _by_question(
    asked: Iterable[Asked], calls: Iterable[UpstreamCall], result: Audit
) -> Mapping[tuple[str, str], list[UpstreamCall]]:
    """The calls by their question and model."""
    nonce_of = {
        (model, digest): each.shot.nonce for each in asked for model, digest in _digests(each.shot)
    }
    found: defaultdict[tuple[str, str], list[UpstreamCall]] = defaultdict(list)
    for call in calls:
        nonce = nonce_of.get((call.model, call.body_sha256))
        if nonce is None:
            result.findings.append(f"a call that nobody asked for: {call}")
        else:
            found[nonce, call.model].append(call)
    return found


def _digests(shot: Shot) -> Iterator[tuple[str, str]]:
    """For each model that may be asked, the hash of the bytes that it would get."""
    request = parse_chat(shot.body)
    for model in shot.pool:
        sent = upstream_bytes(request, model, ask_usage=True)
        yield model, hashlib.sha256(sent).hexdigest()


def _wrong_answers(asked: Iterable[Asked], answers: Mapping[str, int]) -> Iterator[str]:
    for each in asked:
        count = answers.get(each.shot.tag, 0)
        least, most = (0, 1) if each.answered is None else (each.answered, each.answered)
        if not least <= count <= most:
            yield f"{each.shot.tag}: answered: {each.answered}, rows that say so: {count}"


def _row(values: Mapping[str, Any]) -> Row:
    return Row(
        tag=values["tag"] or "",
        attempt=values["attempt"],
        model=values["model"],
        outcome=values["outcome"],
        error=values["error"],
        usage=Usage(*(values[name] for name in _USAGE)),
        source=values["usage_source"],
        cost=Money(values["cost_pico"]),
        is_answer=values["is_answer"],
        began_s=values["at_s"],
        ended_s=values["at_s"] + values["total_s"],
    )
