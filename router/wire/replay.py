"""A stored chat completion once more, in the form that is asked for now.

If it was stored in that form, its bytes are sent again with nothing changed but the id; otherwise a
stream is put together (`merging`), or a whole answer cut into chunks (`cutting`).
"""

from collections.abc import Iterator
from typing import Any

import orjson

from router.wire.answer import MalformedAnswer
from router.wire.chunks import choices_in, chunk_in, events_in
from router.wire.cutting import cut
from router.wire.merging import merged
from router.wire.renaming import renamed, renamed_events
from router.wire.sse import event_of


def as_plain(body: bytes, *, is_stream: bool, answer_id: str) -> bytes:
    """The stored answer as one chat completion with the id `answer_id`.

    `body` is that already, or with `is_stream` the events of a stream. Raises MalformedAnswer when
    it is neither.
    """
    if not is_stream:
        return renamed(body, _completion(body), answer_id)
    try:
        return orjson.dumps(whole(body, answer_id=answer_id))
    except orjson.JSONEncodeError:
        raise _too_deep() from None


def as_events(body: bytes, *, is_stream: bool, answer_id: str, usage: bool) -> Iterator[bytes]:
    """The stored answer as the events of a stream, without `[DONE]`, each with the id `answer_id`.

    The chunk that carries the usage and no choices is among them only with `usage`. Raises
    MalformedAnswer at once, before the first event is taken.
    """
    if is_stream:
        return iter(renamed_events(body, answer_id, usage=usage))
    chunks = cut(_completion(body), answer_id, usage=usage)
    try:
        return iter([event_of(orjson.dumps(chunk)) for chunk in chunks])
    except orjson.JSONEncodeError:
        raise _too_deep() from None


def whole(body: bytes, *, is_stream: bool = True, answer_id: str = "") -> dict[str, Any]:
    """The stored answer as a chat completion's fields. Raises MalformedAnswer if it is not one."""
    if not is_stream:
        return _completion(body)
    try:
        return merged(filter(None, map(chunk_in, events_in(body))), answer_id)
    except RecursionError:
        raise _too_deep() from None


def _completion(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedAnswer("the stored answer is not JSON") from None
    if not isinstance(answer, dict) or not choices_in(answer):
        raise MalformedAnswer("the stored answer has no choices")
    return answer


def _too_deep() -> MalformedAnswer:
    return MalformedAnswer("the stored answer is nested too deeply")
