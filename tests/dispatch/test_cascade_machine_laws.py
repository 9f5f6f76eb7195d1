"""Laws of cascades over generated schedules of faults and rulings, on a virtual clock."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router.dispatch.cascade_machine import How
from router.dispatch.fleet import Fleet
from router.dispatch.plan import Effort, Plan
from router.domain.cascade import Opinion, Ruling, Step
from router.domain.money import Money
from tests.dispatch.cascade_kit import (
    COMPLETE,
    REJECTED,
    UNDECIDED,
    CascadeRun,
    a_step,
    cascade_machine,
)
from tests.dispatch.model_kit import (
    WRONG,
    Outcome,
    a_model,
    a_plan,
    limited,
    seeded,
)
from tests.dispatch.schedules import FAULTS, schedules_of

FIRST = (a_model("a"), a_model("b", upstream="other"), a_model("c"))
FINAL = (a_model("strong", upstream="far", context=128_000), a_model("backup", context=128_000))
CENT = Money.from_usd("0.01")

schedules = schedules_of([*[None] * 6, *FAULTS, limited(3)])
opinions = st.lists(
    st.one_of(
        st.sampled_from([REJECTED, UNDECIDED]),
        st.integers(0, 1).map(lambda number: Opinion(Ruling.ACCEPT, "fine", number)),
    ),
    min_size=1,
    max_size=3,
)
steps = st.one_of(
    st.lists(st.sampled_from(FIRST), min_size=2, max_size=3).map(
        lambda models: a_step(*models, within_s=2.0, cost=CENT)
    ),
    st.lists(st.sampled_from(FIRST), min_size=2, max_size=3).map(
        lambda models: a_step(*models, checks=COMPLETE)
    ),
)
plans = st.builds(
    lambda total_s, ceiling: a_plan(
        *FINAL,
        effort=Effort(first_content_s=5.0, total_s=total_s),
        ceiling=ceiling,
        cost=CENT,
    ),
    st.sampled_from([2.0, 10.0, 60.0]),
    st.sampled_from([None, Money.from_usd("0.03"), Money.from_usd("0.05")]),
)
runs = st.tuples(
    plans, st.lists(steps, min_size=1, max_size=3), schedules, opinions, st.integers(0, 2**32)
)


def played(
    plan: Plan,
    taken: list[Step],
    schedule: list[Outcome],
    ruled: list[Opinion],
    seed: int,
    fleet: Fleet,
) -> CascadeRun:
    left = list(schedule)
    return cascade_machine(
        plan,
        taken,
        lambda _model, _now_s: left.pop(0) if len(left) > 1 else left[0],
        list(ruled),
        fleet,
        steps_s=8.0,
        judging_s=0.1,
        cost=CENT,
        chance=seeded(seed),
    )


Case = tuple[Plan, list[Step], list[Outcome], list[Opinion], int]


@settings(max_examples=2000)
@given(runs)
def test_every_request_ends_once_within_its_time_and_returns_all_tickets(case: Case) -> None:
    fleet = Fleet()
    ran = played(*case, fleet)
    assert (ran.answered_by is None) != (ran.error is None)
    assert len(ran.committed) == (ran.answered_by is not None)
    assert ran.started_after_the_end == 0
    assert ran.ended_s <= case[0].effort.total_s + 0.1
    assert all(at_s < case[0].effort.total_s for at_s, _ in ran.asked)
    assert all(each.in_flight == 0 for each in fleet.standings(ran.ended_s))


@settings(max_examples=1000)
@given(runs)
def test_a_step_asks_each_of_its_models_once_and_is_judged_once(case: Case) -> None:
    _, taken, *_ = case
    ran = played(*case, Fleet())
    asked = [step for step, how in zip(taken, ran.hows, strict=False) if how is not How.SKIPPED]
    first = [each.model.id for step in asked for each in step.candidates]
    assert ran.models[: len(first)] == first
    ruled = [how for how in ran.hows if how not in (How.SKIPPED, How.FAILED)]
    assert len(ran.judged) == len(ruled)


@settings(max_examples=1000)
@given(runs)
def test_rejected_steps_always_lead_to_the_final_model(case: Case) -> None:
    """A step is only taken when there is enough for the final model, which then gives an answer."""
    plan, taken, schedule, _, _ = case
    left = [each for each in schedule if each.fault is not WRONG] or [Outcome(0.5)]

    def upstreams(model: str, _now_s: float) -> Outcome:
        if model == "strong":
            return Outcome(0.2)
        return left.pop(0) if len(left) > 1 else left[0]

    ran = cascade_machine(plan, taken, upstreams, [REJECTED, UNDECIDED], steps_s=8.0, judging_s=0.1)
    assert ran.reached_final
    assert ran.answered_by == "strong"
    assert len(ran.hows) == len(taken)


@settings(max_examples=300)
@given(runs)
def test_the_same_schedule_is_climbed_the_same_way_twice(case: Case) -> None:
    first, second = played(*case, Fleet()), played(*case, Fleet())
    assert (first.asked, first.answered_by, first.hows) == (
        second.asked,
        second.answered_by,
        second.hows,
    )
