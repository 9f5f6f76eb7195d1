"""What was seen of cascades: it moves what was learnt, and switches off what does not pay any more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.verdicts import Observed, Pairing, StepOutcome, Tally, Verdicts, allowed_share
from router.domain.candidate import Candidate
from router.domain.cascade import Check, Prospect
from router.domain.cascade import Test as By
from router.domain.category import Category
from router.domain.estimate import EstimateSource
from router.domain.members import replace
from router.domain.money import Money
from tests.dispatch.model_kit import a_candidate, a_model

CENT = Money.from_usd("0.01")
FIRST = (a_candidate(a_model("b"), CENT), a_candidate(a_model("a"), CENT))
FINAL = a_candidate(a_model("strong"), Money.from_usd("0.1"))
MATHS = Category.MATHS
PAIRING = Pairing.of(FIRST, FINAL, MATHS)
LEARNT = Prospect(0.6, 0.05, -0.01, 0.02, EstimateSource.ARTEFACT)


def seen(**counts: int) -> Verdicts:
    verdicts = Verdicts()
    for name, count in counts.items():
        for _ in range(count):
            verdicts.note(PAIRING, StepOutcome(name), allowed=0.05)
    return verdicts


def off(verdicts: Verdicts, first: tuple[Candidate, ...] = FIRST, chance: float = 0.5) -> str:
    return verdicts.observed(chance).is_off(first, FINAL, MATHS)


def test_the_order_of_a_steps_models_does_not_matter() -> None:
    assert Pairing.of(FIRST[::-1], FINAL, MATHS) == PAIRING
    assert PAIRING.first == ("a", "b")


def test_what_nobody_has_seen_leaves_what_was_learnt_as_it_is() -> None:
    observed = Observed(Verdicts())
    assert observed.prospect(LEARNT, FIRST, FINAL, MATHS) is LEARNT
    assert observed.prospect(None, FIRST, FINAL, MATHS) is None
    assert observed.is_off(FIRST, FINAL, MATHS) == ""


def test_what_is_seen_moves_what_was_learnt_and_makes_it_surer() -> None:
    moved = Observed(seen(accepted=10, rejected=90)).prospect(LEARNT, FIRST, FINAL, MATHS)
    assert moved is not None
    assert 0.2 < moved.p_accept < 0.45
    assert moved.p_accept_sd < LEARNT.p_accept_sd
    assert moved.gain == pytest.approx(LEARNT.gain * moved.p_accept / LEARNT.p_accept)


def test_what_other_checks_have_accepted_says_nothing_of_answers_that_agree() -> None:
    lax, verdicts = (Check(By.COMPLETE),), seen(accepted=20)
    for _ in range(40):
        verdicts.note(Pairing.of(FIRST, FINAL, MATHS, lax), StepOutcome.ACCEPTED)
        verdicts.note(Pairing.of(FIRST, FINAL, MATHS, lax), StepOutcome.WRONG, allowed=0.05)
    observed = verdicts.observed(0.5)

    assert verdicts.seen(FIRST, FINAL, MATHS) == verdicts.tally(PAIRING)
    assert verdicts.seen(FIRST, FINAL, MATHS, lax).wrong == 40
    assert observed.is_off(FIRST, FINAL, MATHS) == ""
    assert "40 differ" in observed.is_off(FIRST, FINAL, MATHS, lax)


def test_nobody_can_tell_counts_as_not_accepted() -> None:
    moved = Observed(seen(cannot_tell=100)).prospect(LEARNT, FIRST, FINAL, MATHS)
    assert moved is not None
    assert moved.p_accept < LEARNT.p_accept


def test_a_step_that_was_skipped_says_nothing() -> None:
    assert Observed(seen(skipped=100)).prospect(LEARNT, FIRST, FINAL, MATHS) is LEARNT


def test_without_anything_learnt_twenty_rulings_make_a_prospect() -> None:
    assert Observed(seen(accepted=19)).prospect(None, FIRST, FINAL, MATHS) is None
    found = Observed(seen(accepted=15, rejected=5)).prospect(None, FIRST, FINAL, MATHS)
    assert found is not None
    assert found.p_accept == pytest.approx(16 / 22)
    assert (found.gain, found.source) == (0.0, EstimateSource.LOCAL)


def test_answers_that_are_the_final_models_neither_win_nor_lose() -> None:
    losing = Prospect(0.6, 0.05, -0.3, 0.2, EstimateSource.ARTEFACT)
    found = Observed(seen(accepted=300, right=300)).prospect(losing, FIRST, FINAL, MATHS)
    assert found is not None
    assert abs(found.gain) < 0.02
    assert found.gain_sd < 0.02


def test_a_pair_that_is_accepted_too_seldom_for_its_cost_is_off() -> None:
    assert off(seen(accepted=1, rejected=99)) == (
        "of the last 100, 1 were accepted, and it pays off from 20%"
    )
    assert off(seen(accepted=1, rejected=4)) == ""
    assert off(seen(accepted=30, rejected=70)) == ""


def test_what_costs_nothing_always_pays() -> None:
    free = tuple(a_candidate(each.model) for each in FIRST)
    assert off(seen(rejected=500), free) == ""


def test_too_many_accepted_answers_that_differ_switch_it_off() -> None:
    assert off(seen(accepted=300, right=85, wrong=15)) == (
        "of 100 accepted answers 15 differ from the final model's, and 5% may"
    )
    assert off(seen(accepted=300, right=93, wrong=7)) == ""


def test_how_many_may_differ_is_the_sum_of_all_checks_and_not_of_the_last_one() -> None:
    lax, strict = Verdicts(), Verdicts()
    for number in range(100):
        seen_now = StepOutcome.WRONG if number % 5 == 0 else StepOutcome.RIGHT
        lax.note(PAIRING, seen_now, allowed=0.3)
        strict.note(PAIRING, seen_now, allowed=0.05)
    lax.note(PAIRING, StepOutcome.RIGHT, allowed=0.05)
    strict.note(PAIRING, StepOutcome.RIGHT, allowed=0.3)

    assert off(lax) == ""
    assert off(strict) == "of 101 accepted answers 20 differ from the final model's, and 5% may"


def test_what_was_allowed_long_ago_fades_like_what_was_seen() -> None:
    verdicts = Verdicts()
    for number in range(4_000):
        verdicts.note(PAIRING, StepOutcome.RIGHT, allowed=0.9 if number < 1_000 else 0.1)
    tally = verdicts.tally(PAIRING)

    assert 0.1 <= tally.allowed / tally.checked < 0.12


def test_a_few_requests_try_what_is_off() -> None:
    verdicts = seen(rejected=100)
    tried = sum(not off(verdicts, chance=percent / 100) for percent in range(100))
    assert tried == 2


def test_what_is_off_comes_back_when_it_pays_again() -> None:
    verdicts = seen(rejected=400)
    assert off(verdicts)
    for _ in range(600):
        verdicts.note(PAIRING, StepOutcome.ACCEPTED)
    assert not off(verdicts)


def test_as_much_may_differ_as_the_tolerance_and_what_was_expected() -> None:
    assert allowed_share(LEARNT, 0.05) == pytest.approx(0.1)
    assert allowed_share(None, 0.05) == 0.05
    erring = replace(LEARNT, differs=0.04)  # the final model is not always right either
    assert allowed_share(erring, 0.05) == pytest.approx(0.09 / LEARNT.p_accept)
    assert allowed_share(Prospect(0.0, 0.1, 0.0, 0.1, EstimateSource.PRIOR), 0.05) == 1.0


def test_the_memory_is_bounded_and_forgets_what_was_seen_least_lately() -> None:
    verdicts = Verdicts()
    pairings = [Pairing(MATHS, (str(number),), "strong") for number in range(1_001)]
    for pairing in [*pairings[:1_000], pairings[0], pairings[1_000]]:
        verdicts.note(pairing, StepOutcome.ACCEPTED)
    assert verdicts.tally(pairings[0]).ruled == 2
    assert verdicts.tally(pairings[1]) == Tally()
    assert len(verdicts.counts) == 1_000


def test_what_was_seen_of_a_model_does_not_hold_for_another_of_its_id() -> None:
    verdicts = seen(accepted=0, rejected=200)
    assert off(verdicts)
    verdicts.forget({"somebody-else"})
    assert off(verdicts)

    for each in (FIRST[0], FINAL):
        verdicts = seen(accepted=0, rejected=200)
        verdicts.forget({each.model.id})
        assert not off(verdicts)
        assert sum(verdicts.counts.values()) == 200


def test_counts_for_people_never_go_back() -> None:
    verdicts = seen(accepted=2_000)
    assert verdicts.counts[PAIRING, StepOutcome.ACCEPTED] == 2_000
    assert verdicts.tally(PAIRING).ruled <= 512


def test_impossible_tallies_are_refused() -> None:
    with pytest.raises(ValueError, match="no count"):
        Tally(accepted=2, ruled=1)


@given(
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.floats(-1, 1),
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 20), st.integers(0, 20)),
)
def test_whatever_was_seen_a_prospect_stays_one_and_more_acceptance_never_lowers_it(
    p: float, sd: float, rate: float, counts: tuple[int, int, int, int]
) -> None:
    accepted, rejected, right, wrong = counts
    learnt = Prospect(p, sd, rate * p, 0.1, EstimateSource.ARTEFACT)
    verdicts = seen(accepted=accepted, rejected=rejected, right=right, wrong=wrong)
    before = verdicts.observed(0.5).prospect(learnt, FIRST, FINAL, MATHS)
    verdicts.note(PAIRING, StepOutcome.ACCEPTED)
    after = verdicts.observed(0.5).prospect(learnt, FIRST, FINAL, MATHS)
    assert before is not None
    assert after is not None
    assert after.p_accept >= before.p_accept - 1e-9
