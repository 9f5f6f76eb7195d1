"""A Farthing with a month's made-up traffic in its books, some of it with names that mean harm."""

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.demo_ledger import entries, fill
from router.domain.ledger import Entry
from router.domain.members import replace
from router.stores.sql.database import open_database
from tests.e2e.browser import Page
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing, here

NOWHERE = "http://127.0.0.1:9/v1"
SECRETS = {"ADMIN_KEY": "fk-admin-0123456789abcdef", "CHAT_KEY": "fk-chat-0123456789abcdef"}
ADMIN = {"authorization": f"Bearer {SECRETS['ADMIN_KEY']}"}
CHAT = {"authorization": f"Bearer {SECRETS['CHAT_KEY']}"}
HOSTILE = (
    "</script><img src=x onerror=\"document.title='taken over'\">",
    "<!--<script>\u2028document.title='taken over'",
    "=cmd|' /C calc'!A0",
)
DAYS = 6
SHOWN = "!document.getElementById('figures').hidden"


def hostile(entry: Entry, number: int) -> Entry:
    """The same attempt under names that a client or an upstream made up."""
    name = HOSTILE[number % len(HOSTILE)]
    named: dict[str, Any] = {
        "model": name,
        "key": name,
        "policy": name,
        "category": name,
        "upstream": name,
    }
    return replace(entry, request_id=f"hostile-{number}", attempt=1, tags=(name,), **named)


def traffic(requests: int) -> Iterator[Entry]:
    """Some days of it, the last of them today: however little people do at night, one of it is of this moment."""
    now_s = time.time()
    made = list(entries(requests, DAYS, now_s, random.Random(11)))
    yield from made
    yield replace(made[-1], request_id="just-now", attempt=1, at_s=now_s)
    yield from (hostile(entry, number) for number, entry in enumerate(made[:6]))


def written(folder: Path, requests: int) -> Path:
    """The configuration of a Farthing whose ledger holds `traffic`."""
    server = {"port": 0, "admin_key": "${ADMIN_KEY}"}
    keys = [{"name": "chat", "key": "${CHAT_KEY}"}]
    config = write_config(folder, NOWHERE, server=server, keys=keys)
    engine = open_database(ledger_of(config))
    fill(engine, traffic(requests))
    engine.dispose()
    return config


@contextmanager
def serving(folder: Path, requests: int = 400) -> Iterator[Farthing]:
    """A Farthing with such books."""
    with Farthing(written(folder, requests), env=SECRETS) as running:
        yield running


def reported(config: Path, *options: str) -> Mapping[str, Any]:
    """What `farthing report --json` says."""
    done = here("report", "--config", str(config), "--json", *options, env=SECRETS)
    assert done.status == 0, done.err
    found: Mapping[str, Any] = json.loads(done.out)
    return found


async def enter(page: Page, farthing: Farthing, query: str = "") -> None:
    """Open the dashboard with the admin key."""
    await page.open(f"{farthing.url}/dashboard{query}")
    await page.until("!document.getElementById('key').hidden")
    await page.run(f"document.getElementById('key-text').value = {SECRETS['ADMIN_KEY']!r}")
    await page.click("#key button")
    await page.until(SHOWN)
