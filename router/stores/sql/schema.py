"""The tables, and the way between an entry and its row.

Money is an integer column of pico-dollars. A 64-bit column holds 9.2 million dollars; sums are
taken in two halves (see reports), so that a total may be larger than a column.

`attempts` and `attempt_tags` are the books, `outcomes` what is known of the answers' quality;
`virtual_keys` are the keys that clients present. The sums that reports are read from are in
`router.stores.sql.rollup_schema`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.money import Money
from router.domain.scored import Scored, ScoreSource
from router.domain.usage import BUCKETS, Usage, UsageSource

METADATA = MetaData()


def insert_into(table: Table, columns: Sequence[str]) -> str:
    """An INSERT of these columns, with SQLite's placeholders."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - own names


ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("request_id", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at_s", Float, nullable=False),
    Column("day", String, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("asked", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("policy_version", String, nullable=False),
    Column("category", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("model", String, nullable=False),
    Column("upstream", String, nullable=False),
    Column("key", String, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("outcome", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", String, nullable=False),
    Column("is_answer", Boolean, nullable=False),
    Column("closes", Boolean, nullable=False),
    *(Column(bucket, BigInteger, nullable=False) for bucket in BUCKETS),
    Column("usage_source", String, nullable=False),
    Column("cost_pico", BigInteger, nullable=False),
    Column("cost_source", String, nullable=False),
    Column("baseline_pico", BigInteger, nullable=False),
    Column("price_source", String, nullable=False),
    Column("cost_note", String, nullable=False),
    Column("service_tier", String, nullable=False),
    Column("quality_p", Float),
    Column("first_content_s", Float),
    Column("total_s", Float, nullable=False),
    Column("upstream_request_id", String),
    Column("decision", String),
    UniqueConstraint("request_id", "attempt", name="attempts_once"),
    Index("attempts_by_time", "at_s"),
    sqlite_autoincrement=True,
)
"""`seq` grows in the order of writing; `request_id` and `attempt` identify a row, which is there once.
`decision` is JSON, on the row that closes a request, if decisions are kept; reads of many rows leave
it out, since it is larger than all the rest."""

BOOKED = tuple(column for column in ATTEMPTS.columns if column.name != "decision")
"""What is booked of an attempt."""

TAGS = Table(
    "attempt_tags",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("tag", String, primary_key=True),
)

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("category", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("reason", String, nullable=False),
    Column("at_s", Float, nullable=False),
    Index("outcomes_by_time", "at_s"),
)
"""One row for each request and source: a later score replaces an earlier one."""

VIRTUAL_KEYS = Table(
    "virtual_keys",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("hint", String, nullable=False),
    Column("grants", String, nullable=False),
    Column("created_s", Float, nullable=False),
    Column("expires_s", Float),
    Column("revoked_s", Float),
)
"""`digest` is the hexadecimal SHA-256 of the secret, `hint` its first characters, to recognise it by;
`grants` is JSON: tags, policies, models, budgets, limits."""

_FROM_ENTRY = {
    "request_id": "request_id",
    "attempt": "attempt",
    "at_s": "at_s",
    "asked": "asked",
    "policy": "policy",
    "policy_version": "policy_version",
    "category": "category",
    "reference": "reference",
    "model": "model",
    "upstream": "upstream",
    "key": "key",
    "stream": "stream",
    "outcome": "outcome",
    "status": "status",
    "error": "error",
    "is_answer": "is_answer",
    "closes": "closes",
    **{bucket: f"usage.{bucket}" for bucket in BUCKETS},
    "usage_source": "usage_source",
    "cost_pico": "cost.pico",
    "cost_source": "cost_source",
    "baseline_pico": "baseline.pico",
    "price_source": "price_source",
    "cost_note": "cost_note",
    "service_tier": "service_tier",
    "quality_p": "quality_p",
    "first_content_s": "first_content_s",
    "total_s": "total_s",
    "upstream_request_id": "upstream_request_id",
}
"""Where each column comes from; `day` and `hour` are computed, `decision` is written out."""

_values_of = attrgetter(*_FROM_ENTRY.values())

COLUMNS = ("day", "hour", *_FROM_ENTRY, "decision")
"""The columns of an attempt as they are written, in this order."""

INSERT_ATTEMPT = insert_into(ATTEMPTS, COLUMNS)
INSERT_TAG = insert_into(TAGS, ("request_id", "attempt", "tag"))
"""Built once: building a statement anew costs several times what running it does."""

REPLAY_ATTEMPT = f"{INSERT_ATTEMPT} ON CONFLICT DO NOTHING"
REPLAY_TAG = f"{INSERT_TAG} ON CONFLICT DO NOTHING"
"""For rows that may be there already."""

SCORE_COLUMNS = tuple(str(column.name) for column in OUTCOMES.columns)
LATEST_SCORE = (
    " ON CONFLICT (request_id, source) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in SCORE_COLUMNS[2:])
    + " WHERE excluded.at_s >= outcomes.at_s"
)
"""How an INSERT of scores ends: a score that is older than the stored one is ignored."""

INSERT_SCORE = insert_into(OUTCOMES, SCORE_COLUMNS) + LATEST_SCORE


def row_of(entry: Entry) -> tuple[Any, ...]:
    """The values that `INSERT_ATTEMPT` takes for `entry`; its day and hour are those of UTC."""
    at = datetime.fromtimestamp(entry.at_s, UTC)
    decision = entry.decision.text() if entry.decision is not None else None
    return (at.date().isoformat(), at.hour, *_values_of(entry), decision)


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry of a row that includes its `tags`; without its decision, which stays text."""
    same = {name: row[name] for name, source in _FROM_ENTRY.items() if name == source}
    return Entry(
        **{
            **same,
            "outcome": Outcome(row["outcome"]),
            "usage": Usage(*(row[bucket] for bucket in BUCKETS)),
            "usage_source": UsageSource(row["usage_source"]),
            "cost": Money(row["cost_pico"]),
            "cost_source": CostSource(row["cost_source"]),
            "baseline": Money(row["baseline_pico"]),
            "tags": tuple(row["tags"]),
        }
    )


def tag_rows_of(entry: Entry) -> list[tuple[str, int, str]]:
    """The values that `INSERT_TAG` takes for `entry`."""
    return [(entry.request_id, entry.attempt, tag) for tag in dict.fromkeys(entry.tags)]


score_row_of = attrgetter(*SCORE_COLUMNS)
"""The values that `INSERT_SCORE` takes for a `Scored`."""


def scored_of(row: Mapping[str, Any]) -> Scored:
    """The score of a row."""
    told = {name: row[name] for name in SCORE_COLUMNS}
    return Scored(**{**told, "source": ScoreSource(told["source"])})
