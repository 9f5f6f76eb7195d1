"""Data URLs, and the bytes within them."""

import base64
import re

from router.wire.dialects.parts import Inline, Source, Url

_DATA = re.compile(r"data:([^;,]*)(?:;[^;,]+)*;base64,(.*)", re.DOTALL)


def source_of(url: str) -> Inline | Url:
    """The bytes in a data URL, or the URL itself if it is another kind."""
    found = _DATA.fullmatch(url)
    return Inline(found[1] or "text/plain", found[2]) if found else Url(url)


def data_url(source: Inline) -> str:
    """The data URL with these bytes."""
    return f"data:{source.media_type};base64,{source.data}"


def url_of(source: Source) -> str | None:
    """A URL for it, None for an uploaded file."""
    match source:
        case Inline():
            return data_url(source)
        case Url(url=url):
            return url
        case _:
            return None


def text_in(source: Inline) -> str:
    """The bytes as text. Raises ValueError if they are not text."""
    return base64.b64decode(source.data, validate=True).decode()


def inline_text(text: str) -> Inline:
    """A text as bytes."""
    return Inline("text/plain", base64.b64encode(text.encode()).decode())
