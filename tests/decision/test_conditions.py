"""The conditions of rules: what each asks of a request, and which values make no sense."""

from dataclasses import replace

import pytest

from router.decision.conditions import CONDITIONS
from router.decision.policy import Circumstances
from router.domain.category import Category
from router.domain.features import Features
from router.domain.model import Capability

WHAT = Features(
    prompt_tokens=1000,
    category=Category.MATHS,
    needs=frozenset({Capability.TOOLS, Capability.VISION}),
    turns=3,
)
WHO = Circumstances("gpt-6", "team", frozenset({"batch", "night"}), budget_left=0.25)


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("category", "maths", True),
        ("category", ["chat", "maths"], True),
        ("category", "chat", False),
        ("min_prompt_tokens", 1000, True),
        ("min_prompt_tokens", 1001, False),
        ("max_prompt_tokens", 1000, True),
        ("max_prompt_tokens", 999, False),
        ("min_confidence", WHAT.category_confidence, True),
        ("min_confidence", 0, True),
        ("min_turns", 3, True),
        ("min_turns", 4, False),
        ("needs", "tools", True),
        ("needs", ["tools", "vision"], True),
        ("needs", ["tools", "audio"], False),
        ("key", "team", True),
        ("key", ["other"], False),
        ("tag", ["night", "day"], True),
        ("tag", "day", False),
        ("asked", "gpt-6", True),
        ("asked", "gpt", False),
        ("max_budget_left", 0.25, True),
        ("max_budget_left", 0.24, False),
    ],
)
def test_a_condition_holds_or_not(name: str, value: object, holds: bool) -> None:
    assert CONDITIONS[name](value)(WHAT, WHO) is holds


def test_every_condition_was_tried_above() -> None:
    tried = (
        "category min_confidence min_prompt_tokens max_prompt_tokens min_turns needs key tag asked"
        " max_budget_left"
    )

    assert set(CONDITIONS) == set(tried.split())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("category", "math", "knows no math; there is chat, code_editing,"),
        ("category", [], "must be a word or a list of words"),
        ("category", ["maths", 5], "must be a word or a list of words"),
        ("category", {"maths": True}, "must be a word or a list of words"),
        ("needs", "smell", "knows no smell; there is audio,"),
        ("min_prompt_tokens", -1, "must be a whole number >= 0"),
        ("max_prompt_tokens", 1.5, "must be a whole number >= 0"),
        ("min_confidence", 1.5, "must be a number from 0 to 1"),
        ("min_confidence", True, "must be a number from 0 to 1"),
        ("min_turns", True, "must be a whole number >= 0"),
        ("min_turns", "3", "must be a whole number >= 0"),
        ("max_budget_left", 2, "must be a share from 0 to 1"),
        ("key", None, "must be a word or a list of words"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_what_would(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        CONDITIONS[name](value)


def test_a_condition_looks_at_this_request_only() -> None:
    is_maths = CONDITIONS["category"]("maths")

    assert is_maths(WHAT, WHO)
    assert not is_maths(replace(WHAT, category=Category.CHAT), WHO)
