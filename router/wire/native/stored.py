"""Answers that their provider has stored: which one a request continues, and the id of an answer.

Responses are stored unless the request says otherwise, and Messages if it has a `thread`.
"""

import re
from collections.abc import Mapping

from router.domain.errors import ApiError
from router.wire.dialects.dialect import Dialect
from router.wire.original import Original

_ID = re.compile(rb'"id"\s*:\s*"([\w.-]{1,128})"')
_PREVIOUS = "previous_response_id"
NEW_THREAD = {"type": "create"}
"""The `thread` of a request to Messages that begins one."""


def previous_in(original: Original) -> str:
    """The id of the answer that the request continues; "" for none."""
    if original.dialect is Dialect.MESSAGES:
        return previous_message(original.body)
    named = original.body.get(_PREVIOUS) if original.dialect is Dialect.RESPONSES else None
    return named if isinstance(named, str) else ""


def previous_message(body: Mapping[str, object]) -> str:
    """The id of the message that a request to Messages continues; "" for none."""
    thread = body.get("thread")
    named = thread.get("previous_message_id") if isinstance(thread, Mapping) else None
    return named if isinstance(named, str) else ""


def not_known(previous: str) -> ApiError:
    """400: nobody is known to have stored the answer `previous`, or what else the request refers to if it is ""."""
    told = f"Response '{previous}'" if previous else "What the request refers to"
    return ApiError(
        400,
        f"{told} is not known here: it was answered elsewhere, for another key, or too long ago."
        " Send the whole conversation.",
        code="previous_response_not_found",
        param=_PREVIOUS if previous else "input",
    )


def rests_on_others(original: Original) -> bool:
    """Whether it refers to something else that only one provider has: a conversation, or single items."""
    if original.dialect is not Dialect.RESPONSES:
        return False
    items = original.body.get("input")
    listed = items if isinstance(items, list) else ()
    return bool(original.body.get("conversation")) or any(map(_is_reference, listed))


def names_a_prompt(original: Original) -> bool:
    """Whether it has its provider insert a prompt that is stored there."""
    return original.dialect is Dialect.RESPONSES and bool(original.body.get("prompt"))


def is_seen_whole(original: Original) -> bool:
    """Whether all of the prompt is in the request, and nothing of it only with its provider."""
    stored = previous_in(original) or rests_on_others(original) or names_a_prompt(original)
    return not stored


def may_go_on(original: Original) -> bool:
    """Whether the client may continue from the answer by its id, because its provider stores it."""
    if original.dialect is Dialect.MESSAGES:
        return original.body.get("thread") is not None
    return original.dialect is Dialect.RESPONSES and original.body.get("store") is not False


def stored_id(original: Original, answer: bytes) -> str:
    """The id of an answer that its provider has stored; "" if it has not.

    `answer` is the whole answer, or the first event of its stream.
    """
    if not may_go_on(original):
        return ""
    found = _ID.search(answer)
    return found[1].decode() if found else ""


def _is_reference(item: object) -> bool:
    return isinstance(item, Mapping) and item.get("type") == "item_reference"
