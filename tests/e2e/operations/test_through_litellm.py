"""A Farthing with a model behind litellm: it answers, through a process that starts and ends with Farthing."""

from pathlib import Path

import psutil

from tests.e2e.books import rows
from tests.e2e.configs import bare_model, ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post


def configured(folder: Path, simulator: Simulator) -> Path:
    return write_config(
        folder,
        simulator.base_url,
        upstreams={
            "sim": {"kind": "openai", "base_url": simulator.base_url},
            "translated": {
                "kind": "litellm",
                "provider": "hosted_vllm",
                "base_url": simulator.base_url,
            },
        },
        models={
            "directly": bare_model("sim", "sim-mid"),
            "by-litellm": bare_model("translated", "sim-mid"),
        },
        cache={"url": "off"},
    )


def listens(pid: int) -> bool:
    """Whether a child of this process has its socket open: importing takes time."""
    told = [each for child in psutil.Process(pid).children() for each in child.cmdline()]
    return any(Path(each).is_socket() for each in told)


def test_a_model_behind_litellm_answers_and_is_booked_and_its_process_ends_with_ours(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    config = configured(tmp_path, shared_simulator)
    asked = chat("What is 17 * 23?", "by-litellm")
    # It is on this machine, so no proxy leads there.
    with Farthing(config, env={"HTTP_PROXY": "http://127.0.0.1:9"}) as farthing:
        until(lambda: listens(farthing.process.pid), within_s=90)
        (child,) = psutil.Process(farthing.process.pid).children()
        answer = post(farthing.base_url, asked)
        streamed = post(farthing.base_url, {**asked, "stream": True})
        directly = post(farthing.base_url, {**asked, "model": "directly"})

    assert (answer.status, streamed.status) == (200, 200)
    assert answer.text == streamed.text == directly.text
    booked = [(row["outcome"], row["usage_source"]) for row in rows(ledger_of(config))]
    assert booked == [("ok", "upstream")] * 3
    assert not child.is_running()
