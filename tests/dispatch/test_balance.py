"""Which replica gets a call: laws of the choice, and what a crowd of calls makes of it."""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dispatch.balance import Load, PeakEwma, pick
from router.domain.candidate import Candidate
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import Money
from tests.dispatch.model_kit import a_candidate, a_model, seeded

UNKNOWN = Load()


def a_replica(name: str, *, weight: float = 1.0, pico: int = 0) -> Candidate:
    model = replace(a_model("m", upstream=name), replica=f"m@{name}", weight=weight)
    return a_candidate(model, Money(pico))


def picked(
    replicas: Sequence[Candidate], loads: Mapping[str, Load], chance: Callable[[], float]
) -> str:
    """The upstream of the replica that gets the next call."""

    def load_of(model: Model) -> Load:
        return loads.get(model.upstream, UNKNOWN)

    return pick(replicas, load_of, chance).model.upstream


def drawing(*numbers: float) -> Callable[[], float]:
    return iter(numbers).__next__


A, B, C = a_replica("a"), a_replica("b"), a_replica("c")
FIRST_A, FIRST_B = (0.0, 0.0), (0.9, 0.0)


def test_of_two_the_one_with_fewer_calls_under_way_gets_the_next() -> None:
    loads = {"a": Load(3, 1.0), "b": Load(2, 1.0)}
    assert picked([A, B], loads, drawing(*FIRST_A)) == "b"
    assert picked([A, B], loads, drawing(*FIRST_B)) == "b"


def test_of_two_that_are_idle_the_faster_one_gets_it() -> None:
    loads = {"a": Load(0, 2.0), "b": Load(0, 1.0)}
    assert picked([A, B], loads, drawing(*FIRST_A)) == "b"


def test_a_fast_one_gets_more_calls_until_its_line_makes_it_slow() -> None:
    assert picked([A, B], {"a": Load(8, 1.0), "b": Load(0, 10.0)}, drawing(*FIRST_A)) == "a"
    assert picked([A, B], {"a": Load(9, 1.0), "b": Load(0, 10.0)}, drawing(*FIRST_A)) == "a"
    assert picked([A, B], {"a": Load(10, 1.0), "b": Load(0, 10.0)}, drawing(*FIRST_A)) == "b"


def test_two_that_are_nearly_as_fast_are_told_apart_by_chance_alone() -> None:
    loads = {"a": Load(0, 1.4), "b": Load(0, 1.0)}
    assert picked([A, B], loads, drawing(*FIRST_A)) == "a"
    assert picked([A, B], loads, drawing(*FIRST_B)) == "b"


def test_only_the_two_that_were_drawn_are_compared() -> None:
    loads = {"a": Load(5, 1.0), "b": Load(4, 1.0), "c": Load(0, 1.0)}
    assert picked([A, B, C], loads, drawing(0.0, 0.0)) == "b"


def test_one_that_never_answered_is_asked_once_to_be_found_out() -> None:
    busy = Load(5, 0.1)
    assert picked([A, B], {"a": busy, "b": Load(0, None)}, drawing(*FIRST_A)) == "b"
    assert picked([A, B], {"a": busy, "b": Load(1, None)}, drawing(*FIRST_A)) == "a"
    assert picked([A, B], {"a": busy, "b": Load(1, None)}, drawing(*FIRST_B)) == "a"


@pytest.mark.parametrize("chances", [FIRST_A, FIRST_B])
def test_an_idle_one_that_is_unknown_is_asked_before_one_that_is_known_and_maybe_slow(
    chances: tuple[float, float],
) -> None:
    known = {"a": Load(0, 1.0)}
    assert picked([A, B], known, drawing(*chances)) == "b"
    heavier, lighter = a_replica("b", weight=2), a_replica("b", weight=0.5)
    assert picked([A, heavier], known, drawing(*chances)) == "b"
    by_chance = {FIRST_A: "a", FIRST_B: "b"}[chances]
    assert picked([A, lighter], known, drawing(*chances)) == by_chance


def test_as_long_as_nobody_has_answered_calls_are_spread_by_number() -> None:
    assert picked([A, B], {"a": Load(2), "b": Load(1)}, drawing(*FIRST_A)) == "b"


def test_a_full_one_is_passed_over_for_a_dearer_one_and_waited_for_when_all_are_full() -> None:
    own, cloud = a_replica("own", pico=1), a_replica("cloud", pico=5)
    full = Load(4, 1.0, has_room=False)
    assert picked([own, cloud], {"own": full}, seeded(1)) == "cloud"
    assert picked([own, cloud], {"own": full, "cloud": full}, seeded(1)) == "own"


def test_a_call_on_a_replica_of_three_times_the_weight_counts_a_third() -> None:
    heavy = a_replica("heavy", weight=3)
    loads = {"heavy": Load(5, 1.0), "b": Load(2, 1.0)}
    assert picked([heavy, B], loads, drawing(0.99, 0.0)) == "heavy"
    assert picked([heavy, B], {**loads, "heavy": Load(9, 1.0)}, drawing(0.0, 0.0)) == "b"


def test_a_light_one_that_is_drawn_gets_a_call_when_it_is_idle_and_no_second_one() -> None:
    heavy = a_replica("heavy", weight=9)
    loads = {"heavy": Load(2, 1.0)}
    assert picked([heavy, B], loads, drawing(0.95, 0.0)) == "b"
    assert picked([heavy, B], {**loads, "b": Load(1, 1.0)}, drawing(0.95, 0.0)) == "heavy"
    assert picked([heavy, B], loads, drawing(0.0, 0.0)) == "heavy"


loads = st.builds(
    Load,
    st.integers(0, 20),
    st.none() | st.floats(0.0, 100.0),
    st.booleans(),
)
weights = st.floats(0.001, 1000.0)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Candidate], dict[str, Load]]:
    names = [f"r{number}" for number in range(draw(st.integers(1, 6)))]
    replicas = [
        a_replica(name, weight=draw(weights), pico=draw(st.integers(0, 3))) for name in names
    ]
    return replicas, {name: draw(loads) for name in names}


@given(situations(), st.randoms(use_true_random=False))
def test_never_a_dearer_one_while_a_cheaper_one_has_room(
    situation: tuple[list[Candidate], dict[str, Load]], dice: random.Random
) -> None:
    replicas, known = situation
    name = picked(replicas, known, dice.random)
    cost = {each.model.upstream: each.cost.expected for each in replicas}
    roomy = [other for other, load in known.items() if load.has_room] or list(known)
    assert cost[name] == min(cost[other] for other in roomy)
    assert name in roomy


@given(situations(), st.randoms(use_true_random=False), weights)
def test_weights_are_proportions_and_a_unit_of_time_is_any(
    situation: tuple[list[Candidate], dict[str, Load]], dice: random.Random, seed: float
) -> None:
    replicas, known = situation
    in_halves = [replace(r, model=replace(r.model, weight=r.model.weight * 4)) for r in replicas]
    in_minutes = {
        name: replace(load, slowness=None if load.slowness is None else load.slowness * 64)
        for name, load in known.items()
    }
    assert picked(replicas, known, seeded(int(seed))) == picked(
        in_halves, in_minutes, seeded(int(seed))
    )


@given(st.integers(0, 5), st.integers(0, 5), st.floats(0.1, 10), st.floats(0.1, 10), st.booleans())
def test_of_two_more_calls_under_way_never_bring_more(
    one: int, other: int, slow: float, slower: float, first: bool
) -> None:
    chances = FIRST_A if first else FIRST_B
    before = picked([A, B], {"a": Load(one, slow), "b": Load(other, slower)}, drawing(*chances))
    after = picked([A, B], {"a": Load(one + 1, slow), "b": Load(other, slower)}, drawing(*chances))
    assert not (before == "b" and after == "a")


@pytest.mark.parametrize("weights_of", [(1, 1, 1), (3, 1, 1), (9, 1), (1, 2, 3, 4)])
def test_shares_of_equals_are_their_weights_when_calls_come_one_by_one(
    weights_of: tuple[int, ...],
) -> None:
    replicas = [a_replica(str(n), weight=weight) for n, weight in enumerate(weights_of)]
    chance, rounds = seeded(7), 20_000
    got = Counter(picked(replicas, {}, chance) for _ in range(rounds))
    shares = [got[str(n)] / rounds for n in range(len(weights_of))]
    assert shares == pytest.approx([w / sum(weights_of) for w in weights_of], abs=0.015)


@dataclass
class Crowd:
    """Replicas with fixed durations per call, whatever else is in progress, on a fake clock."""

    takes_s: Mapping[str, float]
    replicas: Sequence[Candidate]
    chance: Callable[[], float] = field(default_factory=lambda: seeded(5))
    now_s: float = 0.0
    seen: dict[str, PeakEwma] = field(default_factory=dict)
    ends_s: dict[str, list[float]] = field(default_factory=dict)
    got: Counter[str] = field(default_factory=Counter)

    def load(self, model: Model) -> Load:
        known = self.seen.get(model.upstream)
        calls = self.ends_s.get(model.upstream, [])
        return Load(len(calls), known.value(self.now_s) if known else None)

    def run(self, calls: int, every_s: float) -> Counter[str]:
        for _ in range(calls):
            self.now_s += every_s
            self._let_end()
            name = pick(self.replicas, self.load, self.chance).model.upstream
            self.got[name] += 1
            self.ends_s.setdefault(name, []).append(self.now_s + self.takes_s[name])
        return self.got

    def _let_end(self) -> None:
        for name, ends_s in self.ends_s.items():
            for _ in [end_s for end_s in ends_s if end_s <= self.now_s]:
                self.seen.setdefault(name, PeakEwma()).observe(self.takes_s[name], self.now_s)
            self.ends_s[name] = [end_s for end_s in ends_s if end_s > self.now_s]


def test_a_replica_that_is_ten_times_slower_gets_a_small_part_and_is_not_forgotten() -> None:
    crowd = Crowd({"a": 1.0, "b": 1.0, "c": 10.0}, [A, B, C])
    got = crowd.run(5000, every_s=0.1)
    assert 0 < got["c"] < 0.05 * 5000
    assert got["a"] == pytest.approx(got["b"], rel=0.1)


@pytest.mark.parametrize("every_s", [90.0, 20.0, 2.0, 0.4, 0.02])
def test_at_any_load_shares_of_equals_are_their_weights(every_s: float) -> None:
    heavy, light = a_replica("heavy", weight=4), a_replica("light", weight=1)
    got = Crowd({"heavy": 1.0, "light": 1.0}, [heavy, light]).run(5000, every_s)
    assert got["heavy"] / 5000 == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("replicas", [[A, B], [A, B, C]])
def test_of_calls_one_by_one_a_slow_replica_gets_a_single_one(replicas: list[Candidate]) -> None:
    takes_s = {"a": 0.01, "b": 1.0, "c": 0.01}
    for seed in range(300):
        crowd = Crowd(takes_s, replicas, seeded(seed))
        assert crowd.run(25, every_s=1.0)["b"] <= 1


def test_one_that_has_recovered_is_found_out_within_a_minute() -> None:
    crowd = Crowd({"a": 1.0, "b": 10.0}, [A, B])
    crowd.run(600, every_s=0.1)
    recovered = replace(crowd, takes_s={"a": 1.0, "b": 1.0}, got=Counter())
    recovered.run(600, every_s=0.1)
    recovered.got.clear()
    got = recovered.run(600, every_s=0.1)
    assert got["b"] / 600 == pytest.approx(0.5, abs=0.1)


values = st.floats(0.0, 1000.0)


@given(st.lists(st.tuples(values, st.floats(0.0, 20.0)), min_size=1, max_size=30))
def test_a_peak_counts_at_once_and_no_value_is_beyond_what_was_seen(
    seen: list[tuple[float, float]],
) -> None:
    ewma, now_s = PeakEwma(), 0.0
    for value, pause_s in seen:
        now_s += pause_s
        ewma.observe(value, now_s)
        known = ewma.value(now_s)
        assert known is not None
        assert known >= value * (1 - 1e-9)
        assert known <= max(each for each, _ in seen) * (1 + 1e-9)


def test_after_ten_seconds_a_peak_counts_for_a_third_and_after_thirty_for_nothing() -> None:
    ewma = PeakEwma()
    assert ewma.value(0.0) is None
    ewma.observe(10.0, 0.0)
    assert ewma.value(30.0) == 10.0
    assert ewma.value(30.1) is None
    ewma.observe(1.0, 10.0)
    assert ewma.value(10.0) == pytest.approx(1.0 + 9.0 / math.e)
