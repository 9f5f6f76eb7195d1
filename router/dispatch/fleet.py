"""The state of all models as dispatch sees it: who is resting, who is limited, who is busy.

If a model answers in several places, each has a state of its own, under the name of its replica.

One fleet serves all requests of a process. It reads no clock: every question and every report
comes with the time, so that a schedule of faults can be played in no time at all.

What it finds out by itself is `news` until the other processes are `told`; what it has `heard` from
them never becomes news, so that a rumour dies with its cause.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from math import ceil

from msgspec import Struct, field

from router.dispatch.allowance import Allowance
from router.dispatch.balance import Load, PeakEwma
from router.dispatch.breaker import Breaker, BreakerSettings, BreakerState
from router.dispatch.notice import About, News, Notice, Subject
from router.dispatch.rate import Rate
from router.domain.model import Model
from router.domain.price import STANDARD

_RETRY_SHARE = 0.2


class CallVerdict(Enum):
    """What an ended call says of the model that was called."""

    GOOD = auto()
    BAD = auto()
    """The model stumbled; its upstream is there."""
    UNREACHABLE = auto()
    """Not even the upstream could be reached."""
    NEITHER = auto()
    """The client left, or the request itself was wrong."""
    UNSENT = auto()
    """It was never sent: it has used nothing of the limits per minute."""


class Refused(Enum):
    """Why a model is not to be asked now."""

    RESTING = "resting after failures"
    """Its breaker, or its upstream's, is open. When nobody else is left it is asked all the same."""
    LIMITED = "at its limit"
    """It said that it is at a limit, or is at one of ours. It is not asked before that is over."""


class NotNow(Struct, frozen=True):
    """Why not now, and in how many seconds it is worth asking again."""

    why: Refused
    for_s: float

    def __str__(self) -> str:
        """As a client is told: at its limit for 12 s."""
        return f"{self.why.value} for {ceil(self.for_s)} s"


class Ticket(Struct, frozen=True):
    """A call in progress. It must be ended once."""

    model: Model
    tokens: int
    model_epoch: int
    upstream_epoch: int


class _Unit(Struct):
    """What is known of one model in one place; its rate limits are counted from the first call on.

    `limited_until_s` is by service tier; the standard one's limits are those of all. `slowness`, of streams (True)
    and of whole answers, is kept only if there are several places to compare.
    """

    breaker: Breaker
    requests: Rate | None = None
    tokens: Rate | None = None
    limited_until_s: dict[str, float] = field(default_factory=dict)
    in_flight: int = 0
    slowness: dict[bool, PeakEwma] = field(default_factory=dict)


class UnitState(Struct, frozen=True):
    """The state of one model or upstream, for people and for metrics."""

    kind: str
    name: str
    state: BreakerState
    retry_in_s: float
    in_flight: int


class Fleet(Struct):
    """All models and upstreams of a process."""

    settings: BreakerSettings = field(default_factory=BreakerSettings)
    retries: Allowance = field(default_factory=lambda: Allowance(_RETRY_SHARE))
    _units: dict[str, _Unit] = field(default_factory=dict)
    _upstreams: dict[str, Breaker] = field(default_factory=dict)
    _called: set[str] = field(default_factory=set)
    _changes: int = 0
    _news: dict[Subject, int] = field(default_factory=dict)
    """What was found out and not told, and by which change."""

    def refusal(
        self, model: Model, tokens: int, now_s: float, tier: str = STANDARD
    ) -> NotNow | None:
        """Why `model` is not to be asked for `tokens` in this service tier now, or None when it may be."""
        unit = self._unit(model)
        limited_s = max(_limited_s(unit, tier, now_s), _wait_s(unit, tokens, now_s))
        if limited_s > 0:
            return NotNow(Refused.LIMITED, limited_s)
        resting_s = max(
            unit.breaker.closed_for_s(now_s), self._upstream(model.upstream).closed_for_s(now_s)
        )
        return NotNow(Refused.RESTING, resting_s) if resting_s > 0 else None

    def load(self, model: Model, now_s: float, *, stream: bool) -> Load:
        """How busy and how slow a replica is."""
        unit, limit = self._unit(model), model.limits.in_flight
        seen = unit.slowness.get(stream)
        return Load(
            in_flight=unit.in_flight,
            slowness=seen.value(now_s) if seen is not None else None,
            has_room=limit is None or unit.in_flight < limit,
        )

    def measured(self, model: Model, slowness: float, now_s: float, *, stream: bool) -> None:
        """A replica has answered with this slowness; streams and whole answers are measured in their own units."""
        self._unit(model).slowness.setdefault(stream, PeakEwma()).observe(slowness, now_s)

    def begin(self, model: Model, tokens: int, now_s: float) -> Ticket:
        """A call to `model` begins, expected to use `tokens`."""
        unit = self._unit(model)
        unit.in_flight += 1
        for rate, amount in _rates(unit, tokens):
            rate.take(amount, now_s)
        return Ticket(
            model, tokens, unit.breaker.began(now_s), self._upstream(model.upstream).began(now_s)
        )

    def answering(self, ticket: Ticket) -> None:
        """The call's first content has come: breakers that wait for their probe close now, and not at its end."""
        model = ticket.model
        unit, upstream = self._unit(model), self._upstream(model.upstream)
        if unit.breaker.answering(ticket.model_epoch):
            self._found_out(About.MODEL, model.key)
        if upstream.answering(ticket.upstream_epoch):
            self._found_out(About.UPSTREAM, model.upstream)

    def end(self, ticket: Ticket, verdict: CallVerdict, now_s: float) -> None:
        """The call has ended; the breakers of its model and upstream are told the verdict."""
        model = ticket.model
        unit, upstream = self._unit(model), self._upstream(model.upstream)
        unit.in_flight -= 1
        if verdict is CallVerdict.UNSENT:
            self.give_back(ticket, now_s)
        if _turned(unit.breaker, ticket.model_epoch, verdict, now_s):
            self._found_out(About.MODEL, model.key)
        # An upstream that answers with an error is an upstream that answers.
        about_upstream = CallVerdict.GOOD if verdict is CallVerdict.BAD else verdict
        if _turned(upstream, ticket.upstream_epoch, about_upstream, now_s):
            self._found_out(About.UPSTREAM, model.upstream)

    def give_back(self, ticket: Ticket, now_s: float) -> None:
        """The call was never sent: what it took of the limits per minute was not used."""
        for rate, amount in _rates(self._unit(ticket.model), ticket.tokens):
            rate.give(amount, now_s)

    def limit(
        self,
        model: Model,
        for_s: float,
        now_s: float,
        *,
        tier: str = STANDARD,
        is_ours: bool = False,
    ) -> None:
        """No more calls to `model` for `for_s` seconds: for its provider, or for want of slots of ours (`is_ours`).

        A provider may have room for others when it has none for a cheaper or faster `tier`: whose limit that is.
        """
        self._limit(model.key, for_s, now_s, STANDARD if is_ours else tier)
        if not is_ours and tier == STANDARD:
            self._found_out(About.LIMIT, model.key)

    def relimit(self, models: Iterable[Model]) -> None:
        """The limits per minute of `models` may have changed; what was used of them stays used."""
        for place in (place for model in models for place in model.places):
            if place.key in self._called:
                unit, limits = self._units[place.key], place.limits
                unit.requests = _resized(unit.requests, limits.requests_per_minute)
                unit.tokens = _resized(unit.tokens, limits.tokens_per_minute)

    def news(self, now_s: float) -> News:
        """What this process has found out and not told yet."""
        notices = (self._notice(subject, now_s) for subject in self._news)
        return News(tuple(each for each in notices if each is not None), self._changes)

    def told(self, news: News) -> None:
        """The others have been told; what was found out since is still news."""
        self._news = {who: change for who, change in self._news.items() if change > news.upto}

    def heard(self, notice: Notice, now_s: float) -> None:
        """Follow what another process has found out, unless this one has newer findings of its own."""
        name = notice.subject.name
        if notice.subject in self._news:
            return
        match notice.subject.about:
            case About.MODEL:
                _follow(self._named(name).breaker, notice.for_s, now_s)
            case About.UPSTREAM:
                _follow(self._upstream(name), notice.for_s, now_s)
            case About.LIMIT:
                self._limit(name, notice.for_s or 0.0, now_s)

    def woke(self) -> None:
        """This process did not run for a while, in which calls in flight were not heard: how they end says nothing."""
        for breaker in (
            *(unit.breaker for unit in self._units.values()),
            *self._upstreams.values(),
        ):
            breaker.disregard()

    def standings(self, now_s: float) -> Iterator[UnitState]:
        """The state of everything that was ever called or heard of."""
        for name, unit in self._units.items():
            state, rest_s = unit.breaker.state(now_s), unit.breaker.closed_for_s(now_s)
            away_s = max(rest_s, _limited_s(unit, STANDARD, now_s))
            yield UnitState("model", name, state, away_s, unit.in_flight)
        for name, breaker in self._upstreams.items():
            yield UnitState("upstream", name, breaker.state(now_s), breaker.closed_for_s(now_s), 0)

    def _unit(self, model: Model) -> _Unit:
        key = model.key
        unit = self._named(key)
        if key not in self._called:
            self._called.add(key)
            unit.requests = _rate(model.limits.requests_per_minute)
            unit.tokens = _rate(model.limits.tokens_per_minute)
        return unit

    def _named(self, key: str) -> _Unit:
        if (unit := self._units.get(key)) is None:
            unit = self._units[key] = _Unit(Breaker(self.settings))
        return unit

    def _upstream(self, name: str) -> Breaker:
        if (breaker := self._upstreams.get(name)) is None:
            breaker = self._upstreams[name] = Breaker(self.settings)
        return breaker

    def _limit(self, key: str, for_s: float, now_s: float, tier: str = STANDARD) -> None:
        unit = self._named(key)
        lasting = {each: s for each, s in unit.limited_until_s.items() if s > now_s}
        unit.limited_until_s = {**lasting, tier: max(lasting.get(tier, now_s), now_s + for_s)}

    def _found_out(self, about: About, name: str) -> None:
        self._changes += 1
        self._news[Subject(about, name)] = self._changes

    def _notice(self, subject: Subject, now_s: float) -> Notice | None:
        """The state of `subject`; None when its time has run out by itself."""
        if subject.about is About.LIMIT:
            for_s = _limited_s(self._named(subject.name), STANDARD, now_s)
        else:
            is_model = subject.about is About.MODEL
            name = subject.name
            breaker = self._named(name).breaker if is_model else self._upstream(name)
            if breaker.state(now_s) is BreakerState.CLOSED:
                return Notice(subject, None)
            for_s = breaker.open_for_s(now_s)
        return Notice(subject, for_s) if for_s > 0 else None


def _turned(breaker: Breaker, epoch: int, verdict: CallVerdict, now_s: float) -> bool:
    """Tell the breaker a verdict; returns whether it has opened or closed because of it."""
    before = breaker.epoch
    match verdict:
        case CallVerdict.GOOD:
            breaker.succeeded(epoch, now_s)
        case CallVerdict.BAD | CallVerdict.UNREACHABLE:
            breaker.failed(epoch, now_s)
        case CallVerdict.NEITHER | CallVerdict.UNSENT:
            breaker.undecided(epoch)
    return breaker.epoch != before


def _follow(breaker: Breaker, for_s: float | None, now_s: float) -> None:
    if for_s is None:
        breaker.trust()
    else:
        breaker.rest(for_s, now_s)


def _rate(per_minute: int | None) -> Rate | None:
    return None if per_minute is None else Rate(per_minute)


def _resized(rate: Rate | None, per_minute: int | None) -> Rate | None:
    if rate is None or per_minute is None:
        return _rate(per_minute)
    rate.resize(per_minute)
    return rate


def _limited_s(unit: _Unit, tier: str, now_s: float) -> float:
    """Seconds until the limits that were met in this tier are over; 0 when they are."""
    limits = unit.limited_until_s
    if not limits:
        return 0.0
    return max([0.0, *(limits[each] - now_s for each in (tier, STANDARD) if each in limits)])


def _wait_s(unit: _Unit, tokens: int, now_s: float) -> float:
    return max((rate.wait_s(amount, now_s) for rate, amount in _rates(unit, tokens)), default=0.0)


def _rates(unit: _Unit, tokens: int) -> Iterator[tuple[Rate, int]]:
    """The limits per minute, and what a call takes of each."""
    if unit.requests is not None:
        yield unit.requests, 1
    if unit.tokens is not None:
        yield unit.tokens, tokens
