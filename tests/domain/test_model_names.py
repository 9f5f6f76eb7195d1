"""Names of models: what means the same model, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.model_names import numbered, plain_name

STEMS = st.from_regex(r"[a-z]{1,6}-[0-9](\.[0-9])?(b|-turbo|-mini)?", fullmatch=True)
ENDINGS = st.sampled_from(
    ["-instruct", "-Chat", "-it", "-fc", "-LATEST", "-2024-08-06", "-20240620"]
)
ANY = st.text(max_size=20)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("openai/gpt-4o-2024-08-06", "gpt-4o"),
        ("Meta-Llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("one/two/Model-Chat", "model"),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
        ("gemma-2-9b-it-fc", "gemma-2-9b"),
        ("Llama-3.1-405B-Instruct-Turbo", "llama-3.1-405b-instruct-turbo"),
        ("Llama-3.1-405B-Inst-fp8", "llama-3.1-405b-inst-fp8"),
        ("gpt-4-0314", "gpt-4-0314"),
        ("chatbot", "chatbot"),
        ("", ""),
    ],
)
def test_vendors_and_harmless_endings_are_left_out_and_other_models_stay_others(
    name: str, plain: str
) -> None:
    assert plain_name(name) == plain


@given(STEMS, st.lists(ENDINGS, max_size=3), st.sampled_from(["", "vendor/", "a/b/"]))
def test_whatever_is_harmless_changes_nothing(stem: str, endings: list[str], vendor: str) -> None:
    assert plain_name(f"{vendor}{stem.upper()}{''.join(endings)}") == plain_name(stem) == stem


@given(ANY)
def test_what_is_plain_stays_as_it_is(name: str) -> None:
    assert plain_name(plain_name(name)) == plain_name(name)


@given(st.lists(ANY, unique=True, max_size=8))
def test_every_name_stands_for_its_own_place_and_its_plain_form_for_one_of_that_form(
    names: list[str],
) -> None:
    places = numbered(names)

    assert [places[name] for name in names] == list(range(len(names)))
    for form in {plain_name(name) for name in names} - {*names}:
        assert plain_name(names[places[form]]) == form
    assert places.keys() == {*names, *map(plain_name, names)}


def test_of_several_dates_the_last_one_speaks_for_the_plain_name() -> None:
    names = ["gpt-4o-2024-08-06", "gpt-4o-2024-05-13", "gpt-4o-mini-2024-07-18"]

    assert numbered(names)["gpt-4o"] == 0
    assert numbered(names[::-1])["gpt-4o"] == 2
    assert numbered([*names, "gpt-4o"])["gpt-4o"] == 3
