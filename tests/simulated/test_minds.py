"""What models have in common: laws, each held against hundreds of questions within what chance allows."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.providers.simulated.answering.minds import Forms, Minds
from router.providers.simulated.answers import Choice, answer
from router.providers.simulated.request import ChatRequest, parse
from router.providers.simulated.truths import told, understood
from router.providers.simulated_models import SimulatedModel, default_models

_SIGMAS = 4.0
_COUNT = 600
_SHARES = st.floats(0, 1)
MID = default_models()[1]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather forecast for a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
OTHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The local time in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "answer": {"type": "integer"}},
    "required": ["item", "answer"],
    "additionalProperties": False,
}


def asked(text: str, **fields: Any) -> ChatRequest:
    messages = [{"role": "user", "content": text}]
    return parse(json.dumps({"model": "any", "messages": messages, **fields}).encode())


def sums(count: int = _COUNT) -> list[ChatRequest]:
    return [asked(f"How many pears are {n + 31} * 47?") for n in range(count)]


def letters(options: int) -> list[ChatRequest]:
    listed = "\n".join(f"{letter}) thing {letter}" for letter in "ABCDEFGHIJ"[:options])
    return [asked(f"Which of these is number {n}?\n{listed}") for n in range(_COUNT)]


def capitals(count: int = 200) -> list[ChatRequest]:
    return [asked(f"For form {n}: what is the capital of Chile?") for n in range(count)]


def calls(count: int = 200) -> list[ChatRequest]:
    tools = [TOOL, OTHER_TOOL]
    return [asked(f"Weather forecast for Oslo for {n} days?", tools=tools) for n in range(count)]


def structured(count: int = 200) -> list[ChatRequest]:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    texts = [f"How much are 12 Pears at {n + 2} * 7?" for n in range(count)]
    return [asked(text, response_format=wanted) for text in texts]


def free_json(count: int = 200) -> list[ChatRequest]:
    wanted = {"type": "json_object"}
    return [asked(f"What is {n} + 12, as JSON?", response_format=wanted) for n in range(count)]


def programs(count: int = 200) -> list[ChatRequest]:
    return [asked(f"Write a function for the factorial, number {n}") for n in range(count)]


KINDS: dict[str, Callable[[], Sequence[ChatRequest]]] = {
    "sums": lambda: sums(200),
    "letters": lambda: letters(5)[:200],
    "capitals": capitals,
    "calls": calls,
    "schemas": structured,
    "free JSON": free_json,
    "programs": programs,
}


def model(quality: float, name: str = "a") -> SimulatedModel:
    return SimulatedModel(name, MID.price, quality, 0.1, 100, 10_000, 1000)


def message(choice: Choice) -> dict[str, Any]:
    called = [{"function": {"name": c.name, "arguments": c.arguments}} for c in choice.calls]
    return {"content": choice.text, "tool_calls": called}


def said(
    request: ChatRequest, by: SimulatedModel, minds: Minds, seed: int = 0, repeat: int = 0
) -> str:
    """What is said, taken out of its wording."""
    choice = answer(request, by, seed, minds, repeat).choices[0]
    value = told(understood(request), message(choice))
    assert value is not None, choice
    return value


def right(request: ChatRequest) -> str:
    truth = understood(request).truth
    assert truth is not None
    return truth.right


def assert_share(found: Iterable[bool], expected: float) -> None:
    """The share of what holds is what was stated, within what chance allows."""
    seen = list(found)
    share, spread = sum(seen) / len(seen), sqrt(expected * (1 - expected) / len(seen))
    assert abs(share - expected) <= _SIGMAS * spread + 1e-9, (share, expected, len(seen))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("forms", Forms)
def test_whatever_is_said_is_found_again_in_its_wording(kind: str, forms: Forms) -> None:
    minds = Minds(forms=forms)
    for request in KINDS[kind]()[:60]:
        assert said(request, model(1.0), minds) == right(request)
        assert said(request, model(0.0), minds) != right(request)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quality", [0.3, 0.9])
def test_a_model_is_right_as_often_as_is_stated(kind: str, quality: float) -> None:
    minds = Minds(difficulty=0.4, mistakes=0.3, repeats=0.5, forms=Forms.VARIED)
    questions = KINDS[kind]()
    assert_share((said(q, model(quality), minds) == right(q) for q in questions), quality)
    again = (said(q, model(quality), minds, repeat=3) == right(q) for q in questions)
    assert_share(again, quality)


@pytest.mark.parametrize("difficulty", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("low", "high"), [(0.4, 0.4), (0.4, 0.8)])
def test_two_models_are_right_together_as_often_as_is_stated(
    difficulty: float, low: float, high: float
) -> None:
    minds = Minds(difficulty=difficulty)
    both = (
        said(q, model(low, "a"), minds) == said(q, model(high, "b"), minds) == right(q)
        for q in sums()
    )
    assert_share(both, difficulty * low + (1 - difficulty) * low * high)


@pytest.mark.parametrize("mistakes", [0.0, 0.25, 0.7, 1.0])
@pytest.mark.parametrize("questions", ["sums", "two letters", "five letters"])
def test_two_that_are_wrong_say_the_same_as_often_as_is_stated(
    mistakes: float, questions: str
) -> None:
    minds = Minds(mistakes=mistakes)
    options = {"two letters": 2, "five letters": 5}
    found = letters(options[questions]) if questions in options else sums()
    truth = understood(found[0]).truth
    assert truth is not None
    same = (said(q, model(0, "a"), minds) == said(q, model(0, "b"), minds) for q in found)
    assert_share(same, minds.same_mistake(len(truth.mistakes)))


def test_two_letters_leave_one_mistake_and_five_leave_four() -> None:
    assert Minds().same_mistake(1) == 1.0
    assert Minds().same_mistake(4) == 0.25
    assert Minds(mistakes=0.6).same_mistake(4) == 0.6


@pytest.mark.parametrize("repeats", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("difficulty", [0.0, 0.5])
def test_samples_of_one_model_are_right_together_as_often_as_is_stated(
    repeats: float, difficulty: float
) -> None:
    minds, quality = Minds(difficulty=difficulty, repeats=repeats), 0.5
    each = [[said(q, model(quality), minds, repeat=n) == right(q) for n in (0, 1)] for q in sums()]
    alone = repeats * quality + (1 - repeats) * quality**2
    assert_share(map(all, each), difficulty * quality + (1 - difficulty) * alone)


def test_samples_that_are_wrong_say_the_same_as_often_as_is_stated() -> None:
    minds = Minds(mistakes=0.2, repeats=0.5)
    same = (said(q, model(0.0), minds) == said(q, model(0.0), minds, repeat=1) for q in sums())
    assert_share(same, 0.5 + 0.5 * 0.2)


def test_a_sample_is_the_same_whenever_it_is_drawn_and_another_one_is_not() -> None:
    minds = Minds(repeats=0.0, forms=Forms.VARIED)
    questions = sums(100)
    drawn = [[said(q, model(0.5), minds, repeat=n) for q in questions] for n in (0, 1, 2, 1)]
    assert drawn[1] == drawn[3]
    assert all(one != other for one, other in itertools.combinations(drawn[:3], 2))


def test_without_samples_nothing_changes_when_something_is_asked_again() -> None:
    by_default = [said(q, model(0.5), Minds()) for q in sums(100)]
    assert by_default == [said(q, model(0.5), Minds(repeats=1.0), repeat=4) for q in sums(100)]


@pytest.mark.parametrize("kind", ["sums", "letters", "capitals", "programs"])
def test_varied_answers_come_in_many_wordings(kind: str) -> None:
    minds = Minds(forms=Forms.VARIED)
    worded = {
        (answer(q, model(1.0), 0, minds).choices[0].text or "").replace(right(q), "...")
        for q in KINDS[kind]()
    }
    assert len(worded) >= (5 if kind == "programs" else 15)


def test_who_is_right_is_surer_of_its_words() -> None:
    def means(quality: float) -> Iterator[float]:
        for question in range(200):
            request = asked(f"What is {question} * 12, and why?", logprobs=True)
            likely = answer(request, model(quality), 0).choices[0].logprobs or ()
            yield sum(token.chosen.logprob for token in likely) / len(likely)

    certain, unsure = list(means(1.0)), list(means(0.0))
    assert sum(certain) / 200 == pytest.approx(-0.16, abs=0.02)
    assert sum(unsure) / 200 == pytest.approx(-0.45, abs=0.03)
    assert max(unsure) > min(certain)  # it is a sign, and no proof


def test_talk_has_no_truth() -> None:
    for text in ("How are things?", "Summarise: the king is dead.", "Write a poem about owls"):
        assert understood(asked(text)).truth is None


def test_a_tool_is_never_called_wrongly_by_who_is_right_however_little_there_is_to_mistake() -> (
    None
):
    request = asked("Weather forecast for Oslo?", tools=[TOOL])
    question = understood(request)
    assert question.category is Category.TOOL_CALLING
    assert question.truth is not None
    assert len(question.truth.mistakes) >= 3


@pytest.mark.parametrize("change", [{"difficulty": 1.1}, {"mistakes": -0.1}, {"repeats": 2.0}])
def test_what_is_no_share_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(change))} must be in"):
        Minds(**change)  # type: ignore[arg-type]  # its forms are not among them


@given(_SHARES, st.integers(1, 40))
def test_the_usual_mistake_is_as_usual_as_makes_mistakes_shared(share: float, count: int) -> None:
    minds = Minds(mistakes=share)
    usual = minds.usual(count)
    rest = (1 - usual) ** 2 / (count - 1) if count > 1 else 0.0
    assert 0.0 <= usual <= 1.0 + 1e-12
    assert usual**2 + rest == pytest.approx(minds.same_mistake(count))
