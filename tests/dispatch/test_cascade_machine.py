"""Transcripts of cascades: whom a step asks, when it is judged, and when the final model is reached."""

import pytest

from router.dispatch.allowance import Allowance
from router.dispatch.breaker import BreakerState
from router.dispatch.cascade_machine import CascadeMachine, How
from router.dispatch.commands import Cancel, CheckAnswers, Command, Commit, Start
from router.dispatch.fleet import CallVerdict, Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.cascade import Opinion, Ruling, Step
from router.domain.estimate import LatencyEstimate
from router.domain.fault import Fault, FaultKind
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.money import Money
from tests.dispatch.cascade_kit import (
    ACCEPTED,
    COMPLETE,
    REJECTED,
    UNDECIDED,
    a_cascade,
    a_step,
    cascade_machine,
)
from tests.dispatch.model_kit import (
    BUSY,
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    TOO_LONG,
    WRONG,
    Outcome,
    a_candidate,
    a_model,
    a_plan,
    limited,
    replicas,
    replicated,
    scripted,
)

CHEAP, OTHER, THIRD = a_model("cheap"), a_model("other", upstream="elsewhere"), a_model("third")
STRONG, BACKUP = a_model("strong", upstream="far", context=128_000), a_model("backup")
ALL_FINE = {name: [Outcome(1.0)] for name in ("cheap", "other", "third", "strong", "backup")}
PAIR = a_step(CHEAP, OTHER)


def fine_but(**outcomes: Outcome) -> dict[str, list[Outcome]]:
    return {**ALL_FINE, **{name: [outcome] for name, outcome in outcomes.items()}}


def test_both_are_asked_at_once_and_one_answer_is_taken_when_they_agree() -> None:
    ran = cascade_machine(a_plan(STRONG), [PAIR], scripted(fine_but(other=Outcome(2.0))))
    assert ran.asked == [(0.0, "cheap"), (0.0, "other")]
    assert ran.judged == [(2.0, (1, 2))]
    assert (ran.answered_by, ran.committed, ran.hows) == ("cheap", [1], [How.ACCEPTED])
    assert not ran.reached_final


def test_the_other_answer_may_be_the_one_that_is_taken() -> None:
    taken = Opinion(Ruling.ACCEPT, "the second is whole", 1)
    assert cascade_machine(a_plan(STRONG), [PAIR], scripted(ALL_FINE), [taken]).committed == [2]


@pytest.mark.parametrize(
    ("opinion", "how"), [(REJECTED, How.REJECTED), (UNDECIDED, How.CANNOT_TELL)]
)
def test_what_no_check_accepts_goes_to_the_final_model(opinion: Opinion, how: How) -> None:
    ran = cascade_machine(a_plan(STRONG), [PAIR], scripted(ALL_FINE), [opinion], judging_s=0.5)
    assert ran.asked == [(0.0, "cheap"), (0.0, "other"), (1.5, "strong")]
    assert (ran.answered_by, ran.committed) == ("strong", [3])
    assert (ran.hows, ran.whys) == ([how], [opinion.why])


def test_steps_come_one_after_the_other() -> None:
    steps = [a_step(CHEAP, checks=COMPLETE), a_step(OTHER, THIRD)]
    ran = cascade_machine(a_plan(STRONG), steps, scripted(ALL_FINE), [REJECTED, ACCEPTED])
    assert ran.asked == [(0.0, "cheap"), (1.0, "other"), (1.0, "third")]
    assert ran.answered_by == "other"
    assert ran.hows == [How.REJECTED, How.ACCEPTED]


def test_when_one_of_two_fails_the_other_is_stopped_at_once() -> None:
    script = fine_but(cheap=Outcome(0.2, STUMBLE), other=Outcome(9.0))
    ran = cascade_machine(a_plan(STRONG), [PAIR], scripted(script))
    assert ran.asked[-1] == (0.2, "strong")
    assert ran.cancelled == ["other"]
    assert ran.judged == []
    assert ran.hows == [How.FAILED]
    assert ran.whys == ["cheap failed: overloaded"]


def test_of_three_two_are_enough_to_be_judged() -> None:
    script = fine_but(cheap=Outcome(0.2, STUMBLE))
    ran = cascade_machine(
        a_plan(STRONG), [a_step(CHEAP, OTHER, THIRD)], scripted(script), [REJECTED]
    )
    assert ran.judged == [(1.0, (1, 2, 3))]


def test_a_step_is_never_retried() -> None:
    script = {**ALL_FINE, "cheap": [Outcome(0.1, STUMBLE), Outcome(0.1)]}
    ran = cascade_machine(a_plan(STRONG), [a_step(CHEAP, checks=COMPLETE)], scripted(script))
    assert ran.models == ["cheap", "strong"]


def test_an_answer_that_failed_cannot_be_taken() -> None:
    script = fine_but(cheap=Outcome(0.2, STUMBLE))
    first = Opinion(Ruling.ACCEPT, "whatever", 0)
    ran = cascade_machine(a_plan(STRONG), [a_step(CHEAP, OTHER, THIRD)], scripted(script), [first])
    assert ran.answered_by == "strong"


def test_a_step_that_is_late_is_over_and_its_model_keeps_its_name() -> None:
    fleet = Fleet()
    step = a_step(CHEAP, OTHER, within_s=3.0)
    script = scripted(fine_but(other=Outcome(9.0)))
    *_, ran = (cascade_machine(a_plan(STRONG), [step], script, fleet=fleet) for _ in range(10))
    assert ran.asked == [(0.0, "cheap"), (0.0, "other"), (3.0, "strong")]
    states = {each.name: each.state for each in fleet.standings(3.0)}
    assert states["other"] is BreakerState.CLOSED


def test_all_steps_together_keep_to_their_time() -> None:
    steps = [a_step(CHEAP, checks=COMPLETE), a_step(OTHER, THIRD)]
    script = scripted(fine_but(cheap=Outcome(3.0), other=Outcome(9.0)))
    ran = cascade_machine(a_plan(STRONG), steps, script, [REJECTED], steps_s=5.0)
    assert ran.asked[-1] == (5.0, "strong")
    assert ran.hows == [How.REJECTED, How.FAILED]


def test_half_of_the_time_is_the_final_models() -> None:
    plan = a_plan(STRONG, effort=Effort(total_s=8.0))
    ran = cascade_machine(plan, [PAIR], scripted(fine_but(cheap=Outcome(9.0))))
    assert ran.asked[-1] == (4.0, "strong")
    assert ran.answered_by == "strong"


def test_a_final_model_that_needs_most_of_the_time_gets_it() -> None:
    slow = replace(a_candidate(STRONG), latency=LatencyEstimate(6.0, 7.0))
    plan = replace(a_plan(STRONG, effort=Effort(total_s=8.0)), candidates=(slow,))
    ran = cascade_machine(plan, [PAIR], scripted(fine_but(cheap=Outcome(9.0))))
    assert ran.asked[-1] == (2.0, "strong")


def test_a_step_that_usually_takes_longer_than_there_is_time_is_passed_over() -> None:
    steps = [a_step(CHEAP, OTHER, usual_s=6.0)]
    ran = cascade_machine(a_plan(STRONG), steps, scripted(ALL_FINE), steps_s=5.0)
    assert ran.asked == [(0.0, "strong")]
    assert (ran.hows, ran.whys) == ([How.SKIPPED], ["too little time is left"])


def test_a_resting_model_lets_the_step_be_passed_over() -> None:
    fleet = Fleet()
    script = scripted(fine_but(cheap=Outcome(0.1, STUMBLE)))
    *_, ran = (cascade_machine(a_plan(STRONG), [PAIR], script, fleet=fleet) for _ in range(10))
    assert ran.models == ["strong"]
    assert ran.whys == ["cheap is resting or at its limit"]
    assert ran.answered_by == "strong"


def test_a_limit_that_a_step_meets_is_kept_by_those_that_follow() -> None:
    fleet = Fleet()
    script = scripted(fine_but(cheap=Outcome(0.1, limited(30))))
    cascade_machine(a_plan(STRONG), [PAIR], script, fleet=fleet)
    assert cascade_machine(a_plan(STRONG), [PAIR], script, fleet=fleet).models == ["strong"]


def test_too_little_money_for_a_step_and_the_final_model_passes_the_step_over() -> None:
    dollar = Money.from_usd("1")
    step = a_step(CHEAP, OTHER, cost=dollar)
    plan = a_plan(STRONG, ceiling=Money.from_usd("3.5"), cost=Money.from_usd("2"))
    skipped = cascade_machine(plan, [step], scripted(ALL_FINE))
    assert (skipped.models, skipped.whys) == (["strong"], ["too little money is left"])
    enough = replace(plan, ceiling=Money.from_usd("4"))
    assert cascade_machine(enough, [step], scripted(ALL_FINE), [REJECTED]).models[-1] == "strong"


def test_what_a_step_has_cost_is_missing_for_the_next_one() -> None:
    dollar = Money.from_usd("1")
    steps = [a_step(CHEAP, checks=COMPLETE, cost=dollar), a_step(OTHER, THIRD, cost=dollar)]
    plan = a_plan(STRONG, ceiling=Money.from_usd("4.5"), cost=dollar)
    ran = cascade_machine(plan, steps, scripted(ALL_FINE), [REJECTED], cost=Money.from_usd("2"))
    assert ran.hows == [How.REJECTED, How.SKIPPED]
    assert ran.answered_by == "strong"


def test_a_step_that_was_dearer_than_all_that_was_expected_may_leave_too_little_and_that_is_told() -> (
    None
):
    dollar = Money.from_usd("1")
    plan = a_plan(STRONG, ceiling=Money.from_usd("3"), cost=dollar)
    step = a_step(CHEAP, checks=COMPLETE, cost=dollar)
    ran = cascade_machine(plan, [step], scripted(ALL_FINE), [REJECTED], cost=Money.from_usd("2.5"))
    assert ran.models == ["cheap"]
    assert ran.error is not None
    assert "have cost 2.5 USD, and with another one" in ran.error.message
    assert "more than its ceiling of 3 USD" in ran.error.message


def test_the_clients_own_fault_ends_it_all() -> None:
    script = fine_but(cheap=Outcome(0.2, WRONG), other=Outcome(9.0))
    ran = cascade_machine(a_plan(STRONG), [PAIR], scripted(script))
    assert ran.models == ["cheap", "other"]
    assert ran.cancelled == ["other"]
    assert ran.error is not None
    assert ran.error.status == 400


def test_after_rejection_it_goes_on_as_if_there_had_been_no_steps() -> None:
    script = {**ALL_FINE, "strong": [Outcome(0.1, STUMBLE)]}
    ran = cascade_machine(a_plan(STRONG, BACKUP), [PAIR], scripted(script), [REJECTED])
    assert ran.models == ["cheap", "other", "strong", "strong", "backup"]
    assert ran.committed == [5]


def test_a_model_that_was_asked_in_a_step_may_still_be_a_fallback() -> None:
    script = {**ALL_FINE, "strong": [Outcome(0.1, STUMBLE)]}
    steps = [a_step(CHEAP, CHEAP, CHEAP)]
    ran = cascade_machine(a_plan(STRONG, CHEAP), steps, scripted(script), [REJECTED])
    assert ran.models == ["cheap"] * 3 + ["strong"] * 2 + ["cheap"]


def test_credentials_that_a_step_found_refused_are_not_tried_again() -> None:
    script = {**ALL_FINE, "strong": [Outcome(0.1, STUMBLE)], "cheap": [Outcome(0.1, REFUSED)]}
    ran = cascade_machine(a_plan(STRONG, CHEAP), [PAIR], scripted(script))
    assert ran.models == ["cheap", "other", "strong", "strong"]


def test_a_prompt_too_long_for_a_step_goes_to_a_larger_window() -> None:
    ran = cascade_machine(
        a_plan(STRONG, BACKUP), [PAIR], scripted(fine_but(cheap=Outcome(0.1, TOO_LONG)))
    )
    assert ran.answered_by == "strong"


def test_when_all_that_is_left_is_too_small_the_client_hears_that_its_prompt_is_too_long() -> None:
    ran = cascade_machine(a_plan(BACKUP), [PAIR], scripted(fine_but(cheap=Outcome(0.1, TOO_LONG))))
    assert ran.error is not None
    assert ran.error.code == "context_length_exceeded"


def test_the_final_model_may_be_hedged() -> None:
    plan = a_plan(STRONG, BACKUP, hedge_after_s=0.5, hedges=Allowance(1.0, floor=1))
    ran = cascade_machine(plan, [PAIR], scripted(fine_but(strong=Outcome(9.0))), [REJECTED])
    assert ran.asked[2:] == [(1.0, "strong"), (1.5, "backup")]
    assert ran.answered_by == "backup"


def test_when_the_final_model_rests_it_is_asked_all_the_same() -> None:
    fleet = Fleet()
    script = scripted(fine_but(strong=Outcome(0.1, STUMBLE)))
    *_, ran = (
        cascade_machine(a_plan(STRONG), [PAIR], script, [REJECTED], fleet) for _ in range(10)
    )
    assert ran.models == ["cheap", "other", "strong"]


def test_samples_of_one_model_go_to_different_places() -> None:
    model = replicas("cheap", "x", "y")
    step = replace(PAIR, candidates=(replicated(model), replicated(model)))
    script = {**ALL_FINE, "cheap@x": [Outcome(1.0)], "cheap@y": [Outcome(1.0)]}
    assert set(cascade_machine(a_plan(STRONG), [step], scripted(script)).models) == {
        "cheap@x",
        "cheap@y",
    }


def test_only_the_final_models_calls_are_as_the_client_wants_them() -> None:
    machine = a_machine()
    first, _ = machine.begin(0.0)
    assert isinstance(first, Start)
    assert first.is_whole
    machine.answered(1, 1.0)
    assert isinstance(machine.answered(2, 1.0)[0], CheckAnswers)
    (final,) = machine.ruled(REJECTED, 1.0)
    assert isinstance(final, Start)
    assert (final.attempt, final.is_whole, final.is_again) == (3, False, False)


def test_a_model_that_judges_is_a_call_like_others() -> None:
    machine = a_machine()
    machine.begin(0.0)
    machine.answered(1, 1.0)
    machine.answered(2, 1.0)
    start = machine.consult(a_candidate(THIRD), 1.0)
    assert start is not None
    assert (start.attempt, start.is_whole, start.until_s) == (3, True, 20.0)
    assert machine.failed(3, STUMBLE, 2.0) == ()
    assert machine.consult(a_candidate(THIRD), 20.0) is None
    assert machine.ruled(ACCEPTED, 21.0) == (Commit(1),)
    assert machine.consult(a_candidate(THIRD), 3.0) is None


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.REFUSED])
def test_whatever_is_wrong_with_what_a_judge_is_asked_the_client_gets_an_answer(
    kind: FaultKind,
) -> None:
    rulings: list[Command] = []
    for opinion in (ACCEPTED, REJECTED):
        machine = a_machine()
        machine.begin(0.0)
        machine.answered(1, 1.0)
        machine.answered(2, 1.0)
        assert machine.consult(a_candidate(STRONG), 1.0) is not None
        assert machine.failed(3, Fault(kind, 400, "no", retry_after_s=0.5), 1.0) == ()
        rulings += machine.ruled(opinion, 2.0)

    taken, final = rulings
    assert taken == Commit(1)
    assert isinstance(final, Start)
    assert final.candidate.model.id == "strong"


def test_nothing_is_ruled_twice() -> None:
    machine = a_machine()
    machine.begin(0.0)
    machine.answered(1, 1.0)
    machine.answered(2, 1.0)
    assert machine.answered(2, 1.0) == ()
    assert machine.ruled(ACCEPTED, 1.0) == (Commit(1),)
    assert machine.ruled(REJECTED, 1.0) == ()
    assert machine.failed(2, STUMBLE, 1.0) == ()


def test_a_client_that_leaves_ends_all_calls() -> None:
    fleet = Fleet()
    machine = a_machine(fleet)
    machine.begin(0.0)
    machine.left(0.5)
    assert all(each.in_flight == 0 for each in fleet.standings(0.5))
    assert machine.failed(1, STUMBLE, 1.0) == ()


@pytest.mark.parametrize("has_failed", [False, True])
@pytest.mark.parametrize("more", [(), (a_step(THIRD),)])
def test_a_call_that_was_stopped_before_it_was_sent_has_used_no_limit(
    has_failed: bool, more: tuple[Step, ...]
) -> None:
    fleet, limited = Fleet(), replace(OTHER, limits=Limits(requests_per_minute=1))
    final = Attempts(a_plan(STRONG), fleet, started_s=0.0, jitter=lambda: 0.5)
    steps = (a_step(CHEAP, limited), *more)
    machine = CascadeMachine(a_cascade(a_candidate(STRONG), *steps), final, steps_s=20.0)
    machine.begin(0.0)

    assert Cancel(2) in machine.failed(1, STUMBLE, 1.0)
    assert fleet.refusal(limited, 1, 1.0) is not None
    if has_failed:  # in the instant in which it was stopped
        assert machine.failed(2, BUSY, 1.0) == ()
    else:
        machine.calls.end(2, CallVerdict.UNSENT, 1.0)
    assert fleet.refusal(limited, 1, 1.0) is None
    machine.calls.end(2, CallVerdict.UNSENT, 1.0)
    assert all(each.in_flight == 0 for each in fleet.standings(1.0) if each.name == "other")


def a_machine(fleet: Fleet | None = None) -> CascadeMachine:
    final = Attempts(a_plan(STRONG), fleet or Fleet(), started_s=0.0, jitter=lambda: 0.5)
    return CascadeMachine(a_cascade(a_candidate(STRONG), PAIR), final, steps_s=20.0)


@pytest.mark.parametrize("effort", [Effort(), Effort(total_s=2.5, is_hurried=True)])
def test_a_limit_that_a_check_meets_is_kept_by_the_requests_that_follow(effort: Effort) -> None:
    fleet, plan = Fleet(), a_plan(STRONG, effort=effort)
    final = Attempts(plan, fleet, started_s=0.0, jitter=lambda: 0.5)
    cascade_machine = CascadeMachine(
        a_cascade(plan.candidates[0], a_step(CHEAP, checks=COMPLETE)), final, steps_s=20.0
    )
    cascade_machine.begin(0.0)
    cascade_machine.answered(1, 1.0)
    cascade_machine.ruled(ACCEPTED, 1.0)
    cascade_machine.check(2.0, within_s=60.0)

    assert cascade_machine.failed(2, limited(30), 3.0) == ()
    refusal = fleet.refusal(STRONG, 100, 3.0)
    assert refusal is not None
    assert refusal.for_s == 30.0


def test_a_judge_is_asked_in_the_usual_tier_and_limited_in_it() -> None:
    fleet, plan = Fleet(), a_plan(STRONG, tier="flex")
    fleet.limit(THIRD, 30.0, 0.0, tier="flex")
    final = Attempts(plan, fleet, started_s=0.0, jitter=lambda: 0.5)
    machine = CascadeMachine(
        a_cascade(plan.candidates[0], a_step(CHEAP, checks=COMPLETE)), final, steps_s=20.0
    )
    machine.begin(0.0)
    machine.answered(1, 1.0)

    assert machine.consult(a_candidate(THIRD), 1.0) is not None
    assert machine.failed(2, limited(30), 2.0) == ()
    assert fleet.refusal(THIRD, 100, 3.0) is not None
    assert machine.consult(a_candidate(THIRD), 3.0) is None


def test_an_answer_is_not_checked_where_that_would_exceed_the_ceiling() -> None:
    def is_checked(cost: Money) -> bool:
        plan = a_plan(STRONG, ceiling=Money(10), cost=Money(6))
        final = Attempts(plan, Fleet(), started_s=0.0, jitter=lambda: 0.5)
        cascade_machine = CascadeMachine(
            a_cascade(plan.candidates[0], a_step(CHEAP, checks=COMPLETE)), final, steps_s=20.0
        )
        cascade_machine.begin(0.0)
        cascade_machine.answered(1, 1.0, cost)
        assert cascade_machine.ruled(ACCEPTED, 1.0) == (Commit(1),)
        return cascade_machine.check(2.0, within_s=60.0) is not None

    assert is_checked(Money(4))
    assert not is_checked(Money(5))


def test_a_model_of_a_step_that_the_budget_had_no_room_for_is_still_a_fallback() -> None:
    script = {**ALL_FINE, "strong": [Outcome(0.1, REFUSED)]}
    script["cheap"] = [Outcome(0.0, OVERDRAWN), Outcome(0.2)]
    ran = cascade_machine(a_plan(STRONG, CHEAP), [PAIR], scripted(script))
    assert ran.models == ["cheap", "other", "strong", "cheap"]
    assert ran.answered_by == "cheap"
