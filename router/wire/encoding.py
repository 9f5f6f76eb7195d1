"""Request bodies as they come: decompressed up to a limit, and of a bounded number of values."""

import zlib

from router.domain.errors import ApiError

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's `wbits` for the content codings of RFC 9110, section 8.4.1."""
_BARE = -15
"""The same for deflate without its zlib header, as some clients send it (.NET's DeflateStream is one)."""
_MOST_MEMBERS = 16
"""So many members may gzip have: megabytes of empty ones would take minutes."""
_MOST_VALUES = 1_000_000
"""A small value takes fifty times as much memory as it has bytes: 32 MB of them would take a gigabyte, and seconds."""
_NOT_BEFORE_A_VALUE = bytes(set(range(256)).difference(b",[{"))


def unpacked(raw: bytes, coding: str, max_bytes: int) -> bytes:
    """The body that `raw` holds in `coding` ("" and "identity" for none).

    Raises ApiError 415 for an unsupported coding, 400 for bytes that are not in it, and 413 as soon
    as more than `max_bytes` come out: a megabyte can expand to a gigabyte.
    """
    named = [name for each in coding.split(",") if (name := each.strip().lower())]
    coding = ",".join(name for name in named if name != "identity")
    if not coding:
        return raw
    if coding not in _WINDOW_BITS:
        raise ApiError(
            415,
            "This Content-Encoding is not supported; send the body as it is, or as gzip.",
            code="unsupported_encoding",
            param="content-encoding",
        )
    is_bare = coding == "deflate" and raw != b"" and raw[0] & 0xF != zlib.DEFLATED
    try:
        return _inflated(raw, _BARE if is_bare else _WINDOW_BITS[coding], max_bytes)
    except (zlib.error, EOFError):
        raise _not_of(coding) from None


def _inflated(raw: bytes, window_bits: int, max_bytes: int) -> bytes:
    """What `raw` holds, one after the other: gzip may have several members (RFC 1952, section 2.2).

    Raises zlib.error or EOFError for what is broken, and ApiError 413 for more than `max_bytes`.
    """
    body = b""
    for _ in range(_MOST_MEMBERS):
        unpacker = zlib.decompressobj(window_bits)
        body += unpacker.decompress(raw, max_bytes + 1 - len(body))
        if len(body) > max_bytes:
            raise too_large(max_bytes)
        if not unpacker.eof:
            break
        raw = unpacker.unused_data
        if not raw:
            return body
    raise EOFError


def refuse_multitudes(raw: bytes) -> None:
    """Raise ApiError 413 if JSON in `raw` may have more than a million values, before memory is taken for them.

    Commas and brackets in texts count as well. No model reads a million of them.
    """
    if len(raw) > _MOST_VALUES and len(raw.translate(None, _NOT_BEFORE_A_VALUE)) > _MOST_VALUES:
        raise ApiError(
            413,
            f"The request body has more than the {_MOST_VALUES} commas and brackets that this proxy accepts.",
            code="request_too_large",
        )


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
