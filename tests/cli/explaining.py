"""`farthing explain` in this process."""

import pytest

from router.cli import main
from tests.config.files import EXAMPLE


def explained(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert main(["explain", "--config", str(EXAMPLE), *args]) == 0
    return capsys.readouterr().out
