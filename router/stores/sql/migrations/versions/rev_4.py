"""What is known of the quality of answers: a table of its own, which begins empty."""

from alembic import op
from sqlalchemy import Column, Float, String

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "outcomes",
        Column("request_id", String, primary_key=True),
        Column("source", String, primary_key=True),
        Column("model", String, nullable=False),
        Column("category", String, nullable=False),
        Column("score", Float, nullable=False),
        Column("reason", String, nullable=False),
        Column("at_s", Float, nullable=False),
    )
    op.create_index("outcomes_by_time", "outcomes", ["at_s"])
