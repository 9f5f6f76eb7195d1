"""The corpus of made-up requests: what its templates must keep to, and that a seed decides all."""

from collections import Counter
from random import Random

import pytest

from benchmarks.category.dress import dressed
from benchmarks.category.grammar import Grammar
from benchmarks.category.made_up import Family, drawn, families, grammar
from benchmarks.category.public_questions import category_of, labelled
from router.domain.category import Category

SHIPPED = families()


def test_every_gap_of_every_template_is_a_slot() -> None:
    gaps = grammar()
    unknown = {
        (f.category, f.name, n) for f in SHIPPED for t in f.templates for n in gaps.unknown_gaps(t)
    }

    assert unknown == set()


def test_every_category_is_asked_for_in_at_least_twelve_languages() -> None:
    for category in Category:
        assert len({f.language for f in SHIPPED if f.category is category}) >= 12


@pytest.mark.parametrize("family", SHIPPED, ids=lambda each: f"{each.category}/{each.name}")
def test_no_choice_of_a_template_is_left_open(family: Family) -> None:
    bare = Grammar({})

    for template in family.templates:
        assert "|" not in bare.expand(template, family.language, Random(0))


def test_the_same_seed_draws_the_same_requests_and_another_others() -> None:
    assert drawn(20, 1) == drawn(20, 1)
    assert drawn(20, 1) != drawn(20, 2)


def test_categories_are_drawn_about_equally_and_no_request_twice_in_a_family() -> None:
    requests = drawn(300, 0)
    counts = Counter(request.category for request in requests)

    assert set(counts) == set(Category)
    assert max(counts.values()) < 2 * min(counts.values())
    assert len({(r.family, r.text) for r in requests}) == len(requests)


def test_wordings_are_chosen_innermost_first_and_gaps_filled_in_the_language_of_the_template() -> (
    None
):
    gaps = Grammar(
        {"en": {"thing": ("cat",)}, "de": {"thing": ("Katze",)}, "any": {"all": ("{thing}",)}}
    )

    assert gaps.expand("[a|a] {thing}\\n{all}", "en", Random(0)) == "a cat\ncat"
    assert gaps.expand("{thing} {nothing}", "de", Random(0)) == "Katze {nothing}"
    assert gaps.expand("{thing}", "fr", Random(0)) == "cat"


def test_dressing_keeps_a_request_and_is_decided_by_dice() -> None:
    made = {dressed("Please explain tides to me.", "en", Random(seed)) for seed in range(200)}

    assert len(made) > 20
    assert "Please explain tides to me." in made
    assert all(made)


def test_words_at_random_fill_the_gaps_beside_those_that_ship() -> None:
    plain, stray = grammar(), grammar(("xylem", "yodel", "zonal"))

    assert set(stray.slots["en"]["topic"]) > set(plain.slots["en"]["topic"])
    assert grammar(("xylem",), 3) == grammar(("xylem",), 3)


@pytest.mark.parametrize(
    ("dataset", "prompt", "category"),
    [
        ("zeroeval/gsm", "How many pears are left?", Category.MATHS),
        ("zeroeval/crux", "What does f return?", Category.REASONING),
        ("mmlu_pro/law", "Is it a contract?\nA. Yes\nB. No", Category.REASONING),
        ("mmlu_pro/physics", "How fast?\nA. 3 m/s\nB. 4 m/s\nC. $5", Category.MATHS),
        ("mmlu_pro/physics", "What is a quark?\nA. A thing\nB. 4 of them", Category.KNOWLEDGE),
        ("mmlu_pro/history", "When?\nA. 1914\nB. 1918", Category.KNOWLEDGE),
        ("alpaca_eval/helpful", "Write a poem", None),
    ],
)
def test_a_public_question_is_what_its_data_set_says(
    dataset: str, prompt: str, category: Category | None
) -> None:
    assert category_of(dataset, prompt) is category


def test_of_public_questions_some_come_without_their_options_and_of_unknown_sets_none() -> None:
    rows = [
        ("mmlu_pro/history", f"Which king was number {n}?\nA. Otto\nB. Karl") for n in range(60)
    ]
    learnt = labelled([*rows, ("unknown/set", "Hello")], 40, 0)

    assert len(learnt) == 40
    assert 5 < sum("Otto" in request.text for request in learnt) < 35
