"""The path of a call that Farthing does not understand: let through, watched as it passes, and booked.

What it costs is known only afterwards, and only if the answer reports its usage: so it is refused once a
budget is used up, and not before. Whatever cannot be priced is booked as unpriced, and logged.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from msgspec import Struct, field

from router.domain.budget import Balance
from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed, Fault
from router.domain.ledger import CostSource, Outcome
from router.domain.members import replace
from router.domain.money import ZERO
from router.domain.passthrough import PassthroughTerms
from router.domain.usage import UsageSource
from router.ledger.account import AttemptEnding
from router.ledger.charge import NO_CHARGE, Charge, charged
from router.ledger.rulebook import Payer, tightest
from router.ledger.unrouted import UnroutedKind, UnroutedRequest
from router.pipeline.attempts import Stopwatch
from router.pipeline.flow import Pipeline
from router.pipeline.passthrough_upstream import (
    PassthroughAnswer,
    PassthroughCall,
    PassthroughUpstream,
)
from router.pipeline.refusals import budget_exceeded, limit_exceeded
from router.pipeline.request_context import Caller
from router.pipeline.request_observer import RequestObserver
from router.ports import Reservation
from router.wire.passthrough import BodyEnds, Headers, answer_headers, plain_path

_LOG = logging.getLogger(__name__)
_MOST_TOLD = 1000
"""Warnings that are remembered, and so logged: it is clients who name the models in them."""


class Relayed:
    """The body of an answer as it comes; the sender must close it, whatever happens.

    `book` is called once, with what was heard and how it ended. A whole body ends only once it is booked; one of
    stated length is booked before its last piece, with which the client has all of it.
    """

    def __init__(
        self,
        answer: PassthroughAnswer,
        heard: BodyEnds,
        book: Callable[[BodyEnds, AttemptEnding], Awaitable[None]],
    ) -> None:
        self._answer = answer
        self._pieces = answer.pieces()
        self._heard = heard
        self._book = book
        self._ending: AttemptEnding | None = None
        self._left = _stated_bytes(answer.headers)

    def __aiter__(self) -> "Relayed":
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises AttemptFailed when the upstream breaks off."""
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            await self._whole()
            raise
        except AttemptFailed as failed:
            await self._end(AttemptEnding(Outcome.CUT, self._answer.status, failed.fault.code))
            raise
        self._heard.feed(piece)
        if self._left is not None:
            self._left -= len(piece)
            if self._left <= 0:
                await self._whole()
        return piece

    async def _whole(self) -> None:
        if self._ending is None:
            await self._end(_ended(self._answer.status))

    async def aclose(self) -> None:
        """Let go of the upstream; a body that was not read to its end was left by the client."""
        if self._ending is None:
            self._end(_LEFT)  # nobody is left to wait for it
        await self._answer.close()

    def _end(self, ending: AttemptEnding) -> Awaitable[None]:
        self._ending = ending
        return self._book(self._heard, ending)


def _stated_bytes(headers: Iterable[tuple[str, str]]) -> int | None:
    """The length that an answer states for its body, None where it states none."""
    stated = [value for name, value in headers if name.lower() == "content-length"]
    return int(stated[0]) if stated and stated[0].isdecimal() else None


class PassthroughReply(Struct, frozen=True):
    """What the client gets."""

    status: int
    headers: Headers
    body: Relayed


class Passthrough(Struct, frozen=True):
    """Passes calls to one upstream. `told` is what was already logged about calls without a price."""

    terms: PassthroughTerms
    upstream: PassthroughUpstream
    told: set[str] = field(default_factory=set)

    def pattern_of(self, raw_path: str) -> str | None:
        """The pattern that lets a path through, None where none does."""
        path = plain_path(raw_path)
        return None if path is None else self.terms.pattern_of(path)

    async def passed(
        self, pipeline: Pipeline, call: PassthroughCall, asked: BodyEnds, caller: Caller
    ) -> PassthroughReply:
        """The answer to a call that a pattern lets through; `asked` hears the request go by.

        Raises ApiError for what is refused, and where the upstream does not answer.
        """
        _check_grants(caller)
        path = plain_path(f"/v1{call.target}") or ""
        pattern = self.terms.pattern_of(path) or path
        is_free = self.terms.is_free(call.method, path)
        passed = _Call(self, pipeline, caller, call, asked, pattern, is_free)
        await passed.admit()
        return await passed.sent()


def _check_grants(caller: Caller) -> None:
    """Raise ApiError 403 for a key of certain models or policies only: which model answers is not known here."""
    if caller.grants.models or caller.grants.policies:
        raise ApiError(
            403,
            "This API key may use only certain models or policies, and this call would be passed"
            " through unread.",
            code="passthrough_not_allowed",
        )


class _Call(Struct):
    """One call on its way."""

    passthrough: Passthrough
    pipeline: Pipeline
    caller: Caller
    call: PassthroughCall
    asked: BodyEnds
    pattern: str
    is_free: bool
    _held: Reservation | None = None
    _request_id: str = ""

    async def admit(self) -> None:
        """Count the call against its rate limits, and check that there is money. Raises ApiError 429 and 402."""
        rulebook, caller = self.pipeline.rulebook, self.caller
        payer = Payer(caller.key, caller.tags, "", caller.grants)
        limits, budgets = rulebook.limits_for(payer), rulebook.budgets_for(payer)
        if limits and (exceeded := await self.pipeline.rate_limiter.take(limits, 0)):
            raise limit_exceeded(exceeded)
        if self.is_free or not budgets:
            return
        balance = tightest(await self.pipeline.budget_store.look(budgets))
        if balance.left <= ZERO:
            raise budget_exceeded(balance)
        held = await self.pipeline.budget_store.reserve(budgets, ZERO)
        if isinstance(held, Balance):
            raise budget_exceeded(held)
        self._held = held

    async def sent(self) -> PassthroughReply:
        """The head of the answer, and its body to come. Raises ApiError when the upstream gives none."""
        watch = Stopwatch.started(self.pipeline.runtime.world)
        try:
            answer = await self.passthrough.upstream.send(self.call)
        except AttemptFailed as failed:
            fault = failed.fault
            ending = AttemptEnding(Outcome.FAILED, fault.status, fault.code)
            charge = self._unknown(fault.message) if fault.reached_model else NO_CHARGE
            await self._book(watch, charge, ending)
            raise self._error(fault) from None
        except BaseException:
            self._book(watch, self._unknown("the client disconnected"), _LEFT)
            raise
        self._request_id = answer.request_id
        types = (value for name, value in answer.headers if name.lower() == "content-type")
        body = Relayed(answer, BodyEnds(next(types, "")), partial(self._relayed, watch))
        return PassthroughReply(answer.status, answer_headers(answer.headers), body)

    def _relayed(self, watch: Stopwatch, heard: BodyEnds, ending: AttemptEnding) -> Awaitable[None]:
        """The answer has ended in some way."""
        return self._book(watch, self._charge(heard, ending), ending, heard.model)

    def _charge(self, heard: BodyEnds, ending: AttemptEnding) -> Charge:
        """What the call has cost, as far as its answer shows."""
        if self.is_free or ending.outcome is Outcome.FAILED:
            return NO_CHARGE
        if (usage := heard.usage) is None:
            return self._unknown("the answer does not report its usage")
        model = self._model(heard.model)
        if (price := self.passthrough.terms.prices.get(model)) is not None:
            return charged(price, usage, UsageSource.UPSTREAM)
        note = f"no price for '{model}'" if model else "no model is named"
        return Charge(usage, UsageSource.UPSTREAM, ZERO, CostSource.UNPRICED, note)

    def _unknown(self, why: str) -> Charge:
        if self.is_free:
            return NO_CHARGE
        return Charge(cost_source=CostSource.UNPRICED, note=why)

    def _model(self, answering: str) -> str:
        """The model whose price applies: the one that the answer names if that has a price, else the request's."""
        return (
            answering
            if answering in self.passthrough.terms.prices
            else self.asked.model or answering
        )

    def _book(
        self, watch: Stopwatch, charge: Charge, ending: AttemptEnding, answering: str = ""
    ) -> Awaitable[None]:
        """Write one row for the ledger, and charge the budgets; done when the row is durable."""
        caller = self.caller
        asked = f"{self.call.method} {self.pattern}"
        unrouted = UnroutedRequest(
            caller.request_id, asked, caller.key, caller.tags, UnroutedKind.PASSED
        )
        model = self._model(answering) if ending.is_answer else ""
        price, usage = self.passthrough.terms.prices.get(model), charge.usage
        entry = unrouted.passed(
            model or self.pattern,
            self.passthrough.terms.upstream,
            "" if price is None else price.origin_of(usage.input_tokens, charge.service_tier),
            watch.timing(),
            (charge, ending),
        )
        entry = replace(entry, upstream_request_id=self._request_id or None)
        request_observer = RequestObserver.of(self.pipeline.runtime, caller, watch.began_s)
        request_observer.status = ending.status
        request_observer.tell((entry,))
        posted = self.pipeline.ledger.post((entry,))
        if self._held is not None:
            self.pipeline.budget_store.settle(self._held, entry.cost)
        if charge.cost_source is CostSource.UNPRICED:
            self._say(asked, charge.note)
        return posted

    def _say(self, asked: str, why: str) -> None:
        """Log, once for each path and reason, that the cost of its calls is unknown; up to a number of them."""
        words = f"the cost of {asked} is unknown ({why}): set it under passthrough.prices or .free"
        if words not in self.passthrough.told and len(self.passthrough.told) < _MOST_TOLD:
            self.passthrough.told.add(words)
            _LOG.warning("%s", words)

    def _error(self, fault: Fault) -> ApiError:
        message = (
            f"The upstream '{self.passthrough.terms.upstream}' gave no answer: {fault.message}."
        )
        return ApiError(fault.status, message, code=fault.code, kind="server_error")


_LEFT = AttemptEnding(Outcome.CLIENT_LEFT, error=Outcome.CLIENT_LEFT.value)


def _ended(status: int) -> AttemptEnding:
    if status >= 400:
        return AttemptEnding(Outcome.FAILED, status, "upstream_error")
    return AttemptEnding(Outcome.OK, status, is_answer=True)
