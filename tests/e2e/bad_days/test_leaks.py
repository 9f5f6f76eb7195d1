"""Three secrets go through: a key of an upstream, a key of a client, and what a client says.

Neither what Farthing prints, nor what it writes, nor what it answers may give one away.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.books import all_bytes, rows
from tests.e2e.configs import fixed_model, ledger_of, models, write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.wire import Got, chat, get, head, post, raw_exchange

UPSTREAM_KEY = "sk-canary-upstream-7f3a9c"
CLIENT_KEY = "fk-canary-client-5b8e1d"
PROMPT = "canary prompt nine eight seven marmalade"
SECRETS = {"UPSTREAM_KEY": UPSTREAM_KEY, "CLIENT_KEY": CLIENT_KEY}
IN = {"authorization": f"Bearer {CLIENT_KEY}"}
TELLTALE = f"Incorrect API key provided: {UPSTREAM_KEY}. You asked: {PROMPT}"
ECHO = f'{{"error":{{"message":"{TELLTALE}","type":"x","code":"y","param":null}}}}'.encode()
FAULTS = (
    *("status,code=400", "status,code=401", "status,code=403"),
    *("status,code=500", "reset", "html", "malformed", "empty", "cut,after=3"),
    *("error_event,after=3", "stall,after=3", "redirect"),
)


@dataclass(frozen=True)
class Day:
    """Everything that was answered with an error, and what is left when Farthing has stopped."""

    errors: list[Got]
    answers: list[Got]
    said: str
    written: bytes
    config: Path


def ask(farthing: Farthing, **fields: Any) -> Got:
    return post(farthing.base_url, {**chat(PROMPT, "sim-mid"), **fields}, IN)


def day(farthing: Farthing, echo: FixedUpstream) -> Iterator[Got]:
    for stream in (False, True):
        yield ask(farthing, model="auto", stream=stream)
        yield ask(farthing, stream=stream)
        yield ask(farthing, user=PROMPT, metadata={"note": PROMPT}, stop=[PROMPT], stream=stream)
        for fault in FAULTS:
            yield ask(farthing, model="auto", metadata={"simulate": fault}, stream=stream)
        for status in (400, 401, 402, 403, 404, 422, 429, 500, 503):
            echo.answer = Canned((ECHO,), status=status, headers={"retry-after": "30"})
            yield ask(farthing, model=f"echo-{status}", stream=stream)
    begin = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'
    for place, pieces in enumerate(
        [(b"data: " + ECHO + b"\n\n",), (begin, b"data: " + ECHO + b"\n\n")]
    ):
        echo.answer = Canned(pieces, "text/event-stream")
        yield ask(farthing, model=f"echo-{place}", stream=True)
    limit = {"simulate": "status,code=429,retry_after=30"}
    yield ask(farthing, model="auto", metadata=limit)
    yield ask(farthing, model="auto")
    for body in (
        b'{"messages": "' + PROMPT.encode() + b'", "model": "auto"}',
        b'{"model": "auto", "messages": [{"role": "user", "content": "' + PROMPT.encode(),
        b'{"model": "auto", "messages": [{"role": 5, "content": "' + PROMPT.encode() + b'"}]}',
        b'["' + PROMPT.encode() + b'"]',
    ):
        yield post(farthing.base_url, body, IN)
    yield post(farthing.base_url, chat(PROMPT), {"authorization": f"Bearer {CLIENT_KEY}x"})
    yield get(f"{farthing.url}/nowhere", IN)
    chunked = head(
        farthing.url, "transfer-encoding: chunked", f"authorization: Bearer {CLIENT_KEY}"
    )
    for nonsense in (
        head(farthing.url, f"authorization : Bearer {CLIENT_KEY}"),
        head(farthing.url, f"authorization: Bearer \x01{CLIENT_KEY}"),
        chunked + PROMPT.encode() + b"\r\n\r\n",
        head(farthing.url, "content-length: 5", "transfer-encoding: x") + PROMPT.encode(),
    ):
        yield raw_exchange(farthing.url, nonsense)


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Day:
    with (
        Simulator(api_key=UPSTREAM_KEY) as simulator,
        FixedUpstream(Canned((ECHO,), status=500)) as echo,
    ):
        secret = {"kind": "openai", "api_key": "${UPSTREAM_KEY}"}
        numbers = (0, 1, 400, 401, 402, 403, 404, 422, 429, 500, 503)
        config = write_config(
            tmp_path_factory.mktemp("leaks"),
            simulator.base_url,
            server={
                "log_level": "DEBUG",
                "timeouts": {"stall_s": 0.3, "total_s": 1},
                "attempts_per_model": 1,
            },
            upstreams={
                "sim": {**secret, "base_url": simulator.base_url},
                "echo": {**secret, "base_url": echo.base_url},
            },
            models={**models("sim"), **{f"echo-{n}": fixed_model("echo") for n in numbers}},
            cache={"url": "off"},
            keys=[{"name": "me", "key": "${CLIENT_KEY}", "tags": ["mine"]}],
        )
        with Farthing(config, env=SECRETS) as farthing:
            got = list(day(farthing, echo))
            farthing.tell(signal.SIGTERM)
            assert farthing.ended() == 0  # what it has said is looked at below
        assert len(echo.arrived) >= len(numbers)
        keys = {each.headers.get("Authorization") for each in echo.arrived}
        assert keys == {f"Bearer {UPSTREAM_KEY}"}
        assert simulator.counters.turned_away == 0
    return Day(
        errors=[each for each in got if each.status >= 400 or b'"error"' in each.body],
        answers=[each for each in got if each.status == 200],
        said=farthing.said,
        written=all_bytes(ledger_of(config)),
        config=config,
    )


def test_there_was_something_to_give_away(it: Day) -> None:
    assert len(it.errors) > 20
    assert len(it.answers) > 5
    assert len(rows(ledger_of(it.config))) > 50
    assert "Farthing listens on" in it.said


@pytest.mark.parametrize("secret", [UPSTREAM_KEY, CLIENT_KEY, PROMPT, "marmalade"])
def test_nothing_is_printed(it: Day, secret: str) -> None:
    assert [line for line in it.said.splitlines() if secret in line] == []


@pytest.mark.parametrize("secret", [UPSTREAM_KEY, CLIENT_KEY, PROMPT, "marmalade"])
def test_nothing_is_written(it: Day, secret: str) -> None:
    at = it.written.find(secret.encode())
    assert at < 0, it.written[max(0, at - 200) : at + 100]


@pytest.mark.parametrize("secret", [UPSTREAM_KEY, CLIENT_KEY])
def test_no_error_tells_a_key(it: Day, secret: str) -> None:
    assert [got for got in it.errors if secret.encode() in got.body] == []
    for got in (*it.errors, *it.answers):
        assert secret not in repr(dict(got.headers))


def test_no_error_of_our_own_repeats_what_was_said(it: Day) -> None:
    relayed = TELLTALE.replace(UPSTREAM_KEY, "***").encode()
    ours = [got for got in it.errors if relayed not in got.body]
    assert [got for got in ours if b"marmalade" in got.body] == []


def test_the_explanation_and_the_check_tell_no_key(it: Day) -> None:
    for arguments in (("check",), ("explain", PROMPT)):
        told = here(*arguments, "--config", str(it.config), env=SECRETS)
        assert told.status == 0
        assert UPSTREAM_KEY not in told.out + told.err
        assert CLIENT_KEY not in told.out + told.err
