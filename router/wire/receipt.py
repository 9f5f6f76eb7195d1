"""Receipts on the wire: a `farthing` member at the end of an answer, or an event before `[DONE]`.

Only a client that asks for a receipt gets one; no other client ever sees a field that it does not know.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import structs

from router.domain.receipt import Receipt
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.translate import event_bytes
from router.wire.extension import MEMBER
from router.wire.sse import data_of, event_of

_OF_A_CHUNK = ("id", "object", "created", "model")


def _receipt_object(receipt: Receipt) -> dict[str, Any]:
    """The receipt as JSON: money as exact decimal text in USD, usage in exclusive buckets."""
    answer = receipt.answer
    return {
        "request_id": answer.request_id,
        "model": answer.model,
        "policy": answer.policy or None,
        "reference": answer.reference,
        "cached": answer.attempt == 0,
        "attempts": receipt.attempts,
        "cost_usd": str(receipt.cost),
        "cost_is_sure": receipt.is_sure,
        "cost_source": answer.cost_source.value,
        "cost_note": answer.cost_note or None,
        "baseline_usd": str(answer.baseline),
        "saving_usd": str(receipt.saving),
        "service_tier": answer.service_tier,
        "price_source": answer.price_source,
        "usage_source": answer.usage_source.value,
        "usage": {name: count for name, count in structs.asdict(answer.usage).items() if count},
    }


def receipt_headers(receipt: Receipt) -> dict[str, str]:
    """What the headers of a whole answer say besides its cost: saving and usage."""
    used = structs.asdict(receipt.answer.usage).items()
    return {
        "x-farthing-saving-usd": str(receipt.saving),
        "x-farthing-usage": ", ".join(f"{name}={count}" for name, count in used if count),
    }


def with_receipt(body: bytes, receipt: Receipt) -> bytes:
    """A chat completion's bytes with the receipt as the last member; no other byte changes."""
    head, brace, tail = body.rpartition(b"}")
    written = orjson.dumps({MEMBER: _receipt_object(receipt)})[1:-1]
    return head + b"," + written + brace + tail


def receipt_event(receipt: Receipt, like: bytes) -> bytes:
    """A chunk without choices that carries the receipt; `like` is an event of the same stream."""
    chunk = {name: value for name, value in _chunk(like).items() if name in _OF_A_CHUNK}
    return event_of(orjson.dumps({**chunk, "choices": [], MEMBER: _receipt_object(receipt)}))


def own_event(receipt: Receipt, dialect: Dialect) -> bytes:
    """An event that carries only the receipt, for a stream that passes through as its provider sends it.

    The clients of these dialects ignore events that they do not know.
    """
    return event_bytes({"type": MEMBER, MEMBER: _receipt_object(receipt)}, dialect)


def _chunk(event: bytes) -> Mapping[str, Any]:
    chunk = orjson.loads(data_of(event) or b"{}")
    return chunk if isinstance(chunk, dict) else {}
