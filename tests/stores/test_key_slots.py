"""A cluster runs a script only where all of its keys are in one slot."""

from collections.abc import Sequence

import pytest
from redis.crc import key_slot

from router.stores.redis import keys

_BUDGETS = [keys.account("key", f"team-{number}", "day", "UTC", "0.0") for number in range(20)]
_BUCKETS = [keys.bucket("tag", f"t{number}", "requests") for number in range(20)]


def slots(names: Sequence[str]) -> set[int]:
    return {key_slot(name.encode()) for name in names}


@pytest.mark.parametrize(
    "names",
    [
        [*_BUDGETS, *map(keys.holds, _BUDGETS)],
        _BUCKETS,
        [keys.lead("f"), keys.wanted("f"), keys.frames("f", "token")],
    ],
    ids=["budgets", "limits", "a flight"],
)
def test_keys_that_a_script_touches_are_in_one_slot(names: Sequence[str]) -> None:
    assert len(slots(names)) == 1


def test_budgets_are_not_where_limits_are_and_all_else_is_spread() -> None:
    assert slots(_BUDGETS) != slots(_BUCKETS)
    for named in (keys.cached, keys.lead, keys.session, lambda name: keys.near(name.encode())):
        assert len(slots([named(f"{number}") for number in range(100)])) > 90
