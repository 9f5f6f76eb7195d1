"""`farthing explain`: the decision for a prompt or a whole request, whatever bytes it comes in."""

from pathlib import Path

import pytest

from tests.cli.explaining import explained
from tests.wire.requests import nested, request_with


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI", "ANTHROPIC", "GEMINI", "TOGETHER"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "120")


def test_a_prompt_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(capsys, "What is 17 * 23?")

    assert "looks like maths" in said
    assert all(f"sim-{name}" in said for name in ("frontier", "mid", "open-70b", "open-8b"))


def test_a_prompt_of_odd_bytes_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert "prompt tokens" in explained(capsys, "caf\udce9 [bold]")


def test_a_request_from_a_file_is_explained_as_for_another_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "request.json"
    path.write_bytes(request_with("metadata", b'{"deep": ' + nested(900) + b"}"))

    assert "Policy 'balanced'" in explained(capsys, "--file", str(path))
    assert "The client asked for sim-mid by name" in explained(
        capsys, "--file", str(path), "--model", "sim-mid"
    )
