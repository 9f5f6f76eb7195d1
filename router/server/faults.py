"""Errors, and the ids of requests, where each API's clients look for them."""

import orjson
from aiohttp import web

from router.domain.errors import ApiError
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.faults import own_error
from router.wire.errors import error_headers

MESSAGES_PATH = "/v1/messages"
"""Everything below this path is Anthropic's API."""


def told_error(error: ApiError, path: str, request_id: str) -> web.Response:
    """The answer to a request to `path` that ended in `error`."""
    dialect = _dialect_of(path)
    status, body = own_error(error, dialect)
    if dialect is Dialect.MESSAGES:
        body["request_id"] = request_id
    headers = {**error_headers(error), **id_headers(path, request_id)}
    return web.Response(
        body=orjson.dumps(body), status=status, headers=headers, content_type="application/json"
    )


def id_headers(path: str, request_id: str) -> dict[str, str]:
    """The headers that identify a request to `path`; Anthropic's clients look for their own header."""
    headers = {"x-request-id": request_id}
    if _dialect_of(path) is Dialect.MESSAGES:
        headers["request-id"] = request_id
    return headers


def _dialect_of(path: str) -> Dialect:
    is_messages = path == MESSAGES_PATH or path.startswith(f"{MESSAGES_PATH}/")
    return Dialect.MESSAGES if is_messages else Dialect.CHAT
