"""Whose turn it is, and what the user wants: in their own words, or in those that they approve."""

from typing import Any

import pytest

from router.domain.category import Category
from router.features.extract import Reader, features_of
from router.features.tokens import TokenCounter
from router.features.turns import asking_of, is_approval, refers_back, turns_of, whole_question_of
from tests.features.conversations import REMINDER, TOOL, WISH, called, user


@pytest.mark.parametrize(
    "words",
    [
        *(
            "yes",
            "Yes, go on.",
            "commit it",
            "OK, do it",
            "LGTM, ship it!",
            "continue please",
            "2",
            "👍",
            "👍🏽",
            "👍 ✅",
        ),
        *("Great, thanks, go on", "继续", "好的 请继续", "はい、お願いします", "да, давай", "네"),
        *(
            "sí, por favor",
            "oui, vas-y",
            "ja, mach das bitte",
            "sì, va bene",
            "evet, devam et",
            "نعم",
        ),
    ],
)
def test_words_that_only_let_go_on_are_an_approval(words: str) -> None:
    assert is_approval(words)


@pytest.mark.parametrize(
    "words",
    [
        *("", "Thanks!", "yes, but use Redis", "Hello!", "make it a class", "is it ok?", "why"),
        *(
            "Great, thanks!",
            "ok thank you",
            "Perfecto, gracias",
            "好的 谢谢",
            "continue in French",
        ),
    ],
)
def test_words_that_say_something_are_none(words: str) -> None:
    assert not is_approval(words)


@pytest.mark.parametrize("words", ["Yes.", "go on", "commit it", f"{REMINDER}ok"])
def test_an_approval_is_judged_by_the_work_it_approves(words: str) -> None:
    talk = [user(WISH), *called(), {"role": "assistant", "content": "Shall I?"}, user(words)]
    asking = asking_of(talk)

    assert (asking.words, asking.opened_at, asking.is_tool_turn) == (WISH, 0, False)


def test_where_nothing_was_asked_before_it_is_the_proposal_that_is_approved() -> None:
    proposal = {"role": "assistant", "content": "I could write the parser anew, in Rust."}

    assert asking_of([proposal, user("yes")]).words == proposal["content"]
    assert asking_of([user("yes")]).words == "yes"


@pytest.mark.parametrize(
    "words",
    [
        *("Are you sure?", "that's wrong", "It still doesn't work.", "shorter please", "why?"),
        *("more", "again but shorter", "explain it step by step", "still the same problem", "???"),
        *("Bist du sicher?", "你确定吗?", "Êtes-vous sûr ?"),
    ],
)
def test_a_remark_on_an_answer_is_judged_by_what_was_answered(words: str) -> None:
    talk = [user(WISH), {"role": "assistant", "content": "Done."}, user(words)]

    assert asking_of(talk).words == WISH
    assert asking_of([user(words)]).words == words


@pytest.mark.parametrize(
    "words",
    [
        *(
            "How are you?",
            "Thanks!",
            "😂",
            "!",
            "tell me a joke",
            "explain recursion",
            "add comments",
            "bye",
        ),
        *("what is wrong with my car?", "make it a class", "more tests, please", "again: " + WISH),
    ],
)
def test_words_that_say_what_is_wanted_are_no_remark(words: str) -> None:
    assert not refers_back(words)
    assert asking_of([user(WISH), user(words)]).words == words


class Counted(dict[str, Any]):
    """A message that counts how often its content is read."""

    read = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counted.read += key == "content"
        return super().get(key, default)


@pytest.mark.parametrize(("approvals", "words"), [(900, WISH), (90_000, "Shall I?")])
def test_a_wish_is_looked_for_behind_hundreds_of_approvals_and_not_behind_all_there_are(
    approvals: int, words: str
) -> None:
    proposal = Counted(role="assistant", content="Shall I?")
    approval = Counted(user("yes"))
    Counted.read = 0

    assert asking_of([user(WISH), *[proposal, approval] * approvals]).words == words
    assert Counted.read <= 2100


@pytest.mark.parametrize("role", ["user", "system"])
def test_of_a_message_in_a_million_parts_the_ends_are_read(role: str) -> None:
    parts = [{"type": "text", "text": f"{index};"} for index in range(100_000)]
    message = {"role": role, "content": parts}
    question = whole_question_of([message], asking_of([message]))

    assert question.startswith("0;\n1;\n2;")
    assert question.endswith("99998;\n99999;")
    assert len(question.split()) == 2000


def test_reminders_without_end_are_nobodys_turn() -> None:
    shown = Counted(user(REMINDER))
    Counted.read = 0

    assert not asking_of([*called(), *[shown] * 90_000]).is_tool_turn
    assert Counted.read <= 4100


def test_results_of_tools_are_a_tools_turn_also_with_a_reminder_behind_them() -> None:
    assert asking_of([user(WISH), *called()]).is_tool_turn
    assert asking_of([user(WISH), *called(), user(REMINDER)]).is_tool_turn
    assert not asking_of([user(WISH), *called(), user("Stop, use Rust.")]).is_tool_turn
    assert not asking_of([user(WISH), *called(), user("yes")]).is_tool_turn
    assert not asking_of([user(WISH), *called(), {"role": "assistant", "content": ""}]).is_tool_turn


def test_what_a_tool_has_shown_is_its_result_and_what_a_user_shows_is_none() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    shown = {"role": "user", "content": [picture]}
    with_words = {"role": "user", "content": [{"type": "text", "text": "Like this."}, picture]}

    assert asking_of([user(WISH), *called(), shown]).is_tool_turn
    assert asking_of([user(WISH), *called(), shown, user(REMINDER)]).words == WISH
    assert not asking_of([user(WISH), *called(), with_words]).is_tool_turn
    assert not asking_of(
        [user(WISH), {"role": "assistant", "content": "Done."}, shown]
    ).is_tool_turn
    assert not asking_of([shown]).is_tool_turn


def test_what_programs_say_in_the_users_name_is_no_turn_of_the_user() -> None:
    context = "<environment_context>\n<cwd>parser</cwd>\n</environment_context>"
    parts = {"role": "user", "content": [{"type": "text", "text": REMINDER}] * 2}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    shown = {"role": "user", "content": [{"type": "text", "text": REMINDER}, picture]}
    loop = [*called(), user(REMINDER), *called(), parts]

    assert turns_of([user(context), user(WISH), *loop]) == 1
    assert turns_of([user(f"{context}{WISH}"), *loop, user("yes"), user("<b>why?</b>"), shown]) == 4
    assert turns_of([user(""), user("# Notes")]) == 2


def test_reminders_without_end_are_counted_in_no_time() -> None:
    shown = Counted(user(REMINDER))
    Counted.read = 0

    assert turns_of([shown] * 50_000) == 49_000
    assert Counted.read <= 54_100


class CountingTokenizer:
    """Counts what is split, and splits at blanks."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_ordinary(self, text: str) -> list[int]:
        self.asked.append(text)
        return list(range(len(text.split())))


class Kinds:
    """Something that was learnt of prompts, so that questions have to be read: it writes down how long they are."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def of(self, tokens: list[int], prompt_tokens: int, options: int) -> None:
        assert tokens
        assert not options
        self.lengths.append(prompt_tokens)


def test_the_wish_is_read_once_for_all_calls_that_tools_results_bring() -> None:
    tokenizer = CountingTokenizer()
    reader = Reader(TokenCounter(tokenizer), kinds=Kinds())  # type: ignore[arg-type]
    talk = [user(f"{REMINDER}{WISH}")]
    categories = set()
    for _ in range(10):
        categories.add(features_of({"messages": talk, "tools": [TOOL]}, reader).category)
        talk += called()

    assert categories == {Category.CODE_EDITING}
    assert tokenizer.asked.count(WISH) == 1
    assert len(reader.question_cache) == 1


def test_a_question_that_comes_again_is_read_once() -> None:
    tokenizer = CountingTokenizer()
    reader = Reader(TokenCounter(tokenizer), kinds=Kinds())  # type: ignore[arg-type]
    asked = {"messages": [user(WISH)]}

    assert features_of(asked, reader) == features_of(asked, reader)
    assert tokenizer.asked.count(WISH) == 1


class Classifier:
    """Takes long questions for writing, and is sure; and of short ones it knows only "bye"."""

    def probabilities(self, question: str, tokens: list[int], *, sees: bool) -> list[float]:
        assert question
        assert not sees
        is_long = len(tokens) > 2
        likeliest, most = Category.WRITING if is_long else Category.CHAT, 0.4
        if is_long or len(tokens) == 1:
            most = 0.9
        rest = (1.0 - most) / (len(Category) - 1)
        return [most if each is likeliest else rest for each in Category]


def category_of(*words: str) -> Category:
    """Of the last of a user's messages, each of which was answered."""
    reader = Reader(TokenCounter(CountingTokenizer()), categories=Classifier())  # type: ignore[arg-type]
    answered = {"role": "assistant", "content": "Here it is."}
    talk = [each for text in words for each in (answered, user(text))]
    return features_of({"messages": talk}, reader).category


def test_a_short_question_that_is_unclear_by_itself_is_read_with_the_wish_before_it() -> None:
    wish = "Write a poem."

    assert category_of(wish, "no rhymes") is Category.WRITING
    assert category_of(wish, "are you sure?", "no rhymes") is Category.WRITING
    assert category_of("no rhymes") is Category.CHAT
    assert category_of(wish, "bye") is Category.CHAT, "what is clear stays as it is"


def test_the_same_words_after_another_wish_are_read_anew() -> None:
    reader = Reader(TokenCounter(CountingTokenizer()), categories=Classifier())  # type: ignore[arg-type]
    follow_up = user("no rhymes")

    assert features_of({"messages": [follow_up]}, reader).category is Category.CHAT
    assert features_of({"messages": [user(WISH), follow_up]}, reader).category is Category.WRITING
    assert features_of({"messages": [follow_up]}, reader).category is Category.CHAT


def lengths_of(*conversations: list[dict[str, Any]]) -> list[int]:
    """How many tokens one reader takes the questions of these to have, in the order in which it reads them."""
    kinds = Kinds()
    reader = Reader(TokenCounter(CountingTokenizer()), kinds=kinds)  # type: ignore[arg-type]  # it only notes lengths
    for messages in conversations:
        features_of({"messages": messages}, reader)
    return kinds.lengths


def test_a_question_is_as_long_as_all_of_it_and_not_as_what_is_read_of_it() -> None:
    """Two texts with the same ends are two questions: between the ends one has ten times as much."""
    short, long = (f"Sum this up. {'word ' * words}Thank you." for words in (2_000, 20_000))

    assert lengths_of([user(short)], [user(long)], [user(short)]) == [
        pytest.approx(2_000, rel=0.1),
        pytest.approx(20_000, rel=0.1),
    ]


def test_of_a_conversation_the_question_is_measured_and_not_what_was_said_before() -> None:
    before = [user("word " * 5_000), {"role": "assistant", "content": "word " * 5_000}]

    assert lengths_of([*before, user(WISH)], [user(WISH)]) == [len(WISH.split())]


def test_a_loop_that_a_picture_has_begun_stays_one_of_vision() -> None:
    reader = Reader(TokenCounter(CountingTokenizer()))
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    shown = {"role": "user", "content": [{"type": "text", "text": "Build this page."}, picture]}
    body = {"messages": [shown, *called()], "tools": [TOOL]}

    assert features_of(body, reader).category is Category.VISION
