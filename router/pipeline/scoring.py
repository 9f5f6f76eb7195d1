"""Scores of answers: those that clients give, and those that an answer shows by itself.

An answer is examined once its last byte has been handed to the client, so that nobody waits for it. Small
ones are examined in the event loop, larger ones in a thread, and those that are larger still are skipped.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from router.domain.ledger import Entry
from router.domain.scored import Scored, ScoreSource, ScoringTerms
from router.features.turns import approves
from router.pipeline.questions import AnsweredQuestion, Questions
from router.ports import Ledger, World
from router.wire.answer import MalformedAnswer
from router.wire.chat import ChatRequest
from router.wire.dialects.dialect import Dialect
from router.wire.fitness import Fitness, of_ending, of_words, offers_tools, wants_json
from router.wire.native.in_chat import in_chat
from router.wire.question import question_of, rejected_question_of

_LARGEST_BYTES = 2**18
"""Of an answer that is examined: some 20,000 events, or a megabyte of them at four a token."""
_LARGEST_AT_ONCE = 2**13
_LARGEST_ASKED_AT_ONCE = 2**16
"""Bytes of an answer and of its request that take no longer here than the round trip to a thread."""
_MOST_WAITING = 32
_MOST_QUESTIONS = 10_000
_GATHERED_FOR_S = 0.25
"""One commit then serves all scores of that time; a commit for each would cost as much as a request."""
_PATIENCE_S = 5.0
"""How long a stop waits for answers being examined: loading the validator takes 0.1 s, or ten times that."""


class AnswerSeen(Struct, frozen=True):
    """What was seen of an answer: how its choices ended, and its bytes in pieces, if they were kept.

    These are of the answer's `dialect`.
    """

    finish_reasons: frozenset[str]
    refuses: bool
    calls_tools: bool
    pieces: Sequence[bytes] | None
    is_stream: bool
    dialect: Dialect = Dialect.CHAT


class Scorer:
    """Hands scores to the ledger, and counts them by their sources.

    `start` runs a coroutine in the background.
    """

    def __init__(
        self,
        ledger: Ledger,
        world: World,
        terms: ScoringTerms,
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.terms = terms
        self.counts = Counter(dict.fromkeys(ScoreSource, 0))
        self._ledger = ledger
        self._world = world
        self._start = start
        self._waiting = 0
        self._none_waits = asyncio.Event()
        self._none_waits.set()
        self._is_warm = False
        self._gathered: list[Scored] = []
        self._questions = Questions(terms.retry_window_s, _MOST_QUESTIONS)

    def keep(self, scores: Sequence[Scored]) -> Awaitable[None]:
        """Keep `scores`; the result is done when they are durable."""
        self.counts.update(each.source for each in scores)
        return self._ledger.score(scores)

    def gather(self, scored: Scored) -> None:
        """Keep `scored` soon, along with others: nobody waits for it."""
        if not self._gathered:
            asyncio.get_running_loop().call_later(_GATHERED_FOR_S, self.flush)
        self._gathered.append(scored)

    def flush(self) -> None:
        """Keep what was gathered, now."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            self.keep(gathered)

    async def close(self) -> None:
        """Keep what was found, and what comes of the answers that are still being examined."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._none_waits.wait()
        self.flush()

    def found(self, entry: Entry, findings: Iterable[Fitness]) -> None:
        """Keep what was found of the answer of `entry`."""
        whose = (entry.request_id, entry.model, entry.category)
        for each in findings:
            at_s = self._world.unix_s()
            self.gather(Scored(*whose, each.score, each.source, each.reason, at_s))

    def look_into(self, entry: Entry, request: ChatRequest, seen: AnswerSeen) -> None:
        """Find out whether the words of an answer fit the request, now or in a moment."""
        if seen.pieces is None or sum(map(len, seen.pieces)) > _LARGEST_BYTES:
            return
        body = b"".join(seen.pieces)
        is_small = len(body) <= _LARGEST_AT_ONCE and len(request.raw) <= _LARGEST_ASKED_AT_ONCE
        if is_small and self._is_warm:
            self.found(entry, _in_words(request, body, seen))
        elif self._waiting < _MOST_WAITING:
            self._waiting += 1
            self._none_waits.clear()
            self._start(self._look_apart(entry, request, body, seen))

    def asked(self, question: bytes, entry: Entry, arrived_s: float) -> None:
        """`question` came at `arrived_s`, and now has its answer; an earlier answer was not good enough."""
        self.rejected(question, arrived_s)
        self.given(question, entry)

    def given(self, question: bytes, entry: Entry) -> None:
        """`question` now has its answer, whatever earlier ones were like."""
        now_s = self._world.monotonic_s()
        answered = AnsweredQuestion(entry.request_id, entry.model, entry.category, now_s)
        self._questions.note(question, answered)

    def rejected(self, question: bytes, arrived_s: float) -> None:
        """`question` was asked again at `arrived_s`: if it had an answer lately, that was not good enough."""
        earlier = self._questions.rejected(question, arrived_s)
        if earlier is None:
            return
        after_s = arrived_s - earlier.at_s
        reason = f"the same question was asked again after {after_s:.0f} s"
        at_s = self._world.unix_s()
        whose = (earlier.request_id, earlier.model, earlier.category)
        self.gather(Scored(*whose, 0.0, ScoreSource.RETRY, reason, at_s))

    async def _look_apart(
        self, entry: Entry, request: ChatRequest, body: bytes, seen: AnswerSeen
    ) -> None:
        try:
            self.found(entry, await asyncio.to_thread(_in_words, request, body, seen))
            self._is_warm = True  # the validator is loaded, which would have held up the loop
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._none_waits.set()


def _in_words(request: ChatRequest, body: bytes, seen: AnswerSeen) -> list[Fitness]:
    """What the words of an answer show; nothing where chat cannot express it."""
    try:
        told = in_chat(body, seen.dialect, "", is_stream=seen.is_stream)
    except MalformedAnswer:
        return []
    original = request.original
    lists_all = original is None or original.unsaid is None
    return list(of_words(request.body, told, is_stream=seen.is_stream, lists_all=lists_all))


class Scoring(Struct, frozen=True):
    """The scoring of one request: who asks what, and when it came."""

    scorer: Scorer
    request: ChatRequest
    asker: tuple[str, ...]
    arrived_s: float

    @property
    def most_kept_bytes(self) -> int:
        """How much of a stream must be kept to be examined; 0 for a request with nothing to examine."""
        wanted = self.scorer.terms.automatic and self._may_need_a_look
        return _LARGEST_BYTES if wanted else 0

    def answered(self, entry: Entry, seen: AnswerSeen) -> None:
        """The client gets this answer; it is examined once it has been sent."""
        if self.scorer.terms.automatic:
            asyncio.get_running_loop().call_soon(self._look, entry, seen)

    def handed_out(self, entry: Entry) -> None:
        """The client gets an answer that was stored, which was examined when it was written.

        It says nothing against the same answer to an earlier request: who expects another one bypasses the cache, and
        popular questions are asked by many behind one key.
        """
        terms = self.scorer.terms
        if terms.automatic and terms.retry_window_s > 0:
            asyncio.get_running_loop().call_soon(self._note, entry)

    @property
    def _may_need_a_look(self) -> bool:
        return wants_json(self.request.body) or offers_tools(self.request.body)

    def _look(self, entry: Entry, seen: AnswerSeen) -> None:
        body = self.request.body
        self._follow(entry)
        if seen.refuses or seen.finish_reasons != _USUAL:
            endings = of_ending(body, seen.finish_reasons, refuses=seen.refuses)
            self.scorer.found(entry, endings)
        if seen.calls_tools or wants_json(body):
            self.scorer.look_into(entry, self.request, seen)

    def _follow(self, entry: Entry) -> None:
        """Note the question, and reject the answer to an earlier one that it repeats; "go on" repeats none."""
        if self.scorer.terms.retry_window_s <= 0:
            return
        before = rejected_question_of(self.request, *self.asker)
        if before is not None and not approves(self.request.messages[-1]):
            self.scorer.rejected(before, self.arrived_s)
        if (question := question_of(self.request, *self.asker)) is not None:
            self.scorer.asked(question, entry, self.arrived_s)

    def _note(self, entry: Entry) -> None:
        if (question := question_of(self.request, *self.asker)) is not None:
            self.scorer.given(question, entry)


_USUAL = frozenset({"stop"})
