"""What can go wrong with an attempt, told apart by what should be done about it.

Providers translate every foreign exception and every error status into one of these at their
border; nothing behind it knows aiohttp or litellm.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from router.domain.errors import FarthingError
from router.domain.usage import Usage


class FaultKind(StrEnum):
    """Who is at fault, and so who should be asked next."""

    TRANSIENT = "transient"
    """The upstream stumbled (5xx, reset, timeout, nonsense): worth another try."""
    DISCONNECTED = "disconnected"
    """The connection ended before a byte of the answer: mostly one that had been closed while idle."""
    UNREACHABLE = "unreachable"
    """Not even the upstream could be reached (refused, DNS, TLS): worth another try."""
    RATE_LIMITED = "rate_limited"
    """The upstream has had enough of us for now (429)."""
    BUSY = "busy"
    """All slots that we have for it were taken: that says nothing to other processes."""
    REFUSED = "refused"
    """The upstream does not accept *our* credentials or account (401, 402, 403), or a proxy on the way (407)."""
    NOT_FOUND = "not_found"
    """The upstream has no such model, or is not at this address (404): another place of the model may have it."""
    CONTEXT = "context"
    """The prompt is too long for this model; one with a larger window might take it."""
    BUDGET = "budget"
    """A budget has too little left for what this model may cost; a cheaper one might still fit."""
    UNSUITED = "unsuited"
    """This model's API does not take what is asked, or cannot express it; another one might."""
    OURS = "ours"
    """A mistake or a shortage of ours: it says nothing of the upstream, and would be made again with the same model."""
    CLIENT = "client"
    """The request itself is wrong; every upstream would say so."""


class Fault(Struct, frozen=True):
    """One failure. `error` is the upstream's own error object, where it sent one that we may show.

    `reached_model` says that the upstream had accepted the request when it failed, so that it may have begun to
    generate, and to bill; `usage` is what it says that it has used, if an answer came and was none. `headers` are for
    the client, if this is the last word. `request_id` is what the upstream calls the request, "" if it has not said.
    """

    kind: FaultKind
    status: int
    message: str
    code: str = ""
    retry_after_s: float | None = None
    error: Mapping[str, object] | None = None
    reached_model: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Usage | None = None
    request_id: str = ""


class AttemptFailed(FarthingError):
    """An attempt ended without an answer; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(f"{fault.kind}: {fault.message}")

    @classmethod
    def unreachable(cls, message: str) -> "AttemptFailed":
        """Not even the upstream could be reached; nothing was billed."""
        return cls(Fault(FaultKind.UNREACHABLE, 502, message, "unreachable"))

    @classmethod
    def disconnected(cls, message: str) -> "AttemptFailed":
        """The connection ended before a byte of the answer; perhaps the request had arrived."""
        kind = FaultKind.DISCONNECTED
        return cls(Fault(kind, 502, message, "connection_broken", reached_model=True))

    @classmethod
    def transient(
        cls,
        message: str,
        code: str,
        *,
        status: int = 502,
        reached_model: bool = False,
        request_id: str = "",
    ) -> "AttemptFailed":
        """A failure that another try may avoid."""
        kind = FaultKind.TRANSIENT
        return cls(
            Fault(kind, status, message, code, reached_model=reached_model, request_id=request_id)
        )


_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def code_of(error: Mapping[str, object], otherwise: str = "") -> str:
    """An upstream's code for its error, else its type; never a text that might quote something."""
    for name in ("code", "type"):
        value = error.get(name)
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return otherwise
