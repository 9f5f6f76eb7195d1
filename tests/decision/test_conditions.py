"""The conditions of rules: what each asks of a request, and which values make no sense."""

import re
from datetime import UTC, date, datetime

import pytest

from router.decision.conditions import CONDITIONS
from router.decision.policy import Asks, Circumstances
from router.domain.category import Category
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Capability

WHAT = Features(
    prompt_tokens=1000,
    category=Category.MATHS,
    needs=frozenset({Capability.TOOLS, Capability.VISION}),
    turns=3,
    language="de",
    difficulty=0.4,
)
WHO = Circumstances(
    "gpt-6",
    "team",
    frozenset({"batch", "night"}),
    budget_left=0.25,
    unix_s=datetime(2026, 5, 4, 23, 30, tzinfo=UTC).timestamp(),  # a Monday
    headers={"x-team": "search", "accept-language": "de"},
    metadata={"plan": "pro"},
)


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
        ("max_turns", 3, True),
        ("max_turns", 2, False),
        ("asked", "gpt-*", True),
        ("asked", ["claude-*", "o?"], False),
        ("key", "te*", True),
        ("key", "*s", False),
        ("language", ["fr", "de"], True),
        ("language", "en", False),
        ("min_difficulty", 0.4, True),
        ("min_difficulty", 0.41, False),
        ("max_difficulty", 0.4, True),
        ("max_difficulty", 0.39, False),
        ("metadata", {"plan": ["pro", "team"]}, True),
        ("metadata", {"plan": "*"}, True),
        ("metadata", {"plan": "free"}, False),
        ("metadata", {"plan": "pro", "user": "*"}, False),
        ("header", {"X-Team": "search"}, True),
        ("header", {"x-team": "ads", "accept-language": "de"}, False),
        ("time", {"days": ["mon"]}, True),
        ("time", {"days": ["tue", "sun"]}, False),
        ("time", {"days": ["tue"], "timezone": "Europe/Berlin"}, True),
        ("time", {"from": "23:30"}, True),
        ("time", {"from": "23:31"}, False),
        ("time", {"until": "23:31"}, True),
        ("time", {"until": "23:30"}, False),
        ("time", {"from": "22:00", "until": "6:00"}, True),
        ("time", {"from": "23:45", "until": "6:00"}, False),
        ("time", {"from": "22:00", "until": "6:00", "timezone": "Asia/Tokyo"}, False),
        (
            "time",
            {"days": ["mon"], "from": "0:00", "until": "9:00", "timezone": "Asia/Tokyo"},
            False,
        ),
        (
            "time",
            {"days": ["mon"], "from": "18:00", "until": "9:00", "timezone": "Asia/Tokyo"},
            True,
        ),
        (
            "time",
            {"days": ["tue"], "from": "18:00", "until": "9:00", "timezone": "Asia/Tokyo"},
            False,
        ),
    ],
)
def test_a_condition_holds_or_not(name: str, value: object, holds: bool) -> None:
    assert CONDITIONS[name](value)(WHAT, WHO) is holds


def test_every_condition_was_tried_above() -> None:
    rows = test_a_condition_holds_or_not.pytestmark[0].args[1]  # type: ignore[attr-defined]

    assert set(CONDITIONS) == {name for name, *_ in rows}


@pytest.mark.parametrize(
    ("name", "value"), [("language", "de"), ("min_difficulty", 0), ("max_difficulty", 1)]
)
def test_what_nobody_found_out_is_not_met(name: str, value: object) -> None:
    assert not CONDITIONS[name](value)(Features(1, Category.CHAT), WHO)


def test_a_condition_says_what_must_be_found_out_for_it() -> None:
    asked = Asks()
    for name, value in (
        ("language", "de"),
        ("max_difficulty", 0.2),
        ("header", {"X-Team": "a", "x-plan": "b"}),
        ("metadata", {"User": "*"}),
        ("tag", "night"),
    ):
        asked |= CONDITIONS[name](value).asks

    assert asked == Asks(frozenset({"x-team", "x-plan"}), frozenset({"User"}), True, True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("category", "math", "does not accept math; did you mean 'maths'?"),
        ("category", "qqq", "does not accept qqq; available: chat, code_editing,"),
        ("category", [], "must be a word or a list of words"),
        ("category", ["maths", 5], "must be a word or a list of words"),
        ("category", {"maths": True}, "must be a word or a list of words"),
        ("needs", "smell", "does not accept smell; available: audio, files,"),
        ("min_prompt_tokens", -1, "must be a whole number >= 0"),
        ("max_prompt_tokens", 1.5, "must be a whole number >= 0"),
        ("min_confidence", 1.5, "must be a number from 0 to 1"),
        ("min_confidence", True, "must be a number from 0 to 1"),
        ("min_turns", True, "must be a whole number >= 0"),
        ("min_turns", "3", "must be a whole number >= 0"),
        ("max_budget_left", 2, "must be a number from 0 to 1"),
        (
            "language",
            "german",
            "must be ISO 639-1 codes of languages, such as 'de' or 'ja', not 'german'",
        ),
        (
            "language",
            ["ja", "jp"],
            "must be ISO 639-1 codes of languages, such as 'de' or 'ja', not 'jp'",
        ),
        ("language", False, "must be a word or a list of words"),
        ("metadata", "pro", "must map names to the words that they may have"),
        ("metadata", {}, "must map names to the words that they may have"),
        ("metadata", {"plan": 3}, "must be a word or a list of words, not 3"),
        (
            "header",
            {"Authorization": "*"},
            "must not ask for 'Authorization', which holds a secret",
        ),
        ("header", {"X-Farthing-Team": "*"}, "which is the proxy's own; use 'tag'"),
        ("header", {"x-api-key": "*"}, "must not ask for 'x-api-key', which holds a secret"),
        ("time", "night", "must be a mapping with some of days, from, until, timezone"),
        ("time", {"hours": "9-5"}, "must be a mapping with some of days, from, until, timezone"),
        ("time", {"days": ["monday"]}, "does not accept monday; did you mean 'mon'?"),
        ("time", {"from": "25:00"}, "must be a time of day such as \"22:30\", not '25:00'"),
        ("time", {"from": 22}, 'must be a time of day such as "22:30", not 22'),
        (
            "time",
            {"from": "9:00", "until": "09:00"},
            "must not end in the minute in which it begins",
        ),
        ("time", {"timezone": "Berlin"}, "has an unknown timezone 'Berlin'"),
        ("time", {"timezone": "../../etc/passwd"}, "has an unknown timezone"),
        ("key", None, "must be a word or a list of words"),
        ("key", "search team", "must be names of keys, which are ASCII without spaces, not 'sea"),
        ("tag", ["a", "my tag"], "must be tags, which are ASCII without spaces or commas, not 'my"),
        ("tag", "team-*", "must be whole tags: 'team-*' is no pattern here"),
        ("category", True, "must be a word or a list of words, not true"),
        ("min_turns", None, "must be a whole number >= 0, not null"),
        ("max_difficulty", date(2027, 1, 31), 'must be a number from 0 to 1, not "2027-01-31"'),
        ("tag", "a,b", "must be tags, which are ASCII without spaces or commas, not 'a,b'"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_what_would(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CONDITIONS[name](value)


def test_a_condition_looks_at_this_request_only() -> None:
    is_maths = CONDITIONS["category"]("maths")

    assert is_maths(WHAT, WHO)
    assert not is_maths(replace(WHAT, category=Category.CHAT), WHO)
