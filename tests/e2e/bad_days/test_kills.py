"""Killed under load: what clients have received whole is in the ledger, once."""

from pathlib import Path

import pytest

from benchmarks.ledger_kill import run
from tests.postgres import PostgresServer


@pytest.mark.parametrize("is_central", [False, True], ids=["sqlite", "postgresql"])
async def test_what_clients_have_received_whole_is_in_the_ledger_once_after_every_kill(
    is_central: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresServer | None = None
    if is_central:
        postgres = request.getfixturevalue("postgres_server")

    found = await run(2, tmp_path, postgres=postgres)

    assert found.wrong == []
    assert found.kills == 2
    assert found.receipts
