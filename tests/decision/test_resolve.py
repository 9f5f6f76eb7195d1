"""What the `model` of a request means: a policy, a routed name, a pinned model, or a mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.policy import Policy
from router.decision.resolve import PolicyBook, Route, resolve
from router.domain.errors import ApiError
from router.domain.model import Model
from tests.decision.catalogs import policy
from tests.domain.builders import catalog, model

CHEAP, BALANCED = policy(within=0.3), policy(within=0.05)
CATALOG = catalog(model("gpt-6-sol"), model("gpt-6-mini"), model("llama"))


def book(**routes: str) -> PolicyBook:
    return PolicyBook(
        {"cheap": CHEAP, "balanced": BALANCED}, "balanced", {k: Route(v) for k, v in routes.items()}
    )


def meant(asked: str, **routes: str) -> Policy | Model:
    return resolve(asked, book(**routes), CATALOG)


def refusal(asked: str) -> ApiError:
    with pytest.raises(ApiError) as refused:
        meant(asked)
    assert (refused.value.status, refused.value.param) == (404, "model")
    return refused.value


def test_auto_is_the_default_policy_and_auto_with_a_name_another() -> None:
    assert meant("auto") is BALANCED
    assert meant("auto:cheap") is CHEAP


def test_a_model_of_the_catalog_is_pinned() -> None:
    assert meant("llama") is CATALOG["llama"]


def test_a_route_comes_before_the_catalog() -> None:
    assert meant("gpt-6-sol", **{"gpt-6-*": "cheap"}) is CHEAP
    assert meant("llama", **{"gpt-6-*": "cheap"}) is CATALOG["llama"]


def test_a_route_may_name_what_is_in_no_catalog() -> None:
    assert meant("gpt-3.5-turbo", **{"gpt-3*": "cheap"}) is CHEAP


def test_the_first_route_that_matches_applies_and_case_matters() -> None:
    assert meant("gpt-6-mini", **{"*-mini": "cheap", "gpt-6-*": "balanced"}) is CHEAP
    assert meant("llama", LLAMA="cheap") is CATALOG["llama"]


def test_routes_do_not_catch_auto() -> None:
    assert meant("auto", **{"*": "cheap"}) is BALANCED
    assert meant("auto:balanced", **{"*": "cheap"}) is BALANCED


def test_an_unknown_model_is_told_the_nearest() -> None:
    error = refusal("gpt-6-min")

    assert error.code == "model_not_found"
    assert error.message == "There is no model 'gpt-6-min'; did you mean 'gpt-6-mini', 'gpt-6-sol'?"


def test_an_unknown_policy_is_told_the_nearest() -> None:
    error = refusal("auto:chaep")

    assert error.code == "policy_not_found"
    assert error.message == "There is no policy 'chaep'; did you mean 'auto:cheap'?"


def test_a_policy_by_its_bare_name_is_told_the_whole_one() -> None:
    assert refusal("cheap").message == "There is no model 'cheap'; did you mean 'auto:cheap'?"


def test_where_nothing_is_near_everything_is_told() -> None:
    assert refusal("xyz").message == (
        "There is no model 'xyz'; available: 'auto', 'gpt-6-mini', 'gpt-6-sol', 'llama'."
        " A policy can answer for this name: the operator adds it to 'policies.routes'."
    )
    assert (
        refusal("auto:").message
        == "There is no policy ''; available: 'auto:balanced', 'auto:cheap'."
    )


@given(asked=st.text(max_size=256) | st.text(max_size=20).map(lambda name: f"auto:{name}"))
def test_any_name_means_something_or_is_a_404(asked: str) -> None:
    try:
        assert meant(asked, **{"gpt-[67]*": "cheap", "[": "cheap"}) is not None
    except ApiError as error:
        status = error.status
        assert status == 404


def test_a_route_may_say_which_model_a_name_stands_for() -> None:
    routes = {"claude-*": Route("cheap", "gpt-6-sol"), "gpt-6-*": Route("cheap")}
    routed = PolicyBook({"cheap": CHEAP}, "cheap", routes)

    assert routed.stands_for("claude-sonnet-5") == "gpt-6-sol"
    assert [routed.stands_for(asked) for asked in ("gpt-6-mini", "auto", "llama")] == ["", "", ""]


def test_the_last_route_for_all_other_names_says_nothing_of_auto() -> None:
    routed = PolicyBook({"cheap": CHEAP}, "cheap", {"*": Route("cheap", "llama")})

    assert routed.stands_for("gpt-5") == "llama"
    assert [routed.stands_for(asked) for asked in ("auto", "auto:cheap")] == ["", ""]


def test_names_that_a_client_may_not_use_are_not_told() -> None:
    with pytest.raises(ApiError) as raised:
        resolve("xyz", book(), CATALOG, ["llama"])
    assert "available: 'auto', 'llama'." in raised.value.message
