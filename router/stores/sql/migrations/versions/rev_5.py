"""Attempts may have the id that their upstream gave them; those that were written before do not."""

from alembic import op
from sqlalchemy import Column, String

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Add a column, which rewrites no row."""
    op.add_column("attempts", Column("upstream_request_id", String))
