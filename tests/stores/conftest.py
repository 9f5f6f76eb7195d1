"""What the tests of stores share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from router.stores.sql.database import open_central, open_database
from tests.stores.conformance.kinds import Books, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books() -> Books:
    """What the ledger says was spent."""
    return Books()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty ledger, on each database."""
    if request.param == "postgresql":
        engine = open_central(request.getfixturevalue("postgres_url"))
    else:
        engine = open_database(tmp_path / "farthing.db")
    yield engine
    engine.dispose()
