"""A request's category: from its form if that is clear, else from the words of the question."""

import re
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.features.category import CERTAIN, categorise, worded
from router.features.courtesy import is_bare_greeting
from router.features.cues import CUES
from tests.features.prompts import KNOWN_MISSES, PROMPTS, UNSEEN

EACH = [(prompt, category) for category, prompts in PROMPTS.items() for prompt in prompts]
REQUIRED_UNSEEN_SHARE = 0.60
"""What was measured when the table was made: far better than chance, far from a classifier."""


def of(prompt: str, **fields: Any) -> Category:
    return categorise({"messages": [{"role": "user", "content": prompt}], **fields})[0]


@pytest.mark.parametrize(("prompt", "category"), EACH)
def test_a_prompt_is_told_by_its_words(prompt: str, category: Category) -> None:
    assert (of(prompt) is category) is (prompt not in KNOWN_MISSES)


def test_known_misses_are_few_and_really_stand_in_the_table() -> None:
    assert {prompt for prompt, _ in EACH} > KNOWN_MISSES
    assert len(KNOWN_MISSES) < 0.03 * len(EACH)


def test_of_prompts_that_the_table_was_not_made_with_most_are_told_rightly() -> None:
    verdicts = [
        of(prompt) is category for category, prompts in UNSEEN.items() for prompt in prompts
    ]

    assert len(verdicts) > 50
    assert sum(verdicts) / len(verdicts) >= REQUIRED_UNSEEN_SHARE


def test_there_are_prompts_for_every_category_that_words_can_tell() -> None:
    by_form = {Category.VISION, Category.TOOL_CALLING}

    assert set(PROMPTS) == set(UNSEEN) == set(Category) - by_form


def test_without_any_cue_it_is_a_chat() -> None:
    category, confidence = categorise({"messages": [{"role": "user", "content": "Hmm."}]})
    assert category is Category.CHAT
    assert confidence < 0.5, "a guess must not look like knowledge"
    assert of("") is Category.CHAT


@pytest.mark.parametrize("question", ["👋", "😂😂😂", "...", "   "])
def test_a_classifier_of_words_is_not_asked_where_there_is_none(question: str) -> None:
    guess = worded(question, object(), [1, 2], sees=False)  # type: ignore[arg-type]

    assert guess.category is Category.CHAT
    assert guess.confidence < 0.5


@pytest.mark.parametrize(
    "question",
    [
        "Hi",
        "hello",
        "Hey there",
        "¡Hola!",
        "Guten Tag",
        "Hi! 👋",
        "Buenos días",
        "Привет",
        "안녕하세요",
        "नमस्ते!",
    ],
)
def test_a_greeting_and_nothing_else_is_a_chat(question: str) -> None:
    guess = worded(question, object(), [1, 2], sees=False)  # type: ignore[arg-type]

    assert (guess.category, guess.confidence) == (Category.CHAT, CERTAIN)


@pytest.mark.parametrize(
    "question", ["Hello world", "ok", "Buenos Aires", "Hi, what is a tariff?", "hi" * 50]
)
def test_what_says_more_than_a_greeting_is_told_by_its_words(question: str) -> None:
    assert not is_bare_greeting(question)


def test_a_picture_in_the_last_question_makes_it_vision() -> None:
    parts = [{"type": "text", "text": "What is 2 + 2?"}, {"type": "image_url", "image_url": {}}]
    seen = {"role": "user", "content": parts}
    answered = {"role": "assistant", "content": "4"}

    assert categorise({"messages": [seen]})[0] is Category.VISION
    assert categorise({"messages": [seen, answered, {"role": "user", "content": "Thanks!"}]})[
        0
    ] is (Category.CHAT)


def test_tools_on_offer_make_it_tool_calling_and_those_of_a_coding_agent_code_editing() -> None:
    weather = {"type": "function", "function": {"name": "get_weather"}}
    edit = {"type": "function", "function": {"name": "Edit"}}

    assert of("Write a poem", tools=[weather]) is Category.TOOL_CALLING
    assert of("Write a poem", tools=[weather, edit]) is Category.CODE_EDITING
    assert of("Write a poem", tools=[{"name": "bash"}]) is Category.CODE_EDITING
    patch = {"type": "custom", "custom": {"name": "apply_patch"}}
    assert of("Write a poem", tools=[weather, patch]) is Category.CODE_EDITING
    assert of("Write a poem", tools=[*[weather] * 999, edit]) is Category.CODE_EDITING
    assert of("Write a poem", tools=[*[weather] * 9999, edit]) is Category.TOOL_CALLING
    assert of("Write a poem", tools=[]) is Category.WRITING
    assert of("Write a poem", functions=[{"name": "get_weather"}]) is Category.TOOL_CALLING


@pytest.mark.parametrize(
    "names",
    [
        ("exec_command", "write_stdin", "update_plan"),
        ("shell_command", "view_image"),
        ("developer__shell", "developer__text_editor"),
        ("execute_bash", "think"),
        ("run_shell_command", "replace"),
        ("run_in_terminal", "create_file"),
        ("execute_command", "attempt_completion"),
        ("run_terminal_cmd", "codebase_search"),
    ],
)
def test_agents_with_a_few_of_their_tools_are_known_by_them(names: tuple[str, ...]) -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in names]

    assert of("Add a test.", tools=tools) is Category.CODE_EDITING


def test_tools_that_must_not_be_called_do_not_say_what_is_asked() -> None:
    tools = [{"type": "function", "function": {"name": "get_weather"}}]

    assert of("Write a poem", tools=tools, tool_choice="none") is Category.WRITING
    assert of("Write a poem", tools=tools, tool_choice="auto") is Category.TOOL_CALLING


def test_the_last_question_counts_and_without_one_the_instructions() -> None:
    history = [
        {"role": "system", "content": "You are a poet."},
        {"role": "user", "content": "Translate 'cat' into French."},
        {"role": "assistant", "content": "chat"},
        {"role": "user", "content": "Now write a poem about it."},
    ]
    assert categorise({"messages": history})[0] is Category.WRITING
    assert categorise({"messages": history[:3]})[0] is Category.TRANSLATION
    only = [{"role": "system", "content": "Translate to German: good night"}]
    assert categorise({"messages": only})[0] is Category.TRANSLATION


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("We met on 2024-05-01.", Category.CHAT),
        ("My number is 555-1234.", Category.CHAT),
        ("It is open 24/7 and costs $5, or $7 at night.", Category.CHAT),
        ("17 - 5", Category.MATHS),
        ("2+2", Category.MATHS),
        ("20 % of 50", Category.MATHS),
        ("$x^2 = 4$", Category.MATHS),
        ("\\frac{1}{2}", Category.MATHS),
    ],
)
def test_a_sum_is_told_from_a_date_a_price_and_a_telephone_number(
    text: str, category: Category
) -> None:
    assert of(text) is category


def test_what_is_asked_is_found_at_both_ends_of_a_long_text() -> None:
    filler = "The committee met again in the afternoon. " * 2000

    assert of(f"Summarise this:\n{filler}") is Category.SUMMARISING
    assert of(f"{filler}\nTranslate that to Italian.") is Category.TRANSLATION


def test_every_cue_is_a_term_that_can_occur() -> None:
    word = r"\w+(?:['-]\w+)*"

    assert [term for term in CUES if not re.fullmatch(f"{word}( {word})?", term)] == []
    assert [term for term in CUES if term != term.lower()] == []


def test_every_single_word_of_the_table_decides_where_nothing_else_is_said() -> None:
    assert [word for word in CUES if " " not in word and of(word) is not CUES[word].category] == []


@given(text=st.text(max_size=3000))
def test_any_text_has_a_category_and_a_confidence(text: str) -> None:
    category, confidence = categorise({"messages": [{"role": "user", "content": text}]})

    assert category in Category
    assert 0 < confidence <= 1


HOSTILE = (
    "A. \n" * 500,
    "A. x\n" * 10 + "\n" * 1950,
    "\n" * 2000,
    "1" * 2000,
    "1 " * 1000,
    "def " * 500,
    "$a" * 1000,
    "a-" * 1000,
    "a'" * 1000,
    "```" * 660,
    "A)\n \n" * 400,
    "generate a b c d e f g title the chat " * 30,
    "you are a title you are generating title chat title " * 30,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_made_to_be_slow_is_not(text: str) -> None:
    # A careless pattern took two seconds on one of these; the limit is wide for a busy machine.
    began_s = process_time()
    of(text)

    assert process_time() - began_s < 0.1
