"""What the tests of stores share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from router.stores.sql.database import open_central, open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty ledger, on each database."""
    if request.param == "postgresql":
        engine = open_central(request.getfixturevalue("postgres_url"))
    else:
        engine = open_database(tmp_path / "farthing.db")
    yield engine
    engine.dispose()
