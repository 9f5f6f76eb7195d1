"""Attempts get a running number, more buckets of usage and what closes a request; sums; keys.

The sums begin empty and at number 0, so that the next roll-up fills them from all attempts.
"""

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    text,
)

revision = "2"
down_revision = "1"

_OLD_BUCKETS = (
    "uncached_input_tokens cache_read_tokens cache_write_tokens output_tokens reasoning_tokens"
)
_NEW_BUCKETS = (
    "cache_write_1h_tokens audio_input_tokens audio_cache_read_tokens audio_output_tokens"
    " image_input_tokens image_output_tokens web_searches"
)
_BUCKETS = f"{_OLD_BUCKETS} {_NEW_BUCKETS}"
_SUMS = f"attempts requests answers {_BUCKETS} cost_high cost_low baseline_high baseline_low"
_KEPT = (
    "request_id attempt at_s day asked policy policy_version category reference model upstream key"
    f" stream outcome status error is_answer {_OLD_BUCKETS} usage_source cost_pico cost_source"
    " baseline_pico price_source first_content_s total_s"
)


def upgrade() -> None:
    """Write all attempts anew, then make what is new."""
    op.drop_index("attempts_by_day", "attempts")
    op.rename_table("attempts", "attempts_before")
    _create_attempts()
    op.execute(text(_COPY.format(hour=_HOUR[op.get_context().dialect.name])))
    op.drop_table("attempts_before")
    _create_rollups()
    _create_keys()


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("request_id", String, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("at_s", Float, nullable=False),
        Column("day", String, nullable=False),
        Column("hour", Integer, nullable=False),
        *_strings("asked policy policy_version category reference model upstream key"),
        Column("stream", Boolean, nullable=False),
        Column("outcome", String, nullable=False),
        Column("status", Integer, nullable=False),
        Column("error", String, nullable=False),
        Column("is_answer", Boolean, nullable=False),
        Column("closes", Boolean, nullable=False),
        *_big_integers(_BUCKETS),
        Column("usage_source", String, nullable=False),
        Column("cost_pico", BigInteger, nullable=False),
        Column("cost_source", String, nullable=False),
        Column("baseline_pico", BigInteger, nullable=False),
        *_strings("price_source cost_note service_tier"),
        Column("quality_p", Float),
        Column("first_content_s", Float),
        Column("total_s", Float, nullable=False),
        UniqueConstraint("request_id", "attempt", name="attempts_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("attempts_by_time", "attempts", ["at_s"])


_HOUR = {
    "sqlite": "CAST(strftime('%H', at_s, 'unixepoch') AS INTEGER)",
    "postgresql": "CAST(extract(hour FROM to_timestamp(at_s) AT TIME ZONE 'UTC') AS INTEGER)",
}

_COPY = f"""
INSERT INTO attempts
  ({", ".join(_KEPT.split())}, {", ".join(_NEW_BUCKETS.split())},
   hour, cost_note, service_tier, closes)
SELECT {", ".join(_KEPT.split())}, {", ".join("0" for _ in _NEW_BUCKETS.split())},
   {{hour}}, '', 'standard',
   attempt = (SELECT coalesce(max(CASE WHEN each.is_answer THEN each.attempt END), max(each.attempt))
              FROM attempts_before AS each WHERE each.request_id = attempts_before.request_id)
FROM attempts_before ORDER BY at_s, request_id, attempt
"""  # noqa: S608 - own names
"""A request is closed by its answer, or, where it has none, by its last attempt."""


def _create_rollups() -> None:
    _rollup("rollup_hours", "day hour policy model upstream")
    _rollup("rollup_key_days", "day key policy model upstream")
    _rollup("rollup_category_days", "day policy category model upstream")
    _rollup("rollup_tag_days", "day tag policy category model upstream")
    _rollup("rollup_days", "day key policy category model upstream")
    op.create_table(
        "rollup_latency",
        *_strings("day model measure"),
        Column("bucket", Integer, nullable=False),
        Column("count", BigInteger, nullable=False),
        PrimaryKeyConstraint("day", "model", "measure", "bucket"),
    )
    op.create_table(
        "rollup_state",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("up_to_seq", BigInteger, nullable=False),
    )


def _rollup(name: str, dimensions: str) -> None:
    names = [*dimensions.split(), *"reference outcome cost_source service_tier size_class".split()]
    keys: list[Column[Any]] = [
        Column(each, Integer if each in ("hour", "size_class") else String, nullable=False)
        for each in names
    ]
    op.create_table(
        name,
        *keys,
        *_big_integers(_SUMS),
        Column("quality_sum", Float, nullable=False),
        PrimaryKeyConstraint(*names),
    )


def _create_keys() -> None:
    op.create_table(
        "virtual_keys",
        Column("id", String, primary_key=True),
        *_strings("name digest hint grants"),
        Column("created_s", Float, nullable=False),
        Column("expires_s", Float),
        Column("revoked_s", Float),
        UniqueConstraint("digest"),
    )


def _strings(names: str) -> list[Column[str]]:
    return [Column(name, String, nullable=False) for name in names.split()]


def _big_integers(names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in names.split()]
