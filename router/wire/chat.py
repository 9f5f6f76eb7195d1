"""`POST /v1/chat/completions`: the client's bytes in, a checked request out.

Only what routing reads is checked. Every other field is the upstream's business and travels
unchanged, so that a field invented tomorrow works today.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.domain.answer_limit import answer_limit
from router.domain.errors import ApiError
from router.domain.members import replace
from router.domain.turns import Turns, finished
from router.wire.extension import MEMBER, NO_EXTENSION, Extension, read_extension
from router.wire.json_shape import is_number
from router.wire.limits import NO_REQUEST_LIMITS, RequestLimits, cut_down
from router.wire.original import Original
from router.wire.parted import LONG_BYTES, parted
from router.wire.splice import repeated, set_members, without_member

JsonObject = Mapping[str, Any]
_STREAM_OPTIONS = "stream_options"
_GZIP = b"\x1f\x8b"
_CHECKED_AT_ONCE = 2048


class ChatRequest(Struct, frozen=True):
    """A well-formed chat completion request: the bytes as they came, and what was read from them.

    `extension` is what the client asks of Farthing itself. If `raw` is only the chat view of a
    request in another API, `original` is that request.
    """

    raw: bytes
    body: JsonObject
    asked: str
    stream: bool
    wants_usage: bool
    extension: Extension = NO_EXTENSION
    original: Original | None = None

    @property
    def messages(self) -> list[JsonObject]:
        """The conversation, oldest message first."""
        messages: list[JsonObject] = self.body["messages"]
        return messages

    @property
    def naming(self) -> JsonObject:
        """All that determines its answers: its members, and what the request that it is a view of says besides."""
        return self.body if self.original is None else {**self.body, **self.original.manner}

    @property
    def choices(self) -> int:
        """How many alternative answers the client wants."""
        return self.body.get("n") or 1

    @property
    def max_output_tokens(self) -> int | None:
        """The client's own limit for one choice, None where it gave none."""
        return answer_limit(self.body)

    def asking_at_most(self, tokens: int) -> "ChatRequest":
        """This request with the length of an answer limited to `tokens`."""
        lowered = cut_down(self.body, tokens)
        raw = set_members(self.raw, self.body, lowered)
        return replace(self, raw=raw, body={**self.body, **lowered})


def parse_chat(
    raw: bytes, limits: RequestLimits = NO_REQUEST_LIMITS, original: Original | None = None
) -> ChatRequest:
    """The request in `raw`, cut down to `limits`. Raises ApiError 400 that names the field at fault."""
    return finished(parsing(raw, limits, original))


def parsing(
    raw: bytes, limits: RequestLimits = NO_REQUEST_LIMITS, original: Original | None = None
) -> Turns[ChatRequest]:
    """`parse_chat` in steps, so that a long request does not hold up others."""
    body = (yield from parted(raw)) if len(raw) > LONG_BYTES else None
    if body is None:
        body = json_object(raw)
    _check_fields(body)
    for index, message in enumerate(body["messages"]):
        _check_message(message, index)
        if index % _CHECKED_AT_ONCE == _CHECKED_AT_ONCE - 1:
            yield
    if lowered := limits.lowered(body):
        raw = set_members(raw, body, lowered)
        body |= lowered
    options = body.get("stream_options") or {}
    return ChatRequest(
        raw=raw,
        body=body,
        asked=body["model"],
        stream=bool(body.get("stream")),
        wants_usage=bool(options.get("include_usage")),
        extension=read_extension(body),
        original=original,
    )


_COSTLY = ("max_tokens", "max_completion_tokens", "max_output_tokens", "n")
"""The members that limits and budgets go by, in any of the APIs."""


def refuse_repeats(request: ChatRequest) -> None:
    """Raise ApiError 400 if the client wrote one of these twice: we read the last, and an upstream may take the first.

    Takes 80 us at 100 KB, so it is for requests whose cost is bounded.
    """
    sent = request.original or request
    if (name := repeated(sent.raw, sent.body, _COSTLY)) is not None:
        raise ApiError.invalid(name, f"'{name}' is given more than once.")


def upstream_bytes(
    request: ChatRequest, model_name: str, *, ask_usage: bool, is_whole: bool = False
) -> bytes:
    """The client's bytes with the model's name replaced, our own member removed, and nothing else rewritten.

    With `ask_usage` a streamed request also asks for the usage chunk that its price is read from. With
    `is_whole` it asks for an answer in one piece.
    """
    members: dict[str, Any] = {}
    if model_name != request.asked:
        members["model"] = model_name
    if is_whole:
        return _in_one_piece(request, members)
    if ask_usage and request.stream and not request.wants_usage:
        members["stream_options"] = {
            **(request.body.get("stream_options") or {}),
            "include_usage": True,
        }
    raw = without_member(request.raw, request.body, MEMBER)
    return set_members(raw, request.body, members)


def upstream_fields(request: ChatRequest, *, is_whole: bool = False) -> JsonObject:
    """The members of the request without our own; with `is_whole` also without those that ask for a stream."""
    left_out = (MEMBER, "stream", _STREAM_OPTIONS) if is_whole else (MEMBER,)
    if not any(name in request.body for name in left_out):
        return request.body
    return {name: value for name, value in request.body.items() if name not in left_out}


def _in_one_piece(request: ChatRequest, members: dict[str, Any]) -> bytes:
    """The request with `members` set, and neither a stream nor options for one, which would then be an error."""
    if request.stream:
        members["stream"] = False
    raw = without_member(request.raw, request.body, MEMBER)
    raw = without_member(raw, request.body, _STREAM_OPTIONS)
    return set_members(raw, request.body, members)


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a request's body. Raises ApiError 400."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(
            400, f"The request body is not valid JSON: {_fault(raw, error)}.", code="invalid_json"
        ) from None
    if not isinstance(body, dict):
        raise ApiError(
            400, f"The request body must be a JSON object, not {shown(body)}.", code="invalid_json"
        )
    return body


def _fault(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """What is wrong with a body. Nothing of it may be quoted: orjson's message names only the fault and its position.

    Of bytes that are no text, orjson says in each case that surrogates are not allowed at their beginning.
    """
    if raw.startswith(_GZIP):
        return "it is compressed, and no Content-Encoding says so"
    if b"\0" in raw[:4]:  # as RFC 4627, section 3, tells the encodings of JSON apart
        return "it is encoded in UTF-16 or UTF-32 instead of UTF-8"
    try:
        raw.decode()
    except UnicodeDecodeError as odd:
        return f"it is not encoded in UTF-8, as byte {odd.start} shows"
    return str(error)


def require(body: JsonObject, name: str) -> None:
    """Raise ApiError 400 where `body` has no such field."""
    if body.get(name) is None:
        raise ApiError(
            400, f"Missing required field '{name}'.", code="missing_required_parameter", param=name
        )


def _check_fields(body: JsonObject) -> None:
    for name, (is_right, expected) in _FIELDS.items():
        value = body.get(name)
        if value is not None and not is_right(value):
            raise _wrong(name, expected, value)
    for index, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, dict):
            raise _wrong(f"tools[{index}]", "an object", tool)
    require(body, "model")
    require(body, "messages")


def _wrong(place: str, expected: str, value: object) -> ApiError:
    return ApiError.invalid(place, f"'{place}' must be {expected}, not {shown(value)}.")


def _check_message(message: object, index: int) -> None:
    place = f"messages[{index}]"
    if not isinstance(message, dict):
        raise _wrong(place, "an object", message)
    role = message.get("role")
    if not isinstance(role, str) or not role:
        raise _wrong(f"{place}.role", "a role's name", role)
    content = message.get("content")
    if isinstance(content, list):
        _check_parts(content, f"{place}.content")
    elif content is not None and not isinstance(content, str):
        raise _wrong(f"{place}.content", "a string or a list of parts", content)


def _check_parts(parts: list[object], place: str) -> None:
    for index, part in enumerate(parts):
        if not isinstance(part, dict):
            raise _wrong(f"{place}[{index}]", "an object with a 'type'", part)
        if not isinstance(part.get("type"), str):
            raise _wrong(f"{place}[{index}].type", "the name of a kind of part", part.get("type"))


_SHOWN_SCALARS = 40
_LONGEST_NAME = 256
"""Of a model: it is compared with all known names, and repeated in errors and in the ledger."""


def shown(value: object) -> str:
    """A value as an error message may show it: a number, true, false or null itself, of others only the kind."""
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return str(value).lower()[:_SHOWN_SCALARS]
        case str():
            return _shown_text(value)
        case list():
            return "an array" if value else "an empty array"
        case _:
            return "an object"


def _shown_text(value: str) -> str:
    if len(value) > _LONGEST_NAME:
        return f"a string of {len(value)} characters"
    return "a string" if value else "an empty string"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME


def _is_amount(value: object) -> bool:
    return is_number(value) and value >= 0  # type: ignore[operator]  # it is a number


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_flat_object(value: object) -> bool:
    return isinstance(value, dict) and not any(isinstance(v, dict | list) for v in value.values())


def _is_filled_list(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


_FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "model": (_is_name, f"a model's name of at most {_LONGEST_NAME} characters"),
    "messages": (_is_filled_list, "a non-empty array of messages"),
    "stream": (_is_flag, "true or false"),
    "stream_options": (_is_flat_object, "an object without objects or arrays in it"),
    "n": (_is_count, "a whole number >= 1"),
    "max_tokens": (_is_count, "a whole number >= 1"),
    "max_completion_tokens": (_is_count, "a whole number >= 1"),
    "temperature": (_is_amount, "a number >= 0"),
    "top_p": (_is_amount, "a number >= 0"),
    "presence_penalty": (is_number, "a number"),
    "frequency_penalty": (is_number, "a number"),
    "tools": (_is_list, "an array of tools"),
    "response_format": (_is_object, "an object"),
    "metadata": (_is_object, "an object"),
    "logprobs": (_is_flag, "true or false"),
}
