"""Token counts: exact while it is short, within ten per cent when it is long."""

import random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.members import replace
from router.features.extract import Reader, understanding
from router.features.tallies import Tallies
from router.features.text import definitions_in
from router.features.tokenizer import Tokenizer
from router.features.tokens import TokenCounter, _unforeseen

_WORDS = (
    "the of and a to in is was he for it with as his on be at by had not are but from or have an"
    " which one were all her she there would their we him been has when who will no more if out so"
    " harbour considerable yesterday afternoon mountains quarterly unfortunately negotiated"
).split()
_NAMES = "total item price user order index result value cache entry request model count".split()
_HAN = "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生"


def prose(dice: random.Random) -> str:
    sentences = [
        " ".join(dice.choices(_WORDS, k=dice.randint(5, 25))).capitalize() + "."
        for _ in range(dice.randint(150, 400))
    ]
    return "\n\n".join(" ".join(sentences[at : at + 5]) for at in range(0, len(sentences), 5))


def code(dice: random.Random) -> str:
    def line() -> str:
        a, b, c = dice.choices(_NAMES, k=3)
        shapes = (
            f"def {a}_{b}(self, {c}: int) -> str:\n",
            f"    {a} = self.{b}[{dice.randint(0, 99)}] + {c}\n",
            f"    if {a}.{b} is None or {c} > {dice.random():.3f}:\n        raise ValueError({a!r})\n",
            f"    return {{'{a}': {b}, **{c}}}\n\n\n",
        )
        return dice.choice(shapes)

    return "".join(line() for _ in range(dice.randint(200, 700)))


def json_text(dice: random.Random) -> str:
    rows = [
        {
            name: dice.choice([dice.randint(0, 10**6), dice.random(), dice.choice(_WORDS), None])
            for name in dice.sample(_NAMES, 6)
        }
        for _ in range(dice.randint(60, 300))
    ]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2 * dice.randint(0, 1)).decode()


def chinese(dice: random.Random) -> str:
    return "".join(
        "".join(dice.choices(_HAN, k=dice.randint(4, 20))) + dice.choice("、。")
        for _ in range(dice.randint(400, 900))
    )


@pytest.mark.parametrize("kind", [prose, code, json_text, chinese])
@pytest.mark.parametrize("seed", range(5))
def test_a_long_text_is_counted_within_ten_per_cent(
    kind: object, seed: int, counter: TokenCounter, tokenizer: Tokenizer
) -> None:
    text = kind(random.Random(seed))  # type: ignore[operator]
    count = counter.of_text(text)

    assert len(text) > counter.exact_chars
    assert not count.exact
    assert count.tokens == pytest.approx(len(tokenizer.encode_ordinary(text)), rel=0.10)


@given(text=st.text(max_size=200))
def test_a_short_text_is_counted_exactly(
    text: str, counter: TokenCounter, tokenizer: Tokenizer
) -> None:
    count = counter.of_text(text)

    assert count.exact
    assert count.tokens == len(tokenizer.encode_ordinary(text))


def test_every_message_and_the_reply_are_framed(counter: TokenCounter) -> None:
    one = counter.of_chat([{"role": "user", "content": "hello world"}])
    two = counter.of_chat([{"role": "user", "content": "hello world"}, {"role": "assistant"}])

    assert one.tokens == 2 + 3 + 3
    assert two.tokens == 2 + 2 * 3 + 3


def test_parts_calls_pictures_and_tools_are_counted(counter: TokenCounter) -> None:
    parts = [{"type": "text", "text": "hello world"}, {"type": "image_url", "image_url": {}}]
    plain = counter.of_chat([{"role": "user", "content": "hello world"}])
    picture = counter.of_chat([{"role": "user", "content": parts}])
    call = {"role": "assistant", "tool_calls": [{"function": {"arguments": "hello world"}}]}
    tools = counter.of_chat([{"role": "user", "content": "hello world"}], [{"name": "find"}])

    assert picture.tokens == plain.tokens + 765
    assert counter.of_chat([call]).tokens == plain.tokens
    assert tools.tokens > plain.tokens


SCHEMA = {"type": "object", "properties": {"city": {"description": "the capital, in French"}}}


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function", "function": {"name": "find", "parameters": SCHEMA}}]},
        {"functions": [{"name": "find", "parameters": SCHEMA}]},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
    ],
)
def test_whatever_describes_calls_or_answers_is_counted(
    fields: dict[str, Any], counter: TokenCounter
) -> None:
    messages = said("hello world")
    least = counter.of_text(orjson.dumps(SCHEMA).decode()).tokens
    more = counter.of_chat(messages, definitions_in(fields)).tokens

    assert more >= counter.of_chat(messages, definitions_in({})).tokens + least


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"type": "custom", "custom": {"name": "patch", "input": "hello world"}}]},
        {"function_call": {"name": "patch", "arguments": "hello world"}},
    ],
)
def test_what_any_kind_of_tool_was_called_with_is_counted(
    message: dict[str, Any], counter: TokenCounter
) -> None:
    plain = counter.of_chat([{"role": "assistant", "content": "hello world"}])

    assert counter.of_chat([{"role": "assistant", **message}]) == plain


def said(*texts: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text} for text in texts]


def test_the_limit_holds_for_all_together_that_stands_between_instructions_and_the_last(
    counter: TokenCounter,
) -> None:
    texts = [f"{number} {'word ' * 100}" for number in range(12)]

    assert fresh(counter).of_chat(said(*texts[:11])).exact
    assert not fresh(counter).of_chat(said(*texts)).exact


def fresh(counter: TokenCounter) -> TokenCounter:
    """The same, having counted nothing."""
    return replace(counter, tallies=Tallies())


class Letters:
    """A tokenizer for which every letter is a token, and that remembers what it was given."""

    def __init__(self) -> None:
        self.given = list[str]()

    def encode_ordinary(self, text: str) -> list[int]:
        self.given.append(text)
        return list(map(ord, text))


def letters(exact_chars: int = 32, most: int = 1000) -> tuple[TokenCounter, list[str]]:
    tokenizer = Letters()
    return TokenCounter(tokenizer, exact_chars, Tallies(most)), tokenizer.given


@given(texts=st.lists(st.text(alphabet="abc", max_size=40), min_size=1, max_size=20))
def test_however_long_a_conversation_is_four_limits_are_counted_of_it_at_most(
    texts: list[str],
) -> None:
    counter, given = letters()
    count = counter.of_chat(said(*texts))

    assert sum(map(len, given)) <= 4 * 32
    assert count.tokens - 3 * len(texts) - 3 == pytest.approx(sum(map(len, texts)), abs=1e-9)
    assert count.exact or sum(map(len, texts)) > 32


@given(texts=st.lists(st.text(alphabet="abc", min_size=1, max_size=40), min_size=1, max_size=20))
def test_what_was_counted_once_is_not_counted_again(texts: list[str]) -> None:
    counter, given = letters()
    first = counter.of_chat(said(*texts))
    given.clear()

    assert counter.of_chat(said(*texts)) == first
    assert not given


def test_of_a_conversation_that_goes_on_what_is_new_is_counted() -> None:
    counter, given = letters()
    counter.of_chat(said("the rules", "a question", "an answer"))
    given.clear()
    count = counter.of_chat(said("the rules", "a question", "an answer", "one more"))

    assert given == ["one more"]
    assert count[:2] == (9 + 10 + 9 + 8 + 3 * 4 + 3, True)


def test_instructions_that_others_have_brought_are_not_counted_again() -> None:
    counter, given = letters()
    tools = [{"name": "find"}]
    counter.of_chat(said("the rules", "a question"), tools)
    given.clear()
    counter.of_chat(said("the rules", "another one"), tools)

    assert given == ["another one"]
    assert counter.of_chat(said("the rules", "another one"), tools).exact


def test_a_conversation_may_go_on_otherwise_than_before() -> None:
    counter, given = letters()
    counter.of_chat(said("the rules", "a question", "an answer", "one more"))
    given.clear()
    counter.of_chat(said("the rules", "a question", "an answer", "another one"))

    assert given == ["another one"]


def test_a_conversation_that_is_told_otherwise_is_counted_anew() -> None:
    counter, given = letters()
    counter.of_chat(said("the rules", "a question", "an answer"))
    given.clear()
    counter.of_chat(said("the rules", "a question!", "an answer", "one more"))

    assert given == ["a question!", "an answer", "one more"]


def test_the_texts_that_were_not_asked_for_longest_are_forgotten() -> None:
    counter, given = letters(most=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        counter.of_text(text)

    assert given == ["one", "two", "three", "two"]
    assert len(counter.tallies) == 2


def test_of_a_conversation_of_very_many_texts_a_sample_is_counted_and_none_looked_up() -> None:
    counter, given = letters()
    count = counter.of_chat(said(*["abc"] * 1001))

    assert count[:2] == (3003 + 3 * 1001 + 3, False)
    assert len(given) == 1
    assert len(counter.tallies) == 0


@pytest.mark.parametrize(
    "messages",
    [said("yes") * 10_000, [{"role": "user", "content": [{"type": "text", "text": "a"}] * 10_000}]],
    ids=["messages", "parts"],
)
def test_thousands_of_texts_are_read_in_turns(messages: list[dict[str, Any]]) -> None:
    counter, _ = letters()
    reading = understanding({"messages": messages}, Reader(counter))

    assert sum(1 for _ in reading) >= 2


def test_what_is_short_is_read_in_one_go() -> None:
    counter, _ = letters()

    assert not [*understanding({"messages": said("yes") * 1000}, Reader(counter))]


@given(counts=st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_what_is_read_in_turns_adds_up(counts: list[int]) -> None:
    counter, _ = letters()
    part = {"type": "text", "text": "abc"}, {"type": "image_url", "image_url": {"url": "x"}}
    messages = [
        {"role": "user", "content": [*part] * count} for count in counts for _ in range(1500)
    ]
    count = counter.of_chat(messages)
    shown = 1500 * sum(counts)

    assert count.media.tokens == 765 * shown
    assert count.tokens == 3 * shown + 765 * shown + 3 * len(messages) + 3


def deceitful(chars: int) -> str:
    """Cheap words wherever evenly spaced slices of a text lie, and between them symbols that take a token each."""
    width, text = 4096 // 16, list(("!~^`" * chars)[:chars])
    for place in range(16):
        start = round((chars - width) / 15 * place)
        text[start : start + width] = ("international " * 20)[:width]
    return "".join(text)


def test_no_text_can_be_made_to_look_short_if_nobody_knows_where_it_is_sampled(
    counter: TokenCounter,
) -> None:
    text = deceitful(200_000)
    hidden = TokenCounter(counter.tokenizer, secret_of=lambda texts: len(texts[0]))

    assert counter.of_text(text).tokens < 20_000
    assert hidden.of_text(text).tokens > 150_000


@given(st.integers())
def test_every_sixteenth_of_a_text_has_a_slice(secret: int) -> None:
    places = _unforeseen(secret)

    assert [int(place * 16 / 15 + 1e-9) for place in places] == list(range(16))
    assert places == _unforeseen(secret)
