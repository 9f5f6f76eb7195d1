"""What one of several workers gets of a configuration."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.part import WHOLE, Part
from router.config.source import Source
from router.domain.limits import Limits
from tests.e2e.configs import write_config


@given(st.integers(1, 10**6), st.integers(1, 32))
def test_the_parts_of_a_limit_make_up_the_whole_unless_it_is_too_small(
    limit: int, workers: int
) -> None:
    parts = [Part(number, workers).share(limit) or 0 for number in range(workers)]
    assert sum(parts) == max(limit, workers)
    assert max(parts) - min(parts) <= 1


def test_what_has_no_limit_has_none_for_anybody() -> None:
    assert Part(1, 4).share(None) is None


def test_a_number_that_no_worker_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no worker 2 of 2"):
        Part(2, 2)


def test_what_a_provider_allows_is_divided_and_the_first_worker_alone_deletes_what_is_old(
    tmp_path: Path,
) -> None:
    models = {
        "alone": {
            "upstream": "sim",
            "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1},
            "limits": {"in_flight": 5, "requests_per_minute": 60},
        },
    }
    config = write_config(
        tmp_path, "http://127.0.0.1:1/v1", models=models, ledger={"keep_days": 40}
    )
    parts = [Source(config, {}, Part(number, 2)).settings() for number in (0, 1)]
    whole = Source(config, {}, WHOLE).settings()

    assert [each.catalog["alone"].limits for each in parts] == [Limits(3, 30), Limits(2, 30)]
    assert [each.ledger.keep_days for each in parts] == [40, None]
    assert whole.catalog["alone"].limits == Limits(5, 60)
