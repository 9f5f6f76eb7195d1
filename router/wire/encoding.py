"""Compressed request bodies, decompressed up to a limit."""

import zlib

from router.domain.errors import ApiError

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's `wbits` for the content codings of RFC 9110, section 8.4.1."""


def unpacked(raw: bytes, coding: str, max_bytes: int) -> bytes:
    """The body that `raw` holds in `coding` ("" and "identity" for none).

    Raises ApiError 415 for an unsupported coding, 400 for bytes that are not in it, and 413 as soon
    as more than `max_bytes` come out: a megabyte can expand to a gigabyte.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return raw
    if coding not in _WINDOW_BITS:
        raise ApiError(
            415,
            "This Content-Encoding is not supported; send the body as it is, or as gzip.",
            code="unsupported_encoding",
            param="content-encoding",
        )
    unpacker = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        body = unpacker.decompress(raw, max_bytes + 1)
    except zlib.error:
        raise _not_of(coding) from None
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    if not unpacker.eof:
        raise _not_of(coding)
    return body


def too_large(max_bytes: int) -> ApiError:
    """413: the body is larger than this proxy takes."""
    return ApiError(
        413,
        f"The request body is larger than the {max_bytes} bytes that this proxy accepts.",
        code="request_too_large",
    )


def _not_of(coding: str) -> ApiError:
    return ApiError(
        400,
        f"The request body is not {coding}, as its Content-Encoding says.",
        code="invalid_encoding",
        param="content-encoding",
    )
