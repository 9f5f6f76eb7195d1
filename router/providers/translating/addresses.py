"""Which addresses in a message litellm may see: it fetches some of them from *this* machine.

For providers that take pictures and files only as bytes (Bedrock, Ollama, some of Vertex and
Gemini), litellm downloads what a message points to before it sends the request. A client could thus
make us send requests into our own network. litellm's own guard, which looks at what a name resolves to,
stays on; this one comes before it, holds for every provider, and does not depend on it.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_PROSE = frozenset(
    "text refusal thinking reasoning data title context input arguments citations annotations"
    " content".split()
)
"""Members that are read, not fetched. (A nested `content` that is a list of parts is searched.)"""
_ADDRESS = frozenset({"url", "image_url", "video_url", "audio_url", "file_url", "uri", "file_uri"})
_OWN_NETWORK = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def forbidden_address(messages: object) -> str | None:
    """The place in `messages` of an address that must not be fetched for a client; None if there is none.

    Allowed are `data:` URLs, and `https:` ones of hosts that are outside by their name.
    """
    for place, name, text in _strings(messages):
        if ("://" in text or name in _ADDRESS) and not _is_allowed(text):
            return place
    return None


def _strings(messages: object) -> Iterator[tuple[str, str, str]]:
    """Place, name and text of each string in the parts of `messages`, except prose."""
    waiting = [
        (f"messages[{index}].{name}", name, message[name])
        for index, message in enumerate(messages if isinstance(messages, list) else ())
        for name in ("content", "images")
        if isinstance(message, Mapping) and isinstance(message.get(name), list)
    ]
    while waiting:
        place, name, value = waiting.pop()
        match value:
            case str():
                yield place, name, value
            case list():
                waiting += [(f"{place}[{i}]", name, item) for i, item in enumerate(value)]
            case dict():
                waiting += [
                    (f"{place}.{k}", k, v) for k, v in value.items() if _is_looked_into(k, v)
                ]


def _is_looked_into(name: str, value: Any) -> bool:
    return name not in _PROSE or (name == "content" and isinstance(value, list))


def _is_allowed(text: str) -> bool:
    if text.startswith("data:"):
        return "://" not in text
    if not text.startswith("https://") or not text.isprintable() or " " in text or "\\" in text:
        return False
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:
        return False
    return _is_outside(host.rstrip("."))


def _is_outside(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        is_number = last.isdigit() or last.startswith("0x")  # 127.1 and its kin are addresses too
        return "." in host and not is_number and not host.endswith(_OWN_NETWORK)
    return address.is_global and not address.is_multicast
