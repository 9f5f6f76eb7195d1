"""Ids that cross from one API to another.

All of them are derived from the given ids, so that a call and its result, met in different requests,
still belong together.
"""

import re
from hashlib import sha256

from router.wire.dialects.dialect import Dialect

_PREFIXES = {Dialect.CHAT: "chatcmpl-", Dialect.RESPONSES: "resp_", Dialect.MESSAGES: "msg_"}
_ANSWER = re.compile(r"(?:chatcmpl-|resp_|msg_)?(.+)", re.DOTALL)
_SPEAKABLE = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What Messages accept as the id of a call; Responses do not accept a longer one, either."""

_LONGEST_USER = 64


def answer_id(given: str, dialect: Dialect) -> str:
    """The id of an answer in the form that `dialect` uses."""
    found = _ANSWER.fullmatch(given)
    return _PREFIXES[dialect] + (found[1] if found else "0")


def call_id(given: str) -> str:
    """The id of a call in a form that every API accepts: as given if possible, else its digest."""
    if _SPEAKABLE.fullmatch(given):
        return given
    return f"call_{sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def user_id(given: str) -> str:
    """The id of an end user in a length that every API accepts: as given if possible, else its digest.

    Claude Code's has 150 characters and more; OpenAI takes 64, some servers 128.
    """
    if len(given) <= _LONGEST_USER:
        return given
    return sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def item_id(kind: str, answer: str, place: int) -> str:
    """The id of an item of a Response: `kind` (`msg`, `rs`, `fc`, `ctc`), its answer and its place."""
    found = _ANSWER.fullmatch(answer)
    return f"{kind}_{found[1] if found else '0'}_{place}"
