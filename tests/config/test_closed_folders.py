"""Folders that we may not look into: what is in them is told, and never a reason to fall over."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.config.evidence.local_quality import UnusableEvidence, read_local
from router.config.presence import is_file, is_folder, may_exist
from router.config.settings import LedgerSettings
from router.config.source import Source
from router.config.stored_keys import may_have_keys
from router.stores.sql.database import open_database
from tests.config.files import SOUND, written

_NOBODY = 65534


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Nobody may look into the folder; root may look anywhere, so it is somebody else meanwhile."""
    folder.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


def ledger_at(path: Path) -> LedgerSettings:
    spool = path.with_name("spool")
    return LedgerSettings(path, spool, url="", keep_days=None, keeps_decisions=True)


def test_what_may_be_there_is_not_taken_to_be_missing(tmp_path: Path) -> None:
    assert not may_exist(tmp_path / "ledger.db")
    with closed(tmp_path):
        assert may_exist(tmp_path / "ledger.db")


def test_nothing_has_a_name_with_a_zero_byte(tmp_path: Path) -> None:
    nowhere = tmp_path / "a\0b"
    assert not any(look(nowhere) for look in (may_exist, is_file, is_folder))


def test_evidence_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    assert read_local(tmp_path / "quality") is None
    with (
        closed(tmp_path),
        pytest.raises(UnusableEvidence, match=r"cannot be read: Permission denied"),
    ):
        read_local(tmp_path / "quality")


def test_keys_may_be_in_a_ledger_that_cannot_be_looked_at(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    open_database(ledger.path).dispose()
    assert not may_have_keys(ledger)
    with closed(tmp_path):
        assert may_have_keys(ledger)


def test_a_folder_that_is_closed_is_not_watched(tmp_path: Path) -> None:
    source = Source(written(tmp_path, SOUND), {})
    assert tmp_path in source.folders()
    with closed(tmp_path):
        assert source.folders() == frozenset()


def test_a_ledger_whose_keys_cannot_be_read_may_have_some(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    engine = open_database(ledger.path)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE virtual_keys")
    engine.dispose()

    assert may_have_keys(ledger)
