"""Headers of requests, as HTTP reads them."""

from collections.abc import Mapping


def listed(headers: Mapping[str, str], name: str) -> str:
    """A header that is a list; if it comes on several lines, they are one list (RFC 9110, section 5.3)."""
    if name not in headers:
        return ""
    return ",".join(value for header, value in headers.items() if header.lower() == name)
