"""What processes tell each other of models: laws over whatever happens to two fleets."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.dispatch.breaker import BreakerState
from router.dispatch.fleet import CallVerdict, Fleet, Refused, Ticket
from router.dispatch.notice import About, Notice, Subject
from router.domain.model import Model
from tests.dispatch.model_kit import a_model

MODELS = (a_model("a"), a_model("b"), a_model("c", upstream="other"))
A = MODELS[0]
OF_A, OF_ITS_UPSTREAM = Subject(About.MODEL, "a"), Subject(About.UPSTREAM, A.upstream)
LONGEST_S = 120.0

subjects = st.builds(Subject, st.sampled_from(About), st.sampled_from(["a", "b", "main", "other"]))
seconds = st.floats(0.001, 1000.0)
notices = st.one_of(
    st.builds(Notice, subjects, seconds),
    st.builds(Notice, subjects.filter(lambda who: who.about is not About.LIMIT), st.none()),
)


@dataclass
class Board:
    """Where fleets tell each other, on a clock that all read."""

    now_s: float = 1000.0
    until_s: dict[Subject, float | None] = field(default_factory=dict)

    def exchange(self, fleet: Fleet) -> None:
        news = fleet.news(self.now_s)
        for told in news.notices:
            self.until_s[told.subject] = None if told.for_s is None else self.now_s + told.for_s
        fleet.told(news)
        for subject, until_s in self.until_s.items():
            if until_s is None:
                fleet.heard(Notice(subject, None), self.now_s)
            elif until_s > self.now_s:
                fleet.heard(Notice(subject, until_s - self.now_s), self.now_s)


def call(fleet: Fleet, verdict: CallVerdict, now_s: float, model: Model = A) -> None:
    fleet.end(fleet.begin(model, 1, now_s), verdict, now_s)


def opened(fleet: Fleet, now_s: float = 0.0) -> None:
    for _ in range(5):
        call(fleet, CallVerdict.BAD, now_s)


# ---------------------------------------------------------------------------- transcripts


def test_an_opening_is_news_once() -> None:
    fleet = Fleet()
    opened(fleet)
    news = fleet.news(1.0)

    assert news.notices == (Notice(OF_A, 9.0),)
    assert fleet.news(1.0) == news
    fleet.told(news)
    assert fleet.news(1.0).notices == ()


def test_what_is_found_out_while_others_are_told_is_news_still() -> None:
    fleet = Fleet()
    opened(fleet)
    news = fleet.news(0.0)
    call(fleet, CallVerdict.GOOD, 20.0)
    fleet.told(news)

    assert fleet.news(20.0).notices == (Notice(OF_A, None),)


def test_a_closing_travels_too() -> None:
    one, other, board = Fleet(), Fleet(), Board()
    opened(one, board.now_s)
    board.exchange(one)
    board.exchange(other)
    refused = other.refusal(A, 1, board.now_s)
    assert refused is not None
    assert (refused.why, refused.for_s) == (Refused.RESTING, 10.0)

    board.now_s += 10.0
    call(one, CallVerdict.GOOD, board.now_s)
    board.exchange(one)
    board.exchange(other)
    assert {each.state for each in other.standings(board.now_s)} == {BreakerState.CLOSED}


def test_a_limit_of_the_provider_is_kept_to_by_all() -> None:
    one, other, board = Fleet(), Fleet(), Board()
    one.limit(A, 30.0, board.now_s)
    board.exchange(one)
    board.exchange(other)

    refused = other.refusal(A, 1, board.now_s + 5.0)
    assert refused is not None
    assert (refused.why, refused.for_s) == (Refused.LIMITED, 25.0)


def test_while_our_own_probe_is_under_way_nobody_tells_us_to_wait() -> None:
    fleet = Fleet()
    opened(fleet)
    fleet.told(fleet.news(0.0))
    probe = fleet.begin(A, 1, 10.0)
    fleet.heard(Notice(OF_A, 20.0), 10.0)
    fleet.end(probe, CallVerdict.BAD, 11.0)

    refused = fleet.refusal(A, 1, 11.0)
    assert refused is not None
    assert refused.for_s == 20.0  # by its own failure: twice as long as before


def test_a_call_from_before_the_others_trouble_says_nothing_of_it() -> None:
    fleet = Fleet()
    early = fleet.begin(A, 1, 0.0)
    fleet.heard(Notice(OF_A, 20.0), 1.0)
    fleet.end(early, CallVerdict.GOOD, 2.0)

    assert fleet.refusal(A, 1, 2.0) is not None
    assert fleet.news(2.0).notices == ()


def test_what_we_found_out_ourselves_and_have_not_told_is_not_undone_by_hearsay() -> None:
    fleet = Fleet()
    opened(fleet)
    fleet.heard(Notice(OF_A, None), 1.0)

    assert fleet.refusal(A, 1, 1.0) is not None


@pytest.mark.parametrize("for_s", [0.0, -1.0, math.inf, math.nan])
def test_a_rest_that_is_none_is_refused(for_s: float) -> None:
    with pytest.raises(ValueError, match="lasts some seconds"):
        Notice(OF_A, for_s)
    with pytest.raises(ValueError, match="ends by itself"):
        Notice(Subject(About.LIMIT, "a"), None)


# ---------------------------------------------------------------------------- laws


@given(st.lists(notices))
def test_what_was_heard_is_never_news(heard: list[Notice]) -> None:
    fleet = Fleet()
    for each in heard:
        fleet.heard(each, 0.0)

    assert fleet.news(0.0).notices == ()


@given(st.lists(notices), notices)
def test_hearing_it_twice_is_hearing_it_once(before: list[Notice], twice: Notice) -> None:
    one, other = Fleet(), Fleet()
    for fleet, times in ((one, 1), (other, 2)):
        for each in (*before, *[twice] * times):
            fleet.heard(each, 0.0)

    assert list(one.standings(0.0)) == list(other.standings(0.0))


@given(notices)
def test_nobody_is_left_alone_for_longer_than_the_longest_rest(heard: Notice) -> None:
    fleet = Fleet()
    fleet.heard(heard, 0.0)
    if heard.subject.about is not About.LIMIT:
        assert all(each.retry_in_s <= LONGEST_S for each in fleet.standings(0.0))


rests_of_a = st.lists(
    st.builds(Notice, st.sampled_from([OF_A, OF_ITS_UPSTREAM]), seconds), min_size=1, max_size=4
)


@given(rests_of_a, rests_of_a, st.sampled_from(CallVerdict))
def test_whatever_is_heard_while_a_call_is_under_way_the_model_is_asked_again(
    before: list[Notice], meanwhile: list[Notice], verdict: CallVerdict
) -> None:
    fleet = Fleet()
    for each in before:
        fleet.heard(each, 0.0)
    under_way = fleet.begin(A, 1, LONGEST_S)
    for each in meanwhile:
        fleet.heard(each, LONGEST_S)
    fleet.end(under_way, verdict, LONGEST_S + 1.0)

    assert fleet.refusal(A, 1, LONGEST_S + 1001.0) is None


Step = tuple[str, int, int, CallVerdict, float]
steps = st.lists(
    st.tuples(
        st.sampled_from(["call", "call", "begin", "end", "limit", "wait", "exchange"]),
        st.integers(0, 1),
        st.integers(0, 2),
        st.sampled_from(
            [CallVerdict.BAD, CallVerdict.BAD, CallVerdict.UNREACHABLE, CallVerdict.GOOD]
        ),
        st.sampled_from([0.1, 1.0, 10.0, 30.0]),
    ),
    max_size=80,
)


@dataclass
class Played:
    """Two fleets, what is in progress at each, and the board between them."""

    fleets: tuple[Fleet, Fleet] = field(default_factory=lambda: (Fleet(), Fleet()))
    board: Board = field(default_factory=Board)
    calls: list[tuple[Fleet, Ticket]] = field(default_factory=list)

    def play(self, schedule: list[Step]) -> None:
        for what, which, who, verdict, for_s in schedule:
            fleet, model, now_s = self.fleets[which], MODELS[who], self.board.now_s
            match what:
                case "call":
                    call(fleet, verdict, now_s, model)
                case "begin":
                    self.calls.append((fleet, fleet.begin(model, 1, now_s)))
                case "end" if self.calls:
                    asked, ticket = self.calls.pop(0)
                    asked.end(ticket, verdict, now_s)
                case "limit":
                    fleet.limit(model, for_s, now_s)
                case "wait":
                    self.board.now_s += for_s
                case "exchange":
                    self.board.exchange(fleet)

    def end(self) -> None:
        """Calls under way end without a verdict, and all tell each other what they know."""
        for fleet, ticket in self.calls:
            fleet.end(ticket, CallVerdict.NEITHER, self.board.now_s)
        for fleet in self.fleets:
            self.board.exchange(fleet)


@settings(max_examples=500)
@given(steps)
def test_whatever_was_said_every_model_is_asked_again_in_the_end(schedule: list[Step]) -> None:
    played = Played()
    played.play(schedule)
    played.end()

    later_s = played.board.now_s + LONGEST_S
    assert all(fleet.refusal(m, 1, later_s) is None for fleet in played.fleets for m in MODELS)


@settings(max_examples=500)
@given(steps)
def test_after_an_exchange_a_quiet_process_leaves_alone_what_the_busy_one_does(
    schedule: list[Step],
) -> None:
    played, (busy, quiet) = Played(), (Fleet(), Fleet())
    played.fleets = (busy, busy)
    played.play([step for step in schedule if step[0] not in ("begin", "end")])
    played.board.exchange(busy)
    played.board.exchange(quiet)

    now_s = played.board.now_s
    for model in MODELS:
        theirs, ours = busy.refusal(model, 1, now_s), quiet.refusal(model, 1, now_s)
        assert (theirs is None) == (ours is None)
        if theirs is not None and ours is not None:
            assert ours.why is theirs.why
            assert ours.for_s == pytest.approx(theirs.for_s)


@settings(max_examples=500)
@given(steps)
def test_the_answer_of_one_opens_the_way_for_both(schedule: list[Step]) -> None:
    played = Played()
    played.play(schedule)
    played.end()
    one, other = played.fleets
    played.board.now_s += LONGEST_S
    for model in MODELS:
        call(one, CallVerdict.GOOD, played.board.now_s, model)
    played.board.exchange(one)
    played.board.exchange(other)

    asked = {model.id for model in MODELS} | {model.upstream for model in MODELS}
    states = {each.state for each in one.standings(played.board.now_s) if each.name in asked}
    assert states == {BreakerState.CLOSED}
    assert all(other.refusal(m, 1, played.board.now_s) is None for m in MODELS)
