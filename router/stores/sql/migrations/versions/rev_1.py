"""The first schema: attempts by request and number, and their tags."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "attempts",
        Column("request_id", String, primary_key=True),
        Column("attempt", Integer, primary_key=True, autoincrement=False),
        Column("at_s", Float, nullable=False),
        *_strings("day asked policy policy_version category reference model upstream key"),
        Column("stream", Boolean, nullable=False),
        Column("outcome", String, nullable=False),
        Column("status", Integer, nullable=False),
        Column("error", String, nullable=False),
        Column("is_answer", Boolean, nullable=False),
        *_integers("uncached_input_tokens cache_read_tokens cache_write_tokens"),
        *_integers("output_tokens reasoning_tokens"),
        Column("usage_source", String, nullable=False),
        Column("cost_pico", BigInteger, nullable=False),
        Column("cost_source", String, nullable=False),
        Column("baseline_pico", BigInteger, nullable=False),
        Column("price_source", String, nullable=False),
        Column("first_content_s", Float),
        Column("total_s", Float, nullable=False),
    )
    op.create_index("attempts_by_day", "attempts", ["day"])
    op.create_table(
        "attempt_tags",
        Column("request_id", String, primary_key=True),
        Column("attempt", Integer, primary_key=True, autoincrement=False),
        Column("tag", String, primary_key=True),
    )


def _strings(names: str) -> list[Column[str]]:
    return [Column(name, String, nullable=False) for name in names.split()]


def _integers(names: str) -> list[Column[int]]:
    return [Column(name, Integer, nullable=False) for name in names.split()]
