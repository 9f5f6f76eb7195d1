"""Whatever is taken away while requests are in progress, each of them ends as it has begun."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, ledger_of, models, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.waiting import Clients, begun, is_whole
from tests.e2e.wire import chat, get

PAIR = """
policy: pair
intent: Two cheap models are asked first, and the frontier model where they differ.
reference: sim-frontier
strategy: cascade
cascade:
  use: always
  first_content_s: 60
  steps: [{models: [sim-open-8b, sim-open-70b], accept: agreement}]
  final: sim-frontier
"""
ALONE = """
policy: alone
intent: One model answers whatever is asked.
reference: best
adequate: {floor: 0.0}
models: {ids: [sim-open-8b]}
"""
LATE_S = 3


def places(first: int, second: int) -> dict[str, Any]:
    """A model in two places, with these weights."""
    told = {name: value for name, value in models("sim")["sim-mid"].items() if name != "upstream"}
    both = [{"upstream": "sim", "weight": first}, {"upstream": "other", "weight": second}]
    return {**told, "name": "sim-mid", "upstreams": both}


def written(folder: Path, simulator: Simulator) -> Path:
    """A configuration with two policies; the model `moving` is in two places, of which one is drained."""
    (folder / "policies").mkdir()
    for name, policy in {"pair": PAIR, "alone": ALONE}.items():
        (folder / "policies" / f"{name}.yaml").write_text(policy, "utf-8")
    upstream = {"kind": "openai", "base_url": simulator.base_url}
    return write_config(
        folder,
        simulator.base_url,
        upstreams={"sim": upstream, "other": dict(upstream)},
        models={**models("sim"), "moving": places(1, 0)},
        policies={"directory": "policies", "default": "alone"},
    )


def take_away(config: Path) -> None:
    """The cascade's policy and its final model, another model that answers, and the place of a third one."""
    told = yaml.safe_load(config.read_text("utf-8"))
    for model in ("sim-frontier", "sim-mid"):
        del told["models"][model]
    told["models"]["moving"] = places(0, 1)
    (config.parent / "policies" / "pair.yaml").unlink()
    fresh = config.with_name("fresh.yaml")
    fresh.write_text(as_yaml(told), "utf-8")
    fresh.rename(config)


def test_what_is_in_progress_ends_as_it_has_begun_whatever_is_taken_away(
    tmp_path: Path, simulator: Simulator
) -> None:
    config = written(tmp_path, simulator)
    made = here("keys", "create", "team", "--config", str(config), "--json")
    bearer = {"authorization": f"Bearer {json.loads(made.out)['secret']}"}
    pause = {"simulate": f"pause,after=3,seconds={LATE_S}"}
    with Farthing(config) as farthing, ExitStack() as stack:
        clients = Clients(
            farthing.url, stack, tuple(f"{name}: {told}" for name, told in bearer.items())
        )
        late = {"simulate": f"sim-open-70b:delay,seconds={LATE_S}"}
        clients.ask("between-steps", chat("What is 401 * 37?", "auto:pair", metadata=late))
        for model in ("sim-mid", "moving"):
            begun(clients.ask(model, chat("What is this?", model, stream=True, metadata=pause)))
        assert here("keys", "revoke", "team", "--config", str(config)).status == 0
        take_away(config)
        farthing.wait_for("reloaded in .*sim-frontier removed")
        until(lambda: get(f"{farthing.base_url}/models", bearer).status == 401)
        answers = clients.answers()
    assert all(is_whole(got) for got in answers.values())
    booked = [
        (row["model"], row["upstream"], row["outcome"], row["key"])
        for row in rows(ledger_of(config))
    ]
    assert sorted(booked) == [
        ("moving", "sim", "ok", "team"),
        ("sim-frontier", "sim", "ok", "team"),
        ("sim-mid", "sim", "ok", "team"),
        ("sim-open-70b", "sim", "rejected", "team"),
        ("sim-open-8b", "sim", "rejected", "team"),
    ]
