"""What a virtual key may do."""

import pytest

from router.domain.key import Grants

MODELS = Grants(models=frozenset({"small"}))
POLICIES = Grants(policies=frozenset({"cheap"}))
BOTH = Grants(policies=frozenset({"cheap"}), models=frozenset({"small"}))


@pytest.mark.parametrize(
    ("grants", "models", "pinned", "policies"),
    [
        (Grants(), {"small", "large"}, {"small", "large"}, {"cheap", "best"}),
        (MODELS, {"small"}, {"small"}, {"cheap", "best"}),
        (POLICIES, {"small", "large"}, set(), {"cheap"}),
        (BOTH, {"small"}, {"small"}, {"cheap"}),
    ],
    ids=["nothing said", "models", "policies", "both"],
)
def test_a_key_gets_the_models_and_policies_it_names_and_all_where_it_names_none(
    grants: Grants, models: set[str], pinned: set[str], policies: set[str]
) -> None:
    every = ("small", "large")

    assert {name for name in every if grants.allows_model(name)} == models
    assert {name for name in every if grants.allows_pinning(name)} == pinned
    assert {name for name in ("cheap", "best") if grants.allows_policy(name)} == policies


@pytest.mark.parametrize(
    ("named", "allowed"),
    [(None, {"policy", "tags"}), (frozenset(), set()), (frozenset({"tags"}), {"tags"})],
)
def test_a_key_may_use_the_overrides_it_names_and_any_only_where_nothing_is_said_of_them(
    named: frozenset[str] | None, allowed: set[str]
) -> None:
    grants = Grants(overrides=named)

    assert {name for name in ("policy", "tags") if grants.allows_override(name)} == allowed
