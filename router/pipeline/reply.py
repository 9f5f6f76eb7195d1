"""What the server sends back: status, headers, and a body that is whole or still to come."""

from collections.abc import AsyncGenerator, Mapping

from msgspec import Struct

from router.decision.explain import headline
from router.domain.candidate import Candidate
from router.domain.decision import Decision
from router.domain.money import Money
from router.wire.dialects.dialect import Dialect


class PlainReply(Struct, frozen=True):
    """A whole JSON answer in a dialect; without `is_answer` it is a document of ours about one."""

    headers: Mapping[str, str]
    body: bytes
    is_answer: bool = True
    dialect: Dialect = Dialect.CHAT


class StreamReply(Struct, frozen=True):
    """A stream of server-sent events in a dialect; the sender must close the generator, whatever happens."""

    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes]
    dialect: Dialect = Dialect.CHAT


Reply = PlainReply | StreamReply


def headers_of(
    request_id: str,
    decision: Decision,
    answering: Candidate,
    *,
    attempts: int,
    cache: str,
    is_accepted: bool = False,
) -> dict[str, str]:
    """The headers that tell what was decided; the real cost is known only afterwards.

    `is_accepted` says that `answering` is a model of a cascade's step, rather than a fallback.
    """
    return {
        "x-request-id": request_id,
        "x-farthing-policy": decision.policy or "none",
        "x-farthing-model": answering.model.id,
        "x-farthing-upstream": answering.model.upstream,
        "x-farthing-reason": headline(decision) if is_accepted else _reason(decision, answering),
        "x-farthing-attempts": str(attempts),
        "x-farthing-cache": cache,
        "x-farthing-estimated-cost-usd": str(_expected(decision, answering)),
    }


def _expected(decision: Decision, answering: Candidate) -> Money:
    """The expected cost; with a cascade, that of all its calls, whoever answers."""
    return decision.expected_cost if decision.cascade else answering.cost.expected


def _reason(decision: Decision, answering: Candidate) -> str:
    if answering.model.id == decision.chosen.model.id:
        return headline(decision)
    kind = "fallback" if decision.is_adequate(answering) else "fallback below what the policy asks"
    # It may have failed, but also be resting, or have been silent when a hedge was sent out beside it.
    return f"{kind}; in place of {decision.chosen.model.id}; {headline(decision)}"
