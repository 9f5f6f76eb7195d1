"""The calls of a cascade's steps, side by side, and after them the attempts of its final model."""

import asyncio
from collections.abc import Callable, Collection, Sequence

import orjson
from msgspec import Struct

from router.acceptance.judging import judge_request, mark_in
from router.acceptance.said import shown
from router.decision.estimate import RUBRIC_TOKENS
from router.decision.verdicts import Pairing, StepOutcome, Verdicts
from router.dispatch.cascade_machine import CascadeMachine, How, StepEnd
from router.dispatch.commands import Cancel, CheckAnswers, Command, Commit, Start
from router.dispatch.fleet import CallVerdict
from router.domain.candidate import Candidate
from router.domain.cascade import Check, Opinion, Ruling, Step, Test
from router.domain.category import Category
from router.domain.ledger import Outcome
from router.domain.members import replace
from router.domain.money import ZERO
from router.domain.price import STANDARD
from router.domain.usage import Usage
from router.domain.vector import cosine
from router.ledger.account import CHARS_PER_TOKEN, NOTHING_HEARD, Embedding, Heard, Timing
from router.pipeline.attempts import Begun, Failed, Race, Runtime, Stopwatch
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.mistakes import embedded_by
from router.pipeline.opened import OpenedPlain
from router.pipeline.replayed import Replayed
from router.pipeline.ruling import Cosines, FoundOut, Referee, answer_in
from router.ports import Call
from router.wire.answer import MalformedAnswer
from router.wire.chat import ChatRequest

_NOT_TAKEN = "not_taken"
_JUDGE = "judge"
_GIVEN_UP = "given_up"
"""Words for the books: another answer of the step was taken; it was a verdict; the request has failed."""


class Panel(Struct, frozen=True):
    """What the steps of one request are judged by.

    `judge_named` finds a judging model by its id, with what its verdict on an answer of a candidate costs.
    """

    referee: Referee
    request: ChatRequest
    category: Category
    judge_named: Callable[[str, Candidate], Candidate | None]
    verdicts: Verdicts

    def note(self, end: StepEnd, final: Candidate) -> None:
        """Count how a step has ended."""
        pairing = Pairing.of(end.step.candidates, final, self.category, end.step.checks)
        self.verdicts.note(pairing, StepOutcome(end.how.value))


class CascadeRace(Race):
    """Runs a cascade. While a step is judged, nothing of its answers is shown to anybody."""

    def __init__(
        self,
        cascade_machine: CascadeMachine,
        call_for: Callable[[Start], Call],
        runtime: Runtime,
        books: Bookkeeper,
        panel: Panel,
    ) -> None:
        super().__init__(
            cascade_machine,
            lambda start: self._verdict_calls.get(start.attempt) or call_for(start),
            runtime,
            books,
        )
        self._cascade_machine = cascade_machine
        self._books = books
        self._panel = panel
        self._answers: dict[int, Begun] = {}
        self._verdict_calls: dict[int, Call] = {}
        self._unheard: dict[int, Heard] = {}
        self._noted = 0
        self._judging_cost = ZERO

    async def _first(self) -> Begun:
        commands = self._cascade_machine.begin(self._now_s())
        self._note_ends()
        while not self._cascade_machine.is_final:
            await self._obey_cancels(commands)
            self._take(commands)
            commands = await self._happening(commands)
            taken = self._taken(commands)
            self._note_ends()
            if taken is not None:
                return taken
        await self._obey_cancels(commands)
        return await self._raced(commands)

    async def _happening(self, commands: Sequence[Command]) -> tuple[Command, ...]:
        """What follows the next thing that happens: an answer, a failure, a ruling."""
        judge = next((each for each in commands if isinstance(each, CheckAnswers)), None)
        if judge is None:
            return self._tell(await self._next_event())
        opinion = await self._opinion(judge)
        cost, self._judging_cost = self._judging_cost, ZERO
        return self._cascade_machine.ruled(opinion, self._now_s(), cost)

    def _tell(self, event: Begun | Failed | None) -> tuple[Command, ...]:
        if not isinstance(event, Begun) or not event.start.is_whole:
            return super()._tell(event)
        start, begun, now_s = event.start, replace(event, ended=event.timing()), self._now_s()
        if start.candidate.model.replica:
            self._cascade_machine.calls.measured(start.attempt, event.slowness, now_s)
        self._answers[start.attempt] = begun
        cost = self._books.cost_of(begun, _whole(begun).heard)
        return self._cascade_machine.answered(start.attempt, now_s, cost)

    def _taken(self, commands: Sequence[Command]) -> Begun | None:
        """The answer that was accepted, if one was."""
        taken = (each.attempt for each in commands if isinstance(each, Commit))
        return next((self._answers.pop(attempt) for attempt in taken), None)

    def _note_ends(self) -> None:
        """Count the steps that have ended, and book the answers that were not taken."""
        for end in self._cascade_machine.ends[self._noted :]:
            self._panel.note(end, self._cascade_machine.cascade.final)
            self._reject(_NOT_TAKEN if end.how is How.ACCEPTED else end.how.value)
        self._noted = len(self._cascade_machine.ends)

    def _reject(self, why: str) -> None:
        answers, self._answers = self._answers, {}
        for begun in answers.values():
            self._books.step_rejected(begun, _whole(begun).heard, why)

    # ------------------------------------------------------------------------------ stopping

    async def _obey_cancels(self, commands: Collection[Command]) -> None:
        """Stop calls whose answers can no longer pass a check."""
        numbers = {each.attempt for each in commands if isinstance(each, Cancel)}
        tasks = [task for task, start in self._tasks.items() if start.attempt in numbers]
        if not tasks:
            return
        for task in tasks:
            del self._tasks[task]
        self._stopped_by = Outcome.REJECTED
        try:
            await self._stop_these(tasks)
        finally:
            self._stopped_by = Outcome.CLIENT_LEFT

    async def _stop_all(self) -> None:
        try:
            await super()._stop_all()
        finally:
            self._book_answers()

    def _book_answers(self) -> None:
        """Book the answers that nobody gets."""
        if self._stopped_by is not Outcome.CLIENT_LEFT:
            return self._reject(_GIVEN_UP)
        answers, self._answers = self._answers, {}
        for begun in answers.values():
            self._left_behind(begun)
        return None

    def _book_stopped(self, start: Start, timing: Timing) -> None:
        heard = self._unheard.get(start.attempt, NOTHING_HEARD)
        self._books.stopped(start, timing, self._stopped_by, heard)

    def _unwanted(self, begun: Begun) -> None:
        if not begun.start.is_whole:
            return super()._unwanted(begun)
        self._cascade_machine.calls.end(begun.start.attempt, CallVerdict.NEITHER, self._now_s())
        if self._stopped_by is Outcome.CLIENT_LEFT:
            return self._left_behind(begun)
        return self._books.step_rejected(begun, _whole(begun).heard, How.FAILED.value)

    def _left_behind(self, begun: Begun) -> None:
        """Book an answer whose client left before it was clear whether it would be taken."""
        left = Outcome.CLIENT_LEFT
        self._books.broke_off(begun, _whole(begun).heard, left, left.value)

    # ------------------------------------------------------------------------------- judging

    async def _opinion(self, judge: CheckAnswers) -> Opinion:
        """The opinion on a step's answers; none that cannot be told as a stream is taken if the client wants one."""
        answers = [self._answers.get(attempt) for attempt in judge.attempts]
        bodies = [None if each is None else _whole(each).body for each in answers]
        found_out = FoundOut(
            await self._marks(judge.step, answers), await self._cosines(judge.step, answers)
        )
        panel = self._panel
        opinion = await panel.referee.ruled(judge.step.checks, panel.request, bodies, found_out)
        taken = None if opinion.taken is None else answers[opinion.taken]
        if taken is None or not panel.request.stream:
            return opinion
        try:
            Replayed.of(_whole(taken), "")
        except MalformedAnswer as malformed:
            return Opinion(Ruling.CANNOT_TELL, str(malformed))
        return opinion

    async def _marks(self, step: Step, answers: Sequence[Begun | None]) -> Sequence[float | None]:
        """The mark that a judge gives each answer; empty if no judge is to be asked."""
        if (check := _check_of(step, Test.JUDGE)) is None:
            return ()
        async with asyncio.TaskGroup() as group:
            marks = [group.create_task(self._mark(check.judge, each)) for each in answers]
        return [mark.result() for mark in marks]

    async def _mark(self, judge: str, answer: Begun | None) -> float | None:
        """The mark for one answer: a call like any other, whose answer nobody gets."""
        text = shown(answer_in(_whole(answer).body)) if answer else ""
        start = self._consulted(judge, answer.start.candidate) if answer and text else None
        if start is None:
            return None
        unheard = self._of_verdict(NOTHING_HEARD, text)
        self._verdict_calls[start.attempt] = self._verdict_call(start, text)
        self._unheard[start.attempt] = unheard
        event, now_s = await self.attempt(start), self._now_s()
        if isinstance(event, Failed):
            cost = self._books.failed(start, event.fault, event.timing, unheard)
            self._cascade_machine.failed(start.attempt, event.fault, now_s, cost)
            return None
        self._cascade_machine.calls.end(start.attempt, CallVerdict.GOOD, now_s)
        said = _whole(event)
        heard = self._of_verdict(said.heard, text)
        self._judging_cost += self._books.rejected(event, heard, _JUDGE).cost
        return mark_in(answer_in(said.body))

    def _consulted(self, judge: str, answer: Candidate) -> Start | None:
        """The call for the verdict on an answer; None if there is no such judge, or it may not be asked."""
        found = self._panel.judge_named(judge, answer)
        return None if found is None else self._cascade_machine.consult(found, self._now_s())

    def _of_verdict(self, heard: Heard, answer: str) -> Heard:
        """`heard` as of a verdict on an answer, which is asked for with another prompt, and in no tier."""
        features = self._books.account.decision.features
        read = features.prompt_tokens + len(answer) // CHARS_PER_TOKEN + RUBRIC_TOKENS
        return replace(heard, prompt=Usage(read), service_tier=heard.service_tier or STANDARD)

    def _verdict_call(self, start: Start, answer: str) -> Call:
        panel, model = self._panel, start.candidate.model
        asked = judge_request(model, panel.request.messages, answer, "")
        body = {**asked, "model": model.name}
        headers = self._books.request_observer.onward(start.attempt)
        return Call(model, orjson.dumps(body), body, stream=False, headers=headers)

    async def _cosines(self, step: Step, answers: Sequence[Begun | None]) -> Cosines:
        """The cosines between the answers, if they are to be compared and all of them have a vector."""
        if _check_of(step, Test.SIMILARITY) is None or self._panel.referee.embedder is None:
            return ()
        texts = ["" if each is None else shown(answer_in(_whole(each).body)) for each in answers]
        async with asyncio.TaskGroup() as group:
            made = [group.create_task(self._vector(text)) for text in texts]
        vectors = [each.result() for each in made]
        if any(text and not vector for text, vector in zip(texts, vectors, strict=True)):
            return ()
        return [[cosine(one, other) for other in vectors] for one in vectors]

    async def _vector(self, text: str) -> tuple[float, ...]:
        """The vector of a text, whose cost is booked; empty if there is none."""
        referee = self._panel.referee
        if not text or referee.embedder is None:
            return ()
        watch = Stopwatch.started(self._runtime.world)
        embedded = await embedded_by(referee.embedder, text)
        if embedded is None:
            return ()
        if embedded.tokens:
            by = referee.vectors
            embedding = Embedding(by.upstream, by.model, embedded.tokens, by.per_token)
            number = self._cascade_machine.count()
            cost = await self._books.compared(number, embedding, watch.timing())
            self._judging_cost += cost
        return embedded.vector

    def _now_s(self) -> float:
        return self._runtime.world.monotonic_s()


def _check_of(step: Step, test: Test) -> Check | None:
    return next((check for check in step.checks if check.test is test), None)


def _whole(begun: Begun) -> OpenedPlain:
    """What a step's call has brought, which is never a stream."""
    if not isinstance(begun.opened, OpenedPlain):
        raise TypeError("a step asks for whole answers")
    return begun.opened
