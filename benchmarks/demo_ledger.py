"""A ledger of a month's plausible traffic, to look at the dashboard with.

    python -m benchmarks.demo_ledger FOLDER --days 30 --requests 20000
    farthing serve --config FOLDER/config.yaml

Writes `config.yaml` and `ledger.db` into the folder. Everything in it is made up.
"""

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from router.domain.category import Category
from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.members import replace
from router.domain.money import Money
from router.domain.usage import Usage, UsageSource
from router.stores.sql.database import open_database
from router.stores.sql.rollups import roll_up
from router.stores.sql.schema import INSERT_ATTEMPT, INSERT_TAG, row_of, tag_rows_of

_DAY_S = 86_400
_CONFIG = """\
version: 1
server: {port: 8080}
upstreams: {simulated: {kind: simulated, speed: 1}}
models: {sim-mid: {upstream: simulated}}
policies: {directory: policies, default: balanced}
ledger: {path: ledger.db}
"""
_POLICY = "policy: balanced\nintent: The cheapest model that is good enough.\n"


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up model: USD per million tokens, quality, seconds to the first content and per token."""

    name: str
    upstream: str
    input_usd: float
    output_usd: float
    quality: float
    first_s: float
    token_s: float
    weight: int


_MODELS = (
    Made("claude-opus", "anthropic", 5, 25, 0.93, 0.9, 0.016, 4),
    Made("gpt-large", "openai", 1.75, 14, 0.91, 0.7, 0.012, 9),
    Made("claude-haiku", "anthropic", 1, 5, 0.84, 0.4, 0.007, 14),
    Made("gpt-mini", "openai", 0.25, 2, 0.81, 0.45, 0.008, 26),
    Made("llama-70b", "together", 0.6, 0.6, 0.78, 0.3, 0.009, 17),
    Made("qwen-8b", "own-vllm", 0.05, 0.1, 0.66, 0.12, 0.004, 30),
)
_REFERENCE = _MODELS[1]
_KEYS = ("search", "support-bot", "ci-agents", "notebooks", "website")
_TAGS = ("team-search", "team-support", "platform", "research")
_POLICIES = ("balanced", "cheap", "quality", "")
_SLOWEST = 60.0


def entries(requests: int, days: int, until_s: float, rng: random.Random) -> Iterator[Entry]:
    """All attempts of this many requests, distributed as people work: by day, and little on weekends."""
    for number in range(requests):
        at_s = _moment(days, until_s, rng)
        answer = _answer(f"req_{number:024x}", at_s, rng)
        yield from _attempts(answer, rng)


def _moment(days: int, until_s: float, rng: random.Random) -> float:
    while True:
        at_s = until_s - days * _DAY_S * float(rng.random() ** 1.15)
        weekday, hour = (int(at_s // _DAY_S) + 3) % 7, at_s % _DAY_S / 3600
        busy = 0.55 - 0.45 * cos((hour - 2) / 24 * 2 * pi)
        if rng.random() < busy * (0.35 if weekday > 4 else 1.0):
            return at_s


def _answer(request_id: str, at_s: float, rng: random.Random) -> Entry:
    model = rng.choices(_MODELS, [each.weight for each in _MODELS])[0]
    key = rng.choices(_KEYS, (8, 5, 9, 2, 4))[0]
    into, out = int(rng.lognormvariate(7.2, 1.1)), int(rng.lognormvariate(5.6, 0.8))
    first_s = model.first_s * rng.lognormvariate(0, 0.45)
    return Entry(
        request_id=request_id,
        attempt=1,
        at_s=at_s,
        asked="auto",
        policy=rng.choices(_POLICIES, (9, 4, 2, 1))[0],
        policy_version="0123456789ab",
        category=rng.choice(list(Category)),
        model=model.name,
        upstream=model.upstream,
        outcome=Outcome.OK,
        reference=_REFERENCE.name,
        key=key,
        tags=(rng.choice(_TAGS),) if rng.random() < 0.8 else (),
        status=200,
        usage=Usage(into, output_tokens=out),
        usage_source=UsageSource.UPSTREAM,
        cost=_cost(model, into, out),
        cost_source=CostSource.PRICED,
        baseline=_cost(_REFERENCE, into, out),
        price_source="made up",
        quality_p=min(0.99, max(0.05, rng.gauss(model.quality, 0.05))),
        first_content_s=first_s,
        total_s=min(_SLOWEST, first_s + out * model.token_s * rng.lognormvariate(0, 0.3)),
        is_answer=True,
        closes=True,
    )


def _cost(model: Made, into: int, out: int) -> Money:
    return Money(round((into * model.input_usd + out * model.output_usd) * 10**6))


def _attempts(answer: Entry, rng: random.Random) -> Iterator[Entry]:
    """The answer as it is, or what else can happen to a request."""
    chance = rng.random()
    unanswered: dict[str, Any] = {"is_answer": False, "baseline": Money()}
    if chance < 0.16:
        free: dict[str, Any] = {
            "cost": Money(),
            "cost_source": CostSource.FREE,
            "attempt": 0,
            "total_s": 0.002,
        }
        yield replace(answer, outcome=Outcome.CACHE_HIT, first_content_s=0.002, **free)
    elif chance < 0.19:
        part: dict[str, Any] = {
            "cost": Money(answer.cost.pico // 3),
            "cost_source": CostSource.ESTIMATED,
        }
        yield replace(
            answer, outcome=Outcome.FAILED, status=503, closes=False, **unanswered, **part
        )
        yield replace(answer, attempt=2)
    elif chance < 0.20:
        yield replace(answer, outcome=Outcome.FAILED, status=503, **unanswered)
    elif chance < 0.22:
        yield replace(answer, outcome=Outcome.HEDGE_LOST, closes=False, **unanswered)
        yield replace(answer, attempt=2)
    elif chance < 0.228:
        yield replace(answer, outcome=Outcome.CLIENT_LEFT, **unanswered)
    else:
        yield answer


def fill(engine: Engine, made: Iterator[Entry]) -> None:
    """Write the entries down, as the ledger would, and roll them up."""
    everything = sorted(made, key=lambda entry: entry.at_s)
    with engine.begin() as connection:
        connection.exec_driver_sql(INSERT_ATTEMPT, [row_of(entry) for entry in everything])
        tags = [row for entry in everything for row in tag_rows_of(entry)]
        connection.exec_driver_sql(INSERT_TAG, tags)
    roll_up(engine)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--requests", type=int, default=20_000)
    args = parser.parse_args()
    folder: Path = args.folder
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(_CONFIG, encoding="utf-8")
    (folder / "policies" / "balanced.yaml").write_text(_POLICY, encoding="utf-8")
    (folder / "ledger.db").unlink(missing_ok=True)
    engine = open_database(folder / "ledger.db")
    fill(engine, entries(args.requests, args.days, time.time(), random.Random(7)))
    engine.dispose()
    print(f"farthing serve --config {folder / 'config.yaml'}")


if __name__ == "__main__":
    main()
