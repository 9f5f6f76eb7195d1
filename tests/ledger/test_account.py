"""The entries of one request: what is charged, by whose count, and which entry carries the baseline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.candidate import Candidate
from router.domain.fault import Fault, FaultKind
from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.price import Band, Price
from router.domain.usage import NO_USAGE, Usage, UsageSource
from router.ledger.account import Account, AttemptEnding, Embedding, Heard, Timing, hidden_tokens
from tests.domain.builders import candidate, decision, features, model

REFERENCE = model("top", price=("3", "15"))
CHEAP = model("cheap", price=("1", "2"))
FREE = model("own", price=("0", "0"))
WHEN = Timing(began_at_s=1_700_000_000.0, total_s=1.5, first_content_s=0.5)
COUNTS = st.integers(0, 10**6)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


def account(stream: bool = False) -> Account:
    made = decision(CHEAP, REFERENCE, what=features(prompt_tokens=1000))
    return Account("req_1", "auto", "team", ("a", "b"), stream, made)


def by(of: Model = CHEAP) -> Candidate:
    return candidate(of, features(prompt_tokens=1000))


def answered(heard: Heard, of: Model = CHEAP) -> Entry:
    return account().answered(1, by(of), heard, WHEN)


def failed(kind: FaultKind, *, reached_model: bool, of: Model = CHEAP) -> Entry:
    fault = Fault(kind, 503, "it fell over", "overloaded", reached_model=reached_model)
    return account().failed(2, by(of), fault, WHEN)


def test_an_answer_is_charged_by_the_upstreams_count_and_carries_the_baseline() -> None:
    usage = Usage(900, 100, 0, 40, 10)
    entry = answered(Heard(usage, output_chars=999))

    assert (entry.outcome, entry.status, entry.is_answer) == (Outcome.OK, 200, True)
    assert (entry.usage, entry.usage_source) == (usage, UsageSource.UPSTREAM)
    assert (entry.cost, entry.cost_source) == (CHEAP.price.charge(usage), CostSource.PRICED)
    assert entry.baseline == REFERENCE.price.charge(usage)
    assert entry.saving == entry.baseline - entry.cost


def test_an_answer_that_is_not_taken_is_paid_and_saves_nothing() -> None:
    usage = Usage(900, 100, 0, 40, 10)
    entry = account().rejected(2, by(), Heard(usage), WHEN, "not_taken")

    assert (entry.outcome, entry.error, entry.status) == (Outcome.REJECTED, "not_taken", 200)
    assert (entry.usage, entry.cost) == (usage, CHEAP.price.charge(usage))
    assert entry.baseline == ZERO
    assert (entry.is_answer, entry.closes) == (False, False)
    assert entry.saving == -entry.cost


def test_a_vector_of_an_answer_is_a_rejected_call_with_a_number_of_its_own() -> None:
    made = Embedding("up", "vectors", 100, Money.from_usd("0.001"))
    entry = account().compared(3, made, WHEN)

    assert (entry.attempt, entry.outcome, entry.model) == (3, Outcome.REJECTED, "vectors")
    assert entry.cost == Money.from_usd("0.1")


def test_an_entry_says_who_asked_for_what_and_who_answered() -> None:
    entry = answered(Heard(NO_USAGE))

    assert (entry.request_id, entry.attempt, entry.asked) == ("req_1", 1, "auto")
    assert (entry.key, entry.tags, entry.stream) == ("team", ("a", "b"), False)
    assert (entry.policy, entry.policy_version, entry.category) == ("balanced", "v1", "chat")
    assert (entry.model, entry.upstream, entry.reference) == ("cheap", "up", "top")
    assert (entry.at_s, entry.total_s, entry.first_content_s) == (1_700_000_000.0, 1.5, 0.5)
    assert entry.price_source == "a test"
    assert account(stream=True).answered(1, by(), Heard(NO_USAGE), WHEN).stream


@pytest.mark.parametrize(("chars", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2), (400, 100)])
def test_without_the_upstreams_count_ours_is_used_and_said_to_be_an_estimate(
    chars: int, tokens: int
) -> None:
    entry = answered(Heard(None, output_chars=chars))
    usage = Usage(1000, output_tokens=tokens)

    assert (entry.usage, entry.usage_source) == (usage, UsageSource.ESTIMATED)
    assert (entry.cost, entry.cost_source) == (CHEAP.price.charge(usage), CostSource.ESTIMATED)


@pytest.mark.parametrize(("limit", "tokens"), [(500, 1000), (1200, 2000), (None, 2000)])
def test_an_estimate_is_no_longer_than_what_the_model_can_write(
    limit: int | None, tokens: int
) -> None:
    what = replace(features(), choices=2)
    of = replace(CHEAP, max_output_tokens=limit)
    books = Account("req_1", "auto", "team", (), True, decision(of, REFERENCE, what=what))
    heard = Heard(None, output_chars=8000)
    cut = books.broke_off(
        1, candidate(of, what), heard, WHEN, AttemptEnding(Outcome.CUT, error="timeout")
    )

    assert cut.usage.output_tokens == tokens
    assert books.answered(1, candidate(of, what), heard, WHEN).usage.output_tokens == tokens


def test_thoughts_that_are_not_shown_are_charged_at_their_own_rate_up_to_the_models_limit() -> None:
    of = replace(CHEAP, price=replace(CHEAP.price, reasoning_pico=7_000_000), max_output_tokens=500)
    ending = AttemptEnding(Outcome.CLIENT_LEFT, error="client_left")

    def left(hidden: int) -> Entry:
        heard = Heard(None, output_chars=400, hidden_tokens=hidden)
        return account().broke_off(1, by(of), heard, WHEN, ending)

    assert left(300).usage == Usage(1000, output_tokens=100, reasoning_tokens=300)
    assert left(300).cost - left(0).cost == Money(300 * 7_000_000)
    assert left(9000).usage.reasoning_tokens == 400
    counted = Heard(Usage(1000, output_tokens=5), hidden_tokens=300)
    assert account().broke_off(1, by(of), counted, WHEN, ending).usage == counted.usage


@pytest.mark.parametrize(
    ("usage", "chars", "hidden"),
    [
        (Usage(9, output_tokens=10, reasoning_tokens=90), 40, 90),
        (Usage(9, output_tokens=10, reasoning_tokens=90), 400, 0),
        (Usage(9, output_tokens=10, reasoning_tokens=90), 200, 50),
        (Usage(9, output_tokens=100), 40, 0),
        (None, 40, 0),
    ],
    ids=["hidden", "shown", "summarised", "no thoughts", "not counted"],
)
def test_thoughts_are_hidden_as_far_as_no_text_came_for_them(
    usage: Usage | None, chars: int, hidden: int
) -> None:
    assert hidden_tokens(Heard(usage, output_chars=chars)) == hidden


def test_what_the_upstream_has_counted_is_charged_even_beyond_what_its_model_can_write() -> None:
    of = replace(CHEAP, max_output_tokens=500)
    assert answered(Heard(Usage(1000, output_tokens=900)), of).usage.output_tokens == 900


@pytest.mark.parametrize(
    ("cites", "fee", "counted", "charged", "source"),
    [
        (True, 7, 0, 1, CostSource.ESTIMATED),
        (True, 7, 2, 2, CostSource.PRICED),
        (True, None, 0, 0, CostSource.PRICED),
        (False, 7, 0, 0, CostSource.PRICED),
    ],
    ids=["not counted", "counted", "no fee", "no page"],
)
def test_who_cites_a_page_has_searched_where_that_is_billed(
    *, cites: bool, fee: int | None, counted: int, charged: int, source: CostSource
) -> None:
    of = replace(CHEAP, price=replace(CHEAP.price, web_search_pico=fee))
    usage = Usage(1000, output_tokens=10, web_searches=counted)
    entry = answered(Heard(usage, cites=cites), of)

    assert entry.usage.web_searches == charged
    assert entry.cost == CHEAP.price.charge(Usage(1000, output_tokens=10)) + Money(
        charged * (fee or 0)
    )
    assert entry.cost_source is source


def test_what_a_consulted_model_has_used_is_said_to_be_missing() -> None:
    entry = answered(Heard(Usage(1000, output_tokens=10), consults=True))

    assert entry.cost == CHEAP.price.charge(Usage(1000, output_tokens=10))
    assert entry.cost_source is CostSource.UNPRICED
    assert entry.cost_note == "no rate for the tokens of another model that was asked on the way"


def test_sound_that_nobody_has_counted_is_charged_as_sound() -> None:
    what = replace(features(prompt_tokens=1000), guessed_tokens=900, audio_tokens=900)
    price = replace(CHEAP.price, audio_input_pico=40_000_000)
    of = replace(CHEAP, price=price)
    books = Account("req_1", "auto", "team", (), False, decision(of, REFERENCE, what=what))
    entry = books.answered(1, candidate(of, what), Heard(None), WHEN)

    assert entry.usage == Usage(100, audio_input_tokens=900)
    assert entry.cost == Money.from_usd("0.0001") + Money.from_usd("0.036")


@pytest.mark.parametrize(
    ("told", "tokens", "source"),
    [
        (1, 250, UsageSource.ESTIMATED),
        (63, 63, UsageSource.UPSTREAM),
        (240, 240, UsageSource.UPSTREAM),
        (900, 900, UsageSource.UPSTREAM),
    ],
    ids=["at the start", "of long tokens", "as it went on", "with thoughts"],
)
def test_of_an_answer_that_broke_off_a_count_holds_that_was_not_told_long_before(
    told: int, tokens: int, source: UsageSource
) -> None:
    heard = Heard(Usage(900, 100, output_tokens=told), output_chars=1000)
    ending = AttemptEnding(Outcome.CUT, error="stalled")
    cut = account().broke_off(1, by(), heard, WHEN, ending)

    assert (cut.usage, cut.usage_source) == (Usage(900, 100, output_tokens=tokens), source)
    assert answered(heard).usage == heard.usage


def test_own_hardware_is_free_and_its_saving_is_the_whole_baseline() -> None:
    entry = answered(Heard(Usage(1000, output_tokens=10)), FREE)

    assert (entry.cost, entry.cost_source) == (ZERO, CostSource.FREE)
    assert entry.saving == entry.baseline > ZERO


def test_a_cached_answer_costs_nothing_and_saves_what_generating_it_would_have_cost() -> None:
    usage = Usage(1000, output_tokens=10)
    entry = account().from_cache(by(), usage, WHEN)

    assert (entry.outcome, entry.attempt, entry.is_answer) == (Outcome.CACHE_HIT, 0, True)
    assert (entry.usage, entry.usage_source) == (usage, UsageSource.CACHE)
    assert (entry.cost, entry.cost_source) == (ZERO, CostSource.FREE)
    assert entry.baseline == REFERENCE.price.charge(usage)


def test_a_cached_answer_saves_what_its_requests_own_service_tier_would_have_cost() -> None:
    half = Band(Price.per_mtok("1.5", "7.5"), "flex")
    top = replace(REFERENCE, price=replace(REFERENCE.price, bands=(half,)))
    what = replace(features(prompt_tokens=1000), service_tier="flex")
    books = Account("req_1", "auto", "team", (), False, decision(top, what=what))
    usage = Usage(1000, output_tokens=10)

    cached = books.from_cache(candidate(top, what), usage, WHEN)
    generated = books.answered(1, candidate(top, what), Heard(usage), WHEN)
    assert (cached.service_tier, cached.baseline) == ("flex", half.rates.tally(usage).amount)
    assert cached.baseline == generated.baseline


@pytest.mark.parametrize("outcome", [Outcome.CUT, Outcome.CLIENT_LEFT, Outcome.HEDGE_LOST])
def test_an_answer_that_broke_off_is_paid_and_saves_nothing(outcome: Outcome) -> None:
    ending = AttemptEnding(outcome, error="stalled")
    entry = account().broke_off(1, by(), Heard(None, output_chars=40), WHEN, ending)

    assert (entry.outcome, entry.error, entry.is_answer) == (outcome, "stalled", False)
    assert entry.cost == CHEAP.price.charge(Usage(1000, output_tokens=10))
    assert entry.baseline == ZERO
    assert entry.saving == -entry.cost


@pytest.mark.parametrize("kind", FaultKind)
def test_a_refused_attempt_is_not_billed(kind: FaultKind) -> None:
    entry = failed(kind, reached_model=False)

    assert (entry.outcome, entry.status, entry.error) == (Outcome.FAILED, 503, "overloaded")
    assert (entry.cost, entry.cost_source, entry.usage) == (ZERO, CostSource.FREE, NO_USAGE)
    assert (entry.baseline, entry.is_answer) == (ZERO, False)


def test_a_stumble_after_the_model_was_reached_is_charged_for_its_prompt_by_estimate() -> None:
    entry = failed(FaultKind.TRANSIENT, reached_model=True)
    usage = Usage(1000)

    assert (entry.usage, entry.usage_source) == (usage, UsageSource.ESTIMATED)
    assert (entry.cost, entry.cost_source) == (CHEAP.price.charge(usage), CostSource.ESTIMATED)
    assert entry.baseline == ZERO


def test_an_answer_that_was_none_is_charged_by_the_upstreams_count() -> None:
    used = Usage(900, 100, 0, 40)
    fault = Fault(
        FaultKind.UNSUITED, 502, "no JSON", "malformed_answer", reached_model=True, usage=used
    )

    entry = account().failed(1, by(), fault, WHEN)

    assert (entry.outcome, entry.is_answer) == (Outcome.FAILED, False)
    assert (entry.usage, entry.usage_source) == (used, UsageSource.UPSTREAM)
    assert entry.cost_source is CostSource.PRICED
    assert entry.baseline == ZERO


def test_a_fault_without_a_code_is_named_by_its_kind() -> None:
    fault = Fault(FaultKind.RATE_LIMITED, 429, "slow down")

    assert account().failed(1, by(), fault, WHEN).error == "rate_limited"


@given(usage=USAGES, kinds=st.lists(st.tuples(st.sampled_from(FaultKind), st.booleans())))
def test_over_all_attempts_of_a_request_only_its_answer_has_a_baseline(
    usage: Usage, kinds: list[tuple[FaultKind, bool]]
) -> None:
    entries = [failed(kind, reached_model=reached) for kind, reached in kinds]
    entries.append(answered(Heard(usage)))

    assert [entry.is_answer for entry in entries] == [False] * len(kinds) + [True]
    assert [bool(entry.baseline) for entry in entries[:-1]] == [False] * len(kinds)
    assert sum((e.saving for e in entries), ZERO) == entries[-1].baseline - sum(
        (e.cost for e in entries), ZERO
    )


@given(usage=USAGES)
def test_the_reference_itself_saves_nothing(usage: Usage) -> None:
    own = replace(account(), decision=decision(CHEAP, CHEAP))

    assert own.answered(1, by(), Heard(usage), WHEN).saving == ZERO


class _Note:
    def text(self) -> str:
        return "kept"


@pytest.mark.parametrize("beside", [Outcome.REJECTED, Outcome.HEDGE_LOST])
def test_an_attempt_beside_the_one_that_ended_the_request_does_not_close_it(
    beside: Outcome,
) -> None:
    refused = failed(FaultKind.CLIENT, reached_model=True)
    stopped = account().broke_off(1, by(), Heard(), WHEN, AttemptEnding(beside, error=beside.value))

    for entries in ([refused, stopped], [stopped, refused]):
        (closing,) = (each for each in account().closed(entries) if each.closes)
        assert closing.outcome is Outcome.FAILED
    assert [each.closes for each in account().closed([stopped, stopped])] == [False, True]


def test_how_it_was_decided_is_kept_once_on_the_row_that_closes_the_request() -> None:
    note = _Note()
    keeping = replace(account(), recording=note)
    fault = Fault(FaultKind.TRANSIENT, 503, "it fell over", "overloaded")
    lost = keeping.failed(1, by(), fault, WHEN)
    answer = keeping.answered(2, by(), Heard(NO_USAGE), WHEN)

    assert [each.decision for each in keeping.closed([lost, answer])] == [None, note]
    assert [each.decision for each in keeping.closed([lost, lost])] == [None, note]
    assert keeping.closed([]) == ()


def test_an_upstream_that_says_nothing_was_used_does_not_count() -> None:
    """Some servers say 0 where they do not know: text for nothing is no price."""
    entry = answered(Heard(NO_USAGE, output_chars=400))

    assert (entry.usage, entry.usage_source) == (
        Usage(1000, output_tokens=100),
        UsageSource.ESTIMATED,
    )
    assert (entry.cost > ZERO, entry.cost_source) == (True, CostSource.ESTIMATED)


@pytest.mark.parametrize("told", [None, NO_USAGE])
def test_of_a_prompt_that_is_not_the_client_s_its_own_count_is_charged(told: Usage | None) -> None:
    """As a judge's: it has read the question, an answer, and what to do with them."""
    entry = answered(Heard(told, output_chars=400, prompt=Usage(1500)))

    assert entry.usage == Usage(1500, output_tokens=100)
    assert entry.usage_source is UsageSource.ESTIMATED


def test_what_an_upstream_leaves_out_is_estimated_and_the_rest_is_taken_from_it() -> None:
    without_prompt = answered(Heard(Usage(output_tokens=7, reasoning_tokens=50), output_chars=28))
    without_answer = answered(Heard(Usage(900, 100), output_chars=28))

    assert without_prompt.usage == Usage(1000, output_tokens=7, reasoning_tokens=50)
    assert without_answer.usage == Usage(900, 100, output_tokens=7)
    assert {without_prompt.usage_source, without_answer.usage_source} == {UsageSource.ESTIMATED}


def test_an_answer_without_text_has_no_tokens_of_output() -> None:
    assert answered(Heard(Usage(900), output_chars=0)).usage_source is UsageSource.UPSTREAM


def test_what_was_told_of_the_prompt_counts_when_the_answer_breaks_off() -> None:
    ending = AttemptEnding(Outcome.CLIENT_LEFT, error="client_left")
    heard = Heard(None, output_chars=40, prompt=Usage(10, 3000, 20))
    entry = account().broke_off(1, by(), heard, WHEN, ending)

    assert entry.usage == Usage(10, 3000, 20, output_tokens=10)
    assert (entry.usage_source, entry.cost_source) == (UsageSource.ESTIMATED, CostSource.ESTIMATED)
