"""One Farthing before one simulator for most tests; those that need another start their own."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import openai
import pytest

from tests.e2e.configs import ledger_of, usual_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.openai_node import NotHere, openai_node

_NODE_MODULES = "FARTHING_NODE_MODULES"


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def shared_fixed() -> Iterator[FixedUpstream]:
    with FixedUpstream(Canned((b"{}",))) as fixed:
        yield fixed


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Iterator[Simulator]:
    """The simulated models behind `farthing`; their faults do not outlive the test."""
    yield shared_simulator
    shared_simulator.forget()


@pytest.fixture
def fixed(shared_fixed: FixedUpstream) -> FixedUpstream:
    """The upstream of the models `fixed` and `gpt-fixed` of `farthing`, which sends what it is given."""
    shared_fixed.arrived.clear()
    return shared_fixed


@pytest.fixture(scope="session")
def farthing(
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
    shared_fixed: FixedUpstream,
) -> Iterator[Farthing]:
    """A `farthing serve` of the usual kind: simulated models, no cache, no keys."""
    folder = tmp_path_factory.mktemp("farthing")
    with Farthing(usual_config(folder, shared_simulator, shared_fixed)) as running:
        yield running


@pytest.fixture(scope="session")
def node_env() -> dict[str, str]:
    """What tells our scripts where openai-node is; another release may be named by FARTHING_NODE_MODULES."""
    try:
        return {_NODE_MODULES: os.environ.get(_NODE_MODULES) or str(openai_node())}
    except NotHere as why:
        pytest.skip(str(why))


@pytest.fixture
def ledger(farthing: Farthing) -> Path:
    return ledger_of(farthing.config)


@pytest.fixture
async def client(farthing: Farthing) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=farthing.base_url, api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
def sync_client(farthing: Farthing) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=farthing.base_url, api_key="any", max_retries=0) as made:
        yield made
