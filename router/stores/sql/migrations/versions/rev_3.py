"""Attempts may keep how their request was decided; those that were written before do not."""

from alembic import op
from sqlalchemy import Column, String

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Add a column, which rewrites no row."""
    op.add_column("attempts", Column("decision", String))
