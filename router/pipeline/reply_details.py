"""What a client is told besides the answer: headers, what it cost, and a receipt if it wants one."""

from collections.abc import Mapping

from msgspec import Struct

from router.decision.explain import headline
from router.domain.candidate import Candidate
from router.domain.decision import Decision
from router.domain.receipt import Receipt
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.reply import PlainReply
from router.wire.dialects.dialect import Dialect
from router.wire.receipt import own_event, receipt_event, receipt_headers, with_receipt
from router.wire.sse import comment_before

CASCADE = "x-farthing-cascade"
UNDER_WAY = "under way"
_PREFIX = "x-farthing-"


def late_words(headers: Mapping[str, str]) -> bytes:
    """What came too late for a stream's headers, which had been sent: as comments in the stream."""
    told = ((name, value) for name, value in headers.items() if name.startswith(_PREFIX))
    lines = [f": farthing {name.removeprefix(_PREFIX)}={value}\n" for name, value in told]
    return "".join([*lines, "\n"]).encode()


class ReplyDetails(Struct, frozen=True):
    """A decided request, its books, and whether the client wants a receipt from them.

    `overridden` are the names of the request's overrides that the decision went by.
    """

    request_id: str
    decision: Decision
    books: Bookkeeper
    tells_receipt: bool
    overridden: tuple[str, ...] = ()

    def headers(
        self,
        answering: Candidate,
        *,
        attempts: int,
        cache: str,
        cascade: str = "",
        is_accepted: bool = False,
    ) -> dict[str, str]:
        """The headers, as far as known before the answer has ended: the real cost is not.

        `cascade` says how a cascade ended, "" for none, and `is_accepted` that `answering` is a model of its steps,
        rather than a fallback.
        """
        decision = self.decision
        reason = headline(decision) if is_accepted else reason_of(decision, answering)
        by_wish = f"; overridden: {', '.join(self.overridden)}" if self.overridden else ""
        # With a cascade it is what all its calls are expected to cost, whoever answers.
        expected = decision.expected_cost if decision.cascade else answering.cost.expected
        told = {
            "x-request-id": self.request_id,
            "x-farthing-policy": decision.policy or "none",
            "x-farthing-model": answering.model.id,
            "x-farthing-upstream": answering.model.upstream,
            "x-farthing-reason": reason + by_wish,
            "x-farthing-attempts": str(attempts),
            "x-farthing-cache": cache,
            "x-farthing-estimated-cost-usd": str(expected),
        }
        return {**told, CASCADE: cascade} if cascade else told

    def early_headers(self, *, cache: str) -> dict[str, str]:
        """The headers that are known while a cascade is in progress."""
        return {
            "x-request-id": self.request_id,
            "x-farthing-policy": self.decision.policy or "none",
            "x-farthing-cache": cache,
            CASCADE: UNDER_WAY,
        }

    def receipted(
        self, headers: dict[str, str], body: bytes, dialect: Dialect = Dialect.CHAT
    ) -> PlainReply:
        """The whole answer, with its cost in the headers, and with a receipt in its body if the client wants one."""
        receipt = Receipt.of(self.books.posted)
        headers["x-farthing-cost-usd"] = str(receipt.cost)
        if not self.tells_receipt:
            return PlainReply(headers, body, dialect=dialect)
        told = headers | receipt_headers(receipt)
        return PlainReply(told, with_receipt(body, receipt), dialect=dialect)

    def remark(self, like: bytes, dialect: Dialect = Dialect.CHAT) -> bytes:
        """What a stream says of its cost before its last event; `like` is an event with content."""
        receipt = Receipt.of(self.books.posted)
        remark = comment_before(f"farthing cost-usd={receipt.cost}", like)
        if not self.tells_receipt:
            return remark
        if dialect is Dialect.CHAT:
            return receipt_event(receipt, like) + remark
        return own_event(receipt, dialect) + remark


def reason_of(decision: Decision, answering: Candidate) -> str:
    """Why `answering` answers, in one line."""
    if answering.model.id == decision.chosen.model.id:
        return headline(decision)
    kind = "fallback" if decision.is_adequate(answering) else "fallback below what the policy asks"
    # It may have failed, but also be resting, or have been silent when a hedge was sent out beside it.
    return f"{kind}; in place of {decision.chosen.model.id}; {headline(decision)}"
