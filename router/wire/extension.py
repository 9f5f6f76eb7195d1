"""The `farthing` member of a request: what a client asks of the proxy itself, never forwarded.

OpenAI's clients send it by `extra_body={"farthing": {...}}`. Unknown names are errors, since a wish
that is silently ignored is worse than one that is refused.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from router.domain.errors import ApiError
from router.domain.nearest import nearest
from router.wire.overrides import OVERRIDES, Stated, of_member, shortened

MEMBER = "farthing"
_KNOWN = ("receipt", *OVERRIDES)


class Extension(Struct, frozen=True):
    """What a client asks of Farthing. `receipt`: the reply shall say what the answer cost."""

    receipt: bool = False
    overrides: Stated = field(default_factory=dict)


NO_EXTENSION = Extension()


def read_extension(body: Mapping[str, Any]) -> Extension:
    """The extension in a request's body. Raises ApiError 400 that names what is unknown or wrong."""
    wishes = body.get(MEMBER)
    if wishes is None:
        return NO_EXTENSION
    if not isinstance(wishes, dict):
        raise ApiError.invalid(MEMBER, f"'{MEMBER}' must be an object.")
    for name in wishes:
        if name not in _KNOWN:
            shown = shortened(name)
            raise ApiError.invalid(
                f"{MEMBER}.{shown}", f"'{MEMBER}' has no '{shown}'{nearest(shown, _KNOWN)}"
            )
    receipt = wishes.get("receipt", False)
    if not isinstance(receipt, bool):
        raise ApiError.invalid(f"{MEMBER}.receipt", f"'{MEMBER}.receipt' must be true or false.")
    return Extension(receipt, of_member(wishes, MEMBER))
