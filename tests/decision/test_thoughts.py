"""Hidden thoughts: how much a silent model is supposed to have thought."""

import pytest

from router.decision.experience import Experience, ObservedAnswer
from router.domain.category import Category
from tests.decision.answers import OTHER, THINKER, M, hid, seen


def test_of_a_model_that_has_never_answered_no_thoughts_are_supposed() -> None:
    experience = Experience()
    seen(experience, OTHER, 100, reasoning=50)

    assert experience.hidden_tokens(THINKER, Category.CHAT) == 0.0
    assert experience.hidden_tokens(OTHER, Category.CHAT) == 0.0


def test_a_model_is_supposed_to_think_as_it_usually_does_above_all_in_the_category() -> None:
    experience = Experience()
    for _ in range(200):
        hid(experience, 100)
        hid(experience, 900, Category.MATHS)

    assert experience.hidden_tokens(M, Category.WRITING) == pytest.approx(500, rel=0.05)
    assert experience.hidden_tokens(M, Category.CHAT) == pytest.approx(100, rel=0.5)
    assert experience.hidden_tokens(M, Category.MATHS) == pytest.approx(900, rel=0.1)


def test_who_has_been_silent_for_half_of_the_usual_time_has_thought_half_of_it() -> None:
    experience = Experience()
    hid(experience, 100)

    silences = (0.0, 5.0, 10.0, 600.0)
    thoughts = [experience.hidden_tokens(M, Category.CHAT, silent_s) for silent_s in silences]
    assert thoughts == [0.0, 50.0, 100.0, 100.0]


def test_how_far_a_model_has_thought_is_not_guessed_where_its_usual_silence_is_unknown() -> None:
    experience = Experience()
    experience.observe(
        M,
        Category.CHAT,
        ObservedAnswer(output_tokens=9, first_content_s=None, total_s=1.0, at_s=0.0),
    )
    experience.observe_thoughts(M, Category.CHAT, 5)
    assert experience.hidden_tokens(M, Category.CHAT, 1.0) == 0.0
    assert experience.hidden_tokens(M, Category.CHAT) == 5.0
