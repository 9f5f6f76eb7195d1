"""What simulated models say: the same to the same question, and right as often as promised."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.providers.simulated import wire
from router.providers.simulated.answering.categorise import categorise
from router.providers.simulated.answers import Answer, answer
from router.providers.simulated.errors import Refused
from router.providers.simulated.request import ChatRequest, parse
from router.providers.simulated_models import SimulatedModel, default_models

FRONTIER, MID, OPEN_70B, OPEN_8B = default_models()


def asked(text: str, **fields: Any) -> ChatRequest:
    messages = [{"role": "user", "content": text}]
    return parse(json.dumps({"model": "any", "messages": messages, **fields}).encode())


def said(text: str, model: SimulatedModel = FRONTIER, seed: int = 0, **fields: Any) -> str:
    return answer(asked(text, **fields), model, seed).choices[0].text or ""


QUESTIONS = {
    "How are things?": Category.CHAT,
    "Give me a title for this: birds of Wales": Category.HOUSEKEEPING,
    "What is the capital of Chile?": Category.KNOWLEDGE,
    "Solve it step by step: all birds fly": Category.REASONING,
    "How much is 3 times 4?": Category.MATHS,
    "Write a function that reverses a string": Category.CODE_WRITING,
    "Fix this:\n```\na = b\nc = d\n```": Category.CODE_EDITING,
    "Extract the dates: we met on 2024-05-01": Category.EXTRACTION,
    "Summarise: The king is dead. Long live the king.": Category.SUMMARISING,
    "Translate to German: good morning": Category.TRANSLATION,
    "Write a letter to my landlord about the heating": Category.WRITING,
}


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_known_by_its_cue(text: str) -> None:
    assert categorise(asked(text)) is QUESTIONS[text]


@pytest.mark.parametrize("text", QUESTIONS)
def test_wrong_answers_differ_from_right_ones(text: str) -> None:
    always = _model(1.0)
    never = _model(0.0)
    assert said(text, always) != said(text, never)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the capital of Estonia?", "The capital of Estonia is Tallinn."),
        ("Translate to German: good morning", "In German: \u201cguten Morgen\u201d"),
        ("Extract the names: Ada met Bob", "- Ada\n- Bob"),
        ("Summarise: The king is dead.", "In short: The king is dead."),
        ("Give me a title for this: birds of Wales", "Birds wales"),
    ],
)
def test_right_answers_quote_or_know(text: str, expected: str) -> None:
    assert said(text, _model(1.0)) == expected


def test_code_that_is_right_runs_and_code_that_is_wrong_runs_otherwise() -> None:
    def fibonacci(quality: float) -> Any:
        text = said("Write a function for the fibonacci numbers", _model(quality))
        space: dict[str, Any] = {}
        exec(text.split("```python\n")[1].split("```")[0], space)  # noqa: S102  our own text
        return space["fibonacci"](10)

    assert fibonacci(1.0) == 55
    assert fibonacci(0.0) != 55


def test_a_model_is_right_as_often_as_its_quality_says() -> None:
    for model in default_models():
        right = sum(said(f"what is {n} * 7", model) == f"{n} * 7 = {n * 7}" for n in range(800))
        assert abs(right / 800 - model.quality_for(Category.MATHS)) < 0.05


def test_models_that_know_the_answer_agree_and_those_that_do_not_differ() -> None:
    letters = Counter(
        said("Which one?\nA) Mars\nB) Venus\nC) Earth", _model(1.0, f"m{n}")) for n in range(20)
    )
    assert len(letters) == 1
    wrong = Counter(said("what is 170 * 23", _model(0.0, f"m{n}")) for n in range(20))
    assert len(wrong) > 2


def test_another_seed_makes_other_mistakes() -> None:
    texts = [f"what is {n} + 5" for n in range(60)]
    ours = [said(text, OPEN_8B, 0) for text in texts]
    assert ours == [said(text, OPEN_8B, 0) for text in texts]
    assert ours != [said(text, OPEN_8B, 1) for text in texts]
    theirs = [answer(asked(text, seed=7), OPEN_8B, 0).choices[0].text for text in texts]
    assert ours != theirs


def test_small_models_are_fine_at_simple_things_and_weaker_at_hard_ones() -> None:
    simple = (Category.CHAT, Category.HOUSEKEEPING, Category.EXTRACTION, Category.TRANSLATION)
    hard = (Category.MATHS, Category.REASONING, Category.CODE_WRITING)
    assert all(OPEN_8B.quality_for(kind) > FRONTIER.quality_for(kind) - 0.15 for kind in simple)
    assert all(OPEN_8B.quality_for(kind) < FRONTIER.quality_for(kind) - 0.3 for kind in hard)
    prices = [model.price.output_pico for model in default_models()]
    assert prices == sorted(prices, reverse=True)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
_REQUESTS = st.fixed_dictionaries(
    {
        "model": st.just("any"),
        "messages": st.lists(
            st.fixed_dictionaries(
                {"role": st.sampled_from(["system", "user", "assistant"]), "content": _TEXTS}
            ),
            min_size=1,
            max_size=4,
        ),
    },
    optional={
        "n": st.integers(1, 3),
        "max_tokens": st.integers(1, 60),
        "stop": st.lists(st.text(min_size=1, max_size=2), max_size=3),
        "logprobs": st.booleans(),
        "seed": st.integers(-9, 9),
        "tools": st.just(
            [{"type": "function", "function": {"name": "find_word", "parameters": {}}}]
        ),
        "response_format": st.just({"type": "json_object"}),
    },
)


@given(_REQUESTS, st.sampled_from(default_models()), st.integers(0, 3))
def test_the_same_request_and_seed_have_the_same_answer(
    body: dict[str, Any], model: SimulatedModel, seed: int
) -> None:
    content = json.dumps(body).encode()
    assert answer(parse(content), model, seed) == answer(parse(content), model, seed)


@given(_REQUESTS, st.sampled_from(default_models()))
def test_the_stream_says_what_the_plain_answer_says_and_counts_the_same(
    body: dict[str, Any], model: SimulatedModel
) -> None:
    made = answer(parse(json.dumps(body).encode()), model, 0)
    envelope = wire.Envelope("chatcmpl-1", 1, model.id, "fp")
    plain = json.loads(wire.completion(made, envelope, made.usage(0)))
    events, tokens = _events(made, envelope)
    for index, choice in enumerate(plain["choices"]):
        deltas = [part["delta"] for part in events if part["index"] == index]
        assert "".join(delta.get("content") or "" for delta in deltas) == (
            choice["message"]["content"] or ""
        )
        assert _calls(deltas) == choice["message"].get("tool_calls", [])
    assert tokens == made.output_tokens
    assert plain["usage"]["completion_tokens"] == made.output_tokens + made.reasoning_tokens


@given(_REQUESTS, st.sampled_from(default_models()))
def test_limits_and_stop_sequences_are_kept(body: dict[str, Any], model: SimulatedModel) -> None:
    made = answer(parse(json.dumps(body).encode()), model, 0)
    limit = body.get("max_tokens", model.max_output_tokens)
    assert made.output_tokens + made.reasoning_tokens <= limit * body.get("n", 1)
    for choice in made.choices:
        assert not any(stop in (choice.text or "") for stop in body.get("stop", []))


def test_an_answer_longer_than_the_model_can_write_is_refused() -> None:
    with pytest.raises(Refused, match="at most 8192"):
        said("Hello", OPEN_8B, max_tokens=9000)


def _model(quality: float, name: str = "any") -> SimulatedModel:
    return SimulatedModel(name, MID.price, quality, 0.1, 100, 10_000, 1000)


def _events(made: Answer, envelope: wire.Envelope) -> tuple[list[dict[str, Any]], int]:
    chunks = wire.Chunks(envelope, include_usage=True)
    events = [*chunks.opening(made), *chunks.content(made), *chunks.closing(made)]
    loaded = [json.loads(event.data.removeprefix(b"data: ")) for event in events]
    return [chunk["choices"][0] for chunk in loaded], sum(event.tokens for event in events)


def _calls(deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    for part in (part for delta in deltas for part in delta.get("tool_calls", [])):
        if "id" in part:
            calls.append({key: part[key] for key in ("id", "type", "function")})
        else:
            calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]
    return calls
