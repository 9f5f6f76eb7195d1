"""What only a request with a cascade needs: judges for its steps, words for its outcome, and later checks."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from msgspec import Struct

from router.decision.verdicts import Pairing, StepOutcome, allowed_share
from router.dispatch.cascade_machine import CascadeMachine, How, StepEnd
from router.dispatch.commands import Start
from router.dispatch.fleet import CallVerdict
from router.domain.cascade import CascadeTerms, Ruling
from router.pipeline.attempts import Begun, Failed, Race, Runtime
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.cascade_race import CascadeRace, Panel
from router.pipeline.judge import Judge
from router.pipeline.opened import OpenedPlain
from router.pipeline.request_context import RequestContext
from router.pipeline.ruling import Referee
from router.ports import Call

_CHECK = "check"
_LONGEST_WHY = 160
"""Characters of a reason in a header."""
_TOLD: dict[How, str] = {How.CANNOT_TELL: "cannot tell"}


class Cascading(Struct, frozen=True):
    """The steps of one request as they are run; `start` runs a coroutine in the background.

    `tolerance` is the loss of quality by accepted answers that the policy allows; `check_s` is how long a check may
    take, whatever time its client had.
    """

    cascade_machine: CascadeMachine
    panel: Panel
    terms: CascadeTerms
    tolerance: float
    check_s: float
    start: Callable[[Coroutine[Any, Any, None]], None]

    @classmethod
    def of(
        cls,
        cascade_machine: CascadeMachine,
        context: RequestContext,
        judge: Judge,
        referee: Referee,
        check_s: float,
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> "Cascading":
        """The cascade of `cascade_machine` for a request, as its policy wants it."""
        terms, features = context.terms, context.features
        panel = Panel(
            referee,
            context.request,
            features.category,
            judge_named=lambda name, answer: judge.judging(name, answer, features, terms),
            verdicts=judge.verdicts,
        )
        return cls(cascade_machine, panel, terms.cascade, terms.within, check_s, start)

    @property
    def words(self) -> str:
        """How the cascade has ended, short enough for a header and in printable ASCII."""
        return _told(self.cascade_machine.ends, len(self.cascade_machine.cascade.steps))

    def race(self, call_for: Callable[[Start], Call], runtime: Runtime, books: Bookkeeper) -> Race:
        """The race that runs the cascade."""
        return CascadeRace(self.cascade_machine, call_for, runtime, books, self.panel)

    def answered(
        self, begun: Begun, call_for: Callable[[Start], Call], runtime: Runtime, books: Bookkeeper
    ) -> None:
        """The client has got this answer: for a share of the accepted ones, the final model is asked as well."""
        is_checked = begun.start.is_whole and runtime.world.chance() < self.terms.check_share
        if is_checked:
            self.start(
                self._checked(
                    begun, Race(self.cascade_machine, call_for, runtime, books), runtime, books
                )
            )

    async def _checked(self, begun: Begun, race: Race, runtime: Runtime, books: Bookkeeper) -> None:
        """Count whether the final model gives the same answer. That is paid for, and nobody gets it."""
        start = self.cascade_machine.check(runtime.world.monotonic_s(), self.check_s)
        if start is None:
            return
        try:
            event = await race.attempt(start)
            seen = await self._seen(begun, event, runtime, books)
        finally:
            books.post_afterwards()
        step, final = self.cascade_machine.ends[-1].step, self.cascade_machine.cascade.final
        pairing = Pairing.of(step.candidates, final, self.panel.category, step.checks)
        self.panel.verdicts.note(pairing, seen, allowed_share(step.prospect, self.tolerance))

    async def _seen(
        self, begun: Begun, event: Begun | Failed, runtime: Runtime, books: Bookkeeper
    ) -> StepOutcome:
        now_s, attempt = runtime.world.monotonic_s(), event.start.attempt
        if isinstance(event, Failed):
            cost = books.failed(event.start, event.fault, event.timing)
            self.cascade_machine.failed(attempt, event.fault, now_s, cost)
            return StepOutcome.UNCHECKED
        self.cascade_machine.calls.end(attempt, CallVerdict.GOOD, now_s)
        match begun.opened, event.opened:
            case OpenedPlain() as taken, OpenedPlain() as made:
                books.step_rejected(event, made.heard, _CHECK)
                panel = self.panel
                return _SEEN[await panel.referee.agree(panel.request, taken.body, made.body)]
        return StepOutcome.UNCHECKED


_SEEN = {
    Ruling.ACCEPT: StepOutcome.RIGHT,
    Ruling.REJECT: StepOutcome.WRONG,
    Ruling.CANNOT_TELL: StepOutcome.UNCHECKED,
}


def _told(ends: Sequence[StepEnd], steps: int) -> str:
    """How the steps have ended: `accepted 1/1`, or `escalated` and why each step was not enough."""
    if ends and ends[-1].how is How.ACCEPTED:
        return _ascii(f"accepted {len(ends)}/{steps}: {ends[-1].why}")
    return "escalated: " + "; ".join(_parts(ends, steps))


def _parts(ends: Sequence[StepEnd], steps: int) -> Iterator[str]:
    for number, end in enumerate(ends, 1):
        yield _ascii(f"{number}/{steps} {_TOLD.get(end.how, end.how.value)}: {end.why}")


def _ascii(words: str) -> str:
    """`words` as a header may have them: printable ASCII, and not too long."""
    short = words if len(words) <= _LONGEST_WHY else words[: _LONGEST_WHY - 3] + "..."
    return "".join(each if " " <= each <= "~" else "?" for each in short)
