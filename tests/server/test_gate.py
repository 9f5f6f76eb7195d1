"""Who comes in by what a client's headers say."""

import pytest

from router.domain.errors import ApiError
from router.domain.key import ANONYMOUS, VirtualKey
from router.server.gate import Gate, refuse_other_names
from router.server.keyring import Keyring

SECRET = "fk-search"


def gate(*secrets: str) -> Gate:
    keys = [VirtualKey.from_secret(secret, secret) for secret in secrets]
    return Gate(Keyring(keys, monotonic_s=lambda: 0.0), lambda: 0.0)


@pytest.mark.parametrize(
    "header",
    [
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": f"bearer {SECRET}"},
        {"authorization": f"BEARER  {SECRET} "},
        {"x-api-key": SECRET},
        {"api-key": SECRET},
        {"authorization": "Basic dXNlcjpwYXNz", "x-api-key": SECRET},
        {"authorization": "Bearer", "x-api-key": SECRET},
    ],
)
async def test_a_key_is_found_wherever_clients_put_it(header: dict[str, str]) -> None:
    assert (await gate(SECRET).admit(header)).name == SECRET


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "http://example.com:8080",
        "http://127.0.0.1.example.com",
        "http://192.168.0.7",
        "http://[::1",
        "null",
    ],
)
async def test_a_page_from_elsewhere_spends_nothing_while_there_are_no_keys(origin: str) -> None:
    with pytest.raises(ApiError) as raised:
        await gate().admit({"origin": origin})
    assert (raised.value.status, raised.value.code) == (403, "foreign_page")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:3000"},
        {"origin": "http://app.localhost"},
        {"origin": "http://127.0.0.1:8080"},
        {"origin": "https://[::1]:8443"},
        {"origin": "vscode-webview://1f2e"},
        {"origin": "app://obsidian.md"},
    ],
)
async def test_programs_and_pages_of_this_machine_need_no_key_while_there_is_none(
    headers: dict[str, str],
) -> None:
    assert await gate().admit(headers) is ANONYMOUS


@pytest.mark.parametrize(
    "host",
    ["example.com", "127.0.0.1.example.com:8080", "localhost.example.com", "rebound", "[::1"],
)
def test_what_calls_this_machine_by_another_name_sees_no_figures(host: str) -> None:
    with pytest.raises(ApiError) as raised:
        refuse_other_names({"host": host})
    assert (raised.value.status, raised.value.code) == (403, "foreign_host")


@pytest.mark.parametrize(
    "host", ["", "localhost", "LOCALHOST:8080", "a.localhost:1", "127.0.0.1:8080", "[::1]:8080"]
)
def test_its_own_names_and_addresses_are_no_others(host: str) -> None:
    refuse_other_names({"host": host})


async def test_a_page_from_anywhere_may_ask_with_a_key() -> None:
    headers = {"origin": "https://example.com", "authorization": f"Bearer {SECRET}"}
    assert (await gate(SECRET).admit(headers)).name == SECRET
