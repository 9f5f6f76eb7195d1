"""What a configuration may say of traces and of the log of requests."""

from pathlib import Path

import pytest

from router.config.settings import OtlpSettings
from tests.config.files import SOUND, complaints, loaded


def test_nothing_is_traced_or_logged_unless_it_is_asked_for(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SOUND)

    assert (settings.otlp, settings.logs_requests) == (None, False)


def test_a_tenth_of_the_traces_is_recorded_unless_it_is_said(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f"{SOUND}telemetry: {{otlp: {{}}}}\nlog: {{requests: true}}\n")

    assert settings.otlp == OtlpSettings("", {}, 0.1, "")
    assert settings.logs_requests


def test_everything_that_is_said_arrives_and_secrets_are_looked_up(tmp_path: Path) -> None:
    said = """\
telemetry:
  otlp:
    endpoint: https://collector:4318
    headers: {authorization: "Bearer ${TOKEN}"}
    sample: 1
    service_name: ours
"""
    settings = loaded(tmp_path, SOUND + said, {"TOKEN": "s3cret"})

    told = {"authorization": "Bearer s3cret"}
    assert settings.otlp == OtlpSettings("https://collector:4318", told, 1.0, "ours")
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("{sample: 1.5}", "telemetry.otlp.sample (line 6): "),
        ("{endpoint: collector}", "telemetry.otlp.endpoint (line 6): must be an address"),
        ("{headers: {x-api-key: abc}}", "must be a reference"),
        ('{headers: {x-api-key: "${NOT_SET}"}}', "telemetry.otlp (line 6): "),
        ('{endpoint: "http://collector:431800"}', "telemetry.otlp.endpoint (line 6): must be an"),
        ('{headers: {"x a": b}}', "is no name that a header can have"),
        ("{share: 1}", "unknown key"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, said: str, complaint: str) -> None:
    (told,) = complaints(tmp_path, f"{SOUND}telemetry: {{otlp: {said}}}\n")

    assert complaint in told
    assert "abc" not in told
