"""Responses that their provider has stored: which one a request continues, and the id of an answer."""

import re
from collections.abc import Mapping

from router.wire.dialects.dialect import Dialect
from router.wire.original import Original

_ID = re.compile(rb'"id"\s*:\s*"([\w.-]{1,128})"')
_PREVIOUS = "previous_response_id"


def previous_in(original: Original) -> str:
    """The id of the Response that the request continues; "" for none."""
    named = original.body.get(_PREVIOUS) if original.dialect is Dialect.RESPONSES else None
    return named if isinstance(named, str) else ""


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
    """Whether the client may continue from the answer by its id: its provider stores Responses unless told not to."""
    return original.dialect is Dialect.RESPONSES and original.body.get("store") is not False


def stored_id(original: Original, answer: bytes) -> str:
    """The id of a Response that its provider has stored; "" if it has not.

    `answer` is the whole Response, or the first event of its stream.
    """
    if not may_go_on(original):
        return ""
    found = _ID.search(answer)
    return found[1].decode() if found else ""


def _is_reference(item: object) -> bool:
    return isinstance(item, Mapping) and item.get("type") == "item_reference"
