"""Rules for staying with a model or switching to another, each given the same: what is adequate, and the prices.

Only the last is Farthing's: it runs the same code that decides requests, and learns along the way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.sessions.provider import KEPT_S, Models, Providers
from benchmarks.sessions.traces import Call, Turn
from router.decision.choose import choose
from router.decision.experience import Experience, ObservedAnswer
from router.decision.policy import Circumstances, Policy, Terms
from router.decision.threads import Threads
from router.domain.category import Category
from router.domain.features import Features
from router.domain.model import Capability, Model
from router.domain.usage import Usage


class Rule(Protocol):
    """Says who answers a call, and is told what that used."""

    def choose(self, call: Call) -> Model:
        """Who answers."""
        ...

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """It has."""
        ...


def quality(who: Model) -> float:
    """The model's chance of a good answer."""
    return who.abilities[Category.CODE_EDITING].p


@dataclass(frozen=True)
class Pool:
    """The models that may be asked."""

    models: Models

    @property
    def best(self) -> Model:
        """The most expensive, which is the best."""
        return max(self.models.values(), key=quality)

    def adequate(self, need: float) -> list[Model]:
        """Those that are good enough, the cheapest first."""
        good = (each for each in self.models.values() if quality(each) >= need)
        return sorted(good, key=lambda each: each.price.input_pico)


class AlwaysTheBest:
    """The best model from the first call to the last, side tasks too: an agent without a router."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def choose(self, call: Call) -> Model:  # noqa: ARG002 - whatever the call is
        """Who answers."""
        return self._pool.best

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """Nothing is learnt."""


class StickToFirst:
    """The cheapest adequate model for the first wish; a better one as soon as a wish needs it, from then on."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._with: dict[str, Model] = {}

    def choose(self, call: Call) -> Model:
        """Who answers."""
        name, good = call.thread.split(" part ")[0], self._pool.adequate(call.need)
        if call.turn is Turn.CHORE:
            return good[0]
        if (now := self._with.get(name)) is None or quality(now) < call.need:
            now = self._with[name] = good[0]
        return now

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """Nothing is learnt."""


class EachCall:
    """Each call by its own words: the cheapest that looks adequate."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def choose(self, call: Call) -> Model:
        """Who answers."""
        return self._pool.adequate(call.looks)[0]

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """Nothing is learnt."""


class EachWish:
    """Each wish separately, together with its loop: the cheapest adequate model, whichever model has read what."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def choose(self, call: Call) -> Model:
        """Who answers."""
        return self._pool.adequate(call.need)[0]

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """Nothing is learnt."""


class SwitchBudget:
    """Stays, and adds up what it would have saved elsewhere; switches once that has paid for the switch.

    The rent-or-buy rule: never more than about twice what knowing the future would have cost.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._with: dict[str, Model] = {}
        self._saved: dict[str, float] = {}

    def choose(self, call: Call) -> Model:
        """Who answers."""
        good = self._pool.adequate(call.need)
        if call.turn is not Turn.HUMAN:
            now = self._with.get(call.thread)
            return now if now is not None and call.turn is Turn.TOOL else good[0]
        now = self._with.get(call.thread)
        if now is None or quality(now) < call.need:
            return self._go(call, good[0])
        if self._saved.get(call.thread, 0.0) >= self._anew(good[0], call):
            return self._go(call, good[0])
        return now

    def _go(self, call: Call, who: Model) -> Model:
        self._saved[call.thread] = 0.0
        self._with[call.thread] = who
        return who

    def _anew(self, who: Model, call: Call) -> float:
        """What reading the conversation again costs, compared with reading it from the cache."""
        usage = Providers().usage(who, call)
        warm = Usage(0, call.prompt_tokens, 0, call.output_tokens)
        return float((who.price.charge(usage) - who.price.charge(warm)).pico)

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """What it used is learnt from."""
        if call.turn is Turn.CHORE:
            return
        cheap = self._pool.adequate(call.need)[0].price.charge(usage).pico
        saved = who.price.charge(usage).pico - cheap
        self._saved[call.thread] = self._saved.get(call.thread, 0.0) + max(0, saved)


class Ours:
    """Farthing: wishes by what the whole conversation is likely to cost, loops with the model that runs them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._threads, self._experience = Threads(), Experience()
        self._loops: dict[str, str] = {}

    def choose(self, call: Call) -> Model:
        """Who answers."""
        features = _features(call)
        known = call.turn is not Turn.CHORE or self._threads.knows(call.thread)
        conversation = (
            self._threads.conversation(call.thread, call.prompt_tokens, call.at_s, has_tools=True)
            if known
            else None
        )
        stays = self._loops.get(call.thread, "") if call.turn is Turn.TOOL else ""
        who = Circumstances(stays_with=stays, conversation=conversation)
        policy = Policy("agents", "1", "", Terms(floor=call.need))
        decision = choose(features, who, policy, self._pool.models, self._experience)
        return decision.chosen.model

    def answered(self, call: Call, who: Model, usage: Usage) -> None:
        """What it used is learnt from."""
        is_housekeeping = call.turn is Turn.CHORE
        if not is_housekeeping:
            self._loops[call.thread] = who.id
        self._threads.answered(
            call.thread,
            who.key,
            usage,
            call.prompt_tokens,
            call.at_s,
            has_tools=True,
            is_housekeeping=is_housekeeping,
        )
        self._experience.observe(
            who,
            _features(call).category,
            ObservedAnswer(
                output_tokens=call.output_tokens, first_content_s=1.0, total_s=2.0, at_s=call.at_s
            ),
        )


def _features(call: Call) -> Features:
    chore = call.turn is Turn.CHORE
    category = Category.HOUSEKEEPING if chore else Category.CODE_EDITING
    needs = frozenset[Capability]() if chore else frozenset({Capability.TOOLS})
    return Features(call.prompt_tokens, category, needs=needs)


RULES: dict[str, Callable[[Pool], Rule]] = {
    "always the best": AlwaysTheBest,
    "stay, up only": StickToFirst,
    "each call by itself": EachCall,
    "each wish by itself": EachWish,
    "switch budget": SwitchBudget,
    "farthing": Ours,
}


def in_hindsight(calls: Sequence[Call], pool: Pool) -> int:
    """Pico-dollars of the cheapest way for a session whose end is known.

    Every wish's loop has one model; a model that is returned to is assumed to have kept nothing, so it is a bound
    for rules that seldom switch back and forth.
    """
    chores = sum(_chore_pico(each, pool) for each in calls if each.turn is Turn.CHORE)
    best: dict[str, int] = {}
    before: Call | None = None
    for loop in _loops([each for each in calls if each.turn is not Turn.CHORE]):
        good = pool.adequate(loop[0].need)
        least = min(best.values(), default=0)
        goes = {each.id: least + _loop_pico(each, loop, None) for each in good}
        stays = {
            each.id: best[each.id] + _loop_pico(each, loop, before)
            for each in good
            if each.id in best
        }
        best = {name: min(cost, stays.get(name, cost)) for name, cost in goes.items()}
        before = loop[-1]
    return chores + min(best.values(), default=0)


def _loops(calls: Sequence[Call]) -> list[list[Call]]:
    found: list[list[Call]] = []
    for call in calls:
        if call.turn is Turn.HUMAN or not found:
            found.append([])
        found[-1].append(call)
    return found


def _loop_pico(who: Model, loop: Sequence[Call], before: Call | None) -> int:
    providers = Providers()
    if before is not None:
        providers.kept[who.id, before.thread] = (before.prompt_tokens, before.at_s + KEPT_S)
    for call in loop:
        providers.answer(who, call)
    return providers.cost.pico


def _chore_pico(call: Call, pool: Pool) -> int:
    who = pool.adequate(call.need)[0]
    return who.price.charge(Providers().usage(who, call)).pico
