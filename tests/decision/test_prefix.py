"""What a conversation costs at a model: a cached prefix is cheaper, and later savings pay for reading it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import choose
from router.decision.estimate import candidate_for, cost_of
from router.decision.experience import Experience
from router.decision.explain import headline, sentences
from router.decision.policy import Circumstances
from router.decision.prefix import later_pico, prompt_pico
from router.domain.candidate import Candidate
from router.domain.conversation import Conversation, Kept
from router.domain.decision import Decision, Reason
from router.domain.members import replace
from router.domain.price import Price, Rates
from tests.decision.catalogs import policy
from tests.domain.builders import catalog, features, length, model

RATES = Rates(1000, 5000, 100, 1250, 5000)
"""Input, output, cache read, cache write, reasoning: in the ratios of Anthropic's prices."""

SHARES = st.floats(0, 1)
TOKENS = st.integers(0, 200_000)
KEPT = st.builds(Kept, TOKENS, SHARES, SHARES)
CONVERSATIONS = st.builds(
    Conversation, st.integers(0, 500), st.floats(0, 1000), st.integers(0, 5000)
)


def test_what_is_kept_is_read_at_its_own_price_and_the_rest_is_written() -> None:
    assert prompt_pico(RATES, 10_000, Kept(8000)) == 8000 * 100 + 2000 * 1250
    assert prompt_pico(RATES, 10_000, Kept(8000, reads=0.5)) == 4000 * 100 + 6000 * 1250
    assert prompt_pico(RATES, 10_000, Kept(8000, writes=0.0)) == 8000 * 100 + 2000 * 1000
    assert prompt_pico(RATES, 100, Kept(8000)) == 100 * 100


def test_each_later_call_reads_the_one_before_and_sends_what_has_grown() -> None:
    two = Conversation(turns=1, ahead=2, growth=500)
    by_hand = (1000 * 100 + 500 * 1250 + 7) + (1500 * 100 + 500 * 1250 + 7)

    assert later_pico(RATES, 1000, 7, Kept(), two) == by_hand


@given(TOKENS, KEPT, TOKENS)
def test_the_more_is_kept_the_less_the_prompt_costs(tokens: int, kept: Kept, more: int) -> None:
    warmer = replace(kept, tokens=kept.tokens + more)

    assert prompt_pico(RATES, tokens, warmer) <= prompt_pico(RATES, tokens, kept)


@given(TOKENS, KEPT)
def test_a_prompt_costs_no_more_than_written_and_no_less_than_read(tokens: int, kept: Kept) -> None:
    assert tokens * 100 <= prompt_pico(RATES, tokens, kept) <= tokens * 1250


@given(TOKENS, KEPT, CONVERSATIONS, st.floats(0, 100))
def test_the_longer_a_conversation_goes_on_the_more_it_costs(
    tokens: int, kept: Kept, conversation: Conversation, more: float
) -> None:
    longer = replace(conversation, ahead=conversation.ahead + more)
    now, then = (later_pico(RATES, tokens, 10, kept, each) for each in (conversation, longer))

    assert now <= then + 1


@given(st.integers(0, 200_000), CONVERSATIONS)
def test_without_a_price_for_the_cache_nothing_is_gained_by_it(
    tokens: int, conversation: Conversation
) -> None:
    flat = model("flat", price=("3", "15"))
    warm = replace(conversation, kept={"flat": Kept(tokens)})
    what = features(tokens)

    assert cost_of(flat, what, length(), warm).expected == cost_of(flat, what, length()).expected


# ----------------------------------------------------------------------------- stay or switch

DEAR = model("dear", price=Price(3_000_000, 15_000_000, 300_000, 3_750_000, 15_000_000), p=0.9)
CHEAP = model("cheap", price=Price(1_000_000, 5_000_000, 100_000, 1_250_000, 5_000_000), p=0.9)
BOTH = catalog(DEAR, CHEAP)


def deciding(conversation: Conversation | None, tokens: int = 50_000) -> Decision:
    who = Circumstances(conversation=conversation)
    return choose(features(tokens), who, policy(within=0.1), BOTH, Experience())


def warm(ahead: float, tokens: int = 49_000, growth: int = 300) -> Conversation:
    return Conversation(turns=30, ahead=ahead, growth=growth, kept={"dear": Kept(tokens)})


def test_near_its_end_a_conversation_stays_where_it_is_warm() -> None:
    decision = deciding(warm(ahead=1))

    assert (decision.chosen.model.id, decision.reason) == ("dear", Reason.CONVERSATION)
    assert "; 49000 tokens kept; " in headline(decision)
    told = " ".join(sentences(decision))
    assert "dear (quality 0.900) is the cheapest that meets this, for the rest" in told
    assert "Its provider has 49000 tokens of this conversation already" in told
    assert "With cheap, nothing would be cached, and it would cost " in told


def test_with_many_calls_to_come_reading_it_anew_pays() -> None:
    decision = deciding(warm(ahead=40))

    assert (decision.chosen.model.id, decision.reason) == ("cheap", Reason.CHEAPEST_ADEQUATE)
    assert "Its provider has nothing of this conversation yet" in " ".join(sentences(decision))


def test_outside_of_a_conversation_nothing_is_said_of_one() -> None:
    decision = deciding(None)

    assert decision.chosen.model.id == "cheap"
    assert decision.chosen.cost.staying is None
    assert "conversation" not in " ".join(sentences(decision))


@given(CONVERSATIONS, st.integers(0, 60_000), st.integers(0, 60_000), st.integers(0, 60_000))
def test_a_model_that_is_chosen_is_chosen_as_well_where_more_of_it_is_kept(
    conversation: Conversation, dear: int, cheap: int, more: int
) -> None:
    kept = {"dear": dear, "cheap": cheap}
    before = deciding(_kept(conversation, kept)).chosen.model.id
    after = deciding(_kept(conversation, kept | {before: kept[before] + more}))

    assert after.chosen.model.id == before


def _kept(conversation: Conversation, kept: dict[str, int]) -> Conversation:
    return replace(conversation, kept={name: Kept(tokens) for name, tokens in kept.items()})


def test_a_place_is_as_cheap_as_what_its_own_provider_has() -> None:
    near, far = (replace(CHEAP, replica=name) for name in ("near", "far"))
    placed = near.answering_in((near, far))
    conversation = Conversation(turns=3, ahead=5, growth=100, kept={"far": Kept(40_000)})
    found: Candidate = candidate_for(placed, features(50_000), Experience(), 0.5, conversation)

    assert found.model.key == "far"


@pytest.mark.parametrize("wrong", [{"ahead": float("nan")}, {"turns": -1}, {"growth": -1}])
def test_no_conversation_is_impossible(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="impossible"):
        Conversation(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="impossible"):
        Kept(10, reads=float("nan"))
