"""Which addresses a request through litellm may mention."""

from typing import Any

import pytest
from hypothesis import given

from router.providers.translating.addresses import forbidden_address
from tests.wire.documents import TREES


def pointing_to(url: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "See http://127.0.0.1/ yourself"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]},
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.png",
        "https://user@pictures.example.co.uk:8443/a?b=c#d",
        "https://93.184.215.14/cat.png",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/cat.png",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_public_addresses_and_bytes_may_travel(url: str) -> None:
    assert forbidden_address(pointing_to(url)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/cat.png",
        "https://127.0.0.1/cat.png",
        "https://127.1/cat.png",
        "https://0x7f.0.0.0x1/cat.png",
        "https://2130706433/cat.png",
        "https://10.0.0.8/cat.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/cat.png",
        "https://[fd00::1]/cat.png",
        "https://[::ffff:10.0.0.1]/cat.png",
        "https://localhost/cat.png",
        "https://localhost./cat.png",
        "https://redis/cat.png",
        "https://metadata.google.internal/computeMetadata/v1",
        "https://printer.local/cat.png",
        "https://example.com\\@10.0.0.1/cat.png",
        "https://exa mple.com/cat.png",
        "https://[::1/cat.png",
        "https:///cat.png",
        "ftp://example.com/cat.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "gs://bucket/cat.png",
        "data:image/png;base64,gs://bucket/cat.png",
        "",
    ],
)
def test_other_addresses_are_refused_by_their_place(url: str) -> None:
    assert forbidden_address(pointing_to(url)) == "messages[1].content[0].image_url.url"


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"type": "image_url", "image_url": "http://10.0.0.1/"}, "image_url"),
        ({"type": "file", "file": {"file_id": "http://10.0.0.1/x.pdf"}}, "file.file_id"),
        ({"type": "image", "source": {"type": "url", "url": "http://10.0.0.1/"}}, "source.url"),
        ({"type": "x", "content": [{"a": {"b": ["http://10.0.0.1/"]}}]}, "content[0].a.b[0]"),
        ({"type": "text", "text": "x", "video_url": {"url": "file:///x"}}, "video_url.url"),
    ],
)
def test_an_address_is_found_wherever_it_stands(part: dict[str, Any], place: str) -> None:
    assert (
        forbidden_address([{"role": "user", "content": [part]}])
        == f"messages[0].content[0].{place}"
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": "http://10.0.0.1/"},
        {"type": "text", "text": "x", "citations": [{"url": "http://example.com"}]},
        {"type": "tool_use", "name": "open", "input": {"url": "http://10.0.0.1/"}},
        {"type": "tool_result", "content": "http://10.0.0.1/"},
        {"type": "file", "file": {"file_id": "file-abc123", "filename": "a.pdf"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ],
)
def test_what_is_only_read_may_mention_any_address(part: dict[str, Any]) -> None:
    assert forbidden_address([{"role": "user", "content": [part]}]) is None


@given(TREES)
def test_any_messages_at_all_can_be_looked_through(messages: object) -> None:
    forbidden_address(messages)
