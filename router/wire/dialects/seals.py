"""Proofs of thought, told apart by their origins.

Providers sign or encrypt what their models thought, and refuse a thought that another one has
sealed. A client keeps what it is given and sends it back; so a foreign seal carries the name of its
origin while it is with the client, and only its own provider ever gets to see it again.
"""

from msgspec import Struct

_PREFIX = "sealed"
"""No provider's seal begins like this: they are base64, which has no colon."""


class Seal(Struct, frozen=True):
    """What `origin` wants back with a thought; `item_id` is the id of the thought in Responses.

    A `value` of "" says that the origin sealed nothing, as open models do.
    """

    origin: str
    value: str = ""
    item_id: str = ""

    def __post_init__(self) -> None:
        """Refuse a seal that could not be taken apart again."""
        if not self.origin or ":" in self.origin or ":" in self.item_id:
            raise ValueError(f"a seal's origin and id are words without a colon: {self!r}")

    def without_value(self) -> "Seal":
        """The same without a value: whose thought it is, before it is sealed."""
        return Seal(self.origin, "", self.item_id)


def origin_of(upstream: str, model: str) -> str:
    """The origin of thoughts that the model called `model` has at the configured `upstream`.

    Narrow on purpose: providers bind thoughts to the model that had them, and to the account.
    (https://platform.claude.com/docs/en/build-with-claude/preserved-thinking)
    """
    return f"{upstream}/{model}".replace(":", "-")


def worn(seal: Seal, native: str) -> str:
    """The seal as a client of the dialect `native` carries it, with its origin unless that is `native`."""
    if seal.origin == native and not is_worn(seal.value):
        return seal.value
    return f"{_PREFIX}:{seal.origin}:{seal.item_id}:{seal.value}"


def taken_off(text: str, native: str, item_id: str = "") -> Seal:
    """The seal that a client sent back. If it does not name its origin, that is `native`."""
    if not is_worn(text):
        return Seal(native, text, "" if ":" in item_id else item_id)
    _, origin, own_id, value = text.split(":", 3)
    return Seal(origin, value, own_id)


def is_worn(text: str) -> bool:
    """Whether a seal carries the name of its origin."""
    return text.startswith(f"{_PREFIX}:") and text.count(":") >= 3 and text.split(":", 2)[1] != ""
