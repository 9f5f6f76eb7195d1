"""What stands in a user's message without being the user's words, and what is left without it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.injected_text import own_words, parted
from router.features.turns import asking_of
from tests.features.conversations import REMINDER, WISH, called, user


def test_reminders_and_descriptions_of_the_machine_are_not_the_users_words() -> None:
    context = "<environment_context>\n<cwd>parser</cwd>\n</environment_context>"
    agents = "# AGENTS.md instructions for parser\n\n<INSTRUCTIONS>\nBe brief.\n</INSTRUCTIONS>"

    assert own_words(f"{REMINDER}\n{WISH}\n{REMINDER}") == WISH
    assert own_words(f"{context}\n{agents}\n{WISH}") == WISH
    assert own_words(f"<attachments>a.py</attachments><user_query>{WISH}</user_query>...") == WISH
    assert own_words(REMINDER) == ""


def test_what_an_editor_shows_beside_a_wish_is_not_the_users_words() -> None:
    opened = "<ide_opened_file>The user opened bees.md. It may be unrelated.</ide_opened_file>"
    told = "<task-notification>\n<status>completed</status>\n</task-notification>"
    heading = (
        "# Context from my IDE setup:\n\n## Active file: bees.md\n\n## My request for Codex:\n"
    )

    assert own_words(f"{opened}\n{WISH}") == WISH
    assert own_words(f"{heading}{WISH}\n") == WISH
    assert parted(f"{heading}{WISH}").aside == heading.rstrip("\n")
    assert own_words(f"Why do you write '{heading}'?").startswith("Why")
    assert asking_of([user(WISH), *called(), user(told)]).is_tool_turn


@pytest.mark.parametrize(
    "text", ["What does <system-reminder> mean?", "a < b", "</system-reminder>", "<b>bold</b>"]
)
def test_a_tag_that_is_only_talked_about_is_the_users_own(text: str) -> None:
    assert own_words(text) == text


_PIECES = st.sampled_from(
    ["<system-reminder>", "</system-reminder>", "<user_query>", "</user_query>", "a", " ", "\n"]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=20).map("".join))
def test_no_character_is_lost_or_doubled(text: str) -> None:
    own, aside = parted(text)

    def written(each: str) -> list[str]:
        plain = each.replace("<user_query>", "").replace("</user_query>", "")
        return sorted("".join(plain.split()))

    assert written(own + aside) == written(text)


def test_a_hundred_kilobytes_of_open_tags_are_read_once() -> None:
    assert own_words("<system-reminder>" * 8000).startswith("<system-reminder>")


_LONG = "a" * 200_000


def test_of_a_long_text_only_the_ends_are_searched_for_asides() -> None:
    ends = f"{REMINDER}{_LONG}{REMINDER}"

    assert own_words(ends) == _LONG
    assert own_words(f"{_LONG}{ends}{_LONG}{REMINDER}") == f"{_LONG}{ends}{_LONG}"


def test_an_aside_may_be_long_itself() -> None:
    file = f"<attachments>{_LONG}{REMINDER}{_LONG}</attachments>"

    assert own_words(f"{file}{WISH}{file}\n{REMINDER}") == WISH
    assert own_words(f"{file}<user_query>{WISH}</user_query>{_LONG}") == WISH


def test_more_asides_than_any_program_writes_are_not_taken_out_one_by_one() -> None:
    own, aside = parted("<system-reminder></system-reminder>" * 5000 + WISH)

    assert own.count("<system-reminder>") + aside.count("<system-reminder>") == 5000
    assert aside.count("<system-reminder>") == 1000
    assert own.endswith(WISH)


@given(st.lists(_PIECES | st.sampled_from([_LONG, _LONG[:70_000]]), max_size=12).map("".join))
def test_no_character_of_a_long_text_is_lost_or_doubled(text: str) -> None:
    own, aside = parted(text)
    said = "".join(own.split()) + "".join(aside.split())
    missing = len("".join(text.split())) - len(said)

    assert missing in (0, len("</user_query>"))  # an envelope's end is told by its beginning
