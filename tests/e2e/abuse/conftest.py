"""A Farthing for what nobody should send; after each test it must still work."""

import signal
from collections.abc import Iterator

import pytest

from tests.e2e.abuse.refusals import works
from tests.e2e.configs import usual_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import FixedUpstream, Simulator


@pytest.fixture(scope="session")
def farthing(
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
    shared_fixed: FixedUpstream,
) -> Iterator[Farthing]:
    """Another one of the usual kind, since no other test should have to run next to these."""
    folder = tmp_path_factory.mktemp("abused")
    with Farthing(usual_config(folder, shared_simulator, shared_fixed)) as running:
        yield running
        running.tell(signal.SIGINT)
        assert running.ended() == 0  # what it says of its clients is the business of a test


@pytest.fixture(autouse=True)
def _it_still_works(farthing: Farthing) -> Iterator[None]:
    yield
    works(farthing)
