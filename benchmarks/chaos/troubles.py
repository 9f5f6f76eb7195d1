"""Every fault that the simulator can produce, as the soak uses it."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random


class Trouble(StrEnum):
    """What a fault may lead to.

    ODD answers are complete: the client must get them. So must it after USAGELESS ones, but their price
    can only be estimated. A HARD one may end in an error, if no other model can answer.
    """

    ODD = "odd"
    USAGELESS = "usageless"
    HARD = "hard"


_ODD = """double_done  crlf  comments  missing_space  event_id_lines  byte_by_byte  split_utf8
    wrong_finish  wrong_finish,value=none  wrong_model  delay,seconds=0.05
    pause,after=3,seconds=0.1  slow,size=256,pause=0.002  huge,mb=1"""
_USAGELESS = "no_usage  no_done"
_INSTEAD = """status,code=429  status,code=429,retry_after=1  status,code=429,retry_after=0.2
    status,code=500  status,code=502  status,code=503  status,code=503,retry_after=0.2
    status,code=529  status,code=408  status,code=400  status,code=401  status,code=422
    context_length_exceeded  reset  drop  redirect  empty  html  html,code=502  gzip_bomb,mb=50
    wrong_length  silence"""
_MIDWAY = "cut reset_after error_event malformed"
_DRIP = "slow,size=24,pause=0.1"
_LAST_PLACE = 12
_HAS_PLACE = frozenset({*_MIDWAY.split(), "stall"})
_FAULTS: Mapping[Trouble, tuple[str, ...]] = {
    Trouble.ODD: tuple(_ODD.split()),
    Trouble.USAGELESS: tuple(_USAGELESS.split()),
    Trouble.HARD: (*_INSTEAD.split(), *_MIDWAY.split() * 5, *["stall"] * 2, _DRIP),
}
_KIND_OF = {
    fault.partition(",")[0]: kind for kind, faults in _FAULTS.items() for fault in faults
} | {"slow": Trouble.ODD, "ok": Trouble.ODD}

STORM = ("status,code=503", "reset", "status,code=500", "drop", "status,code=529", "empty")
"""What all models do to all requests while nothing works."""


def kind_of(fault: str) -> Trouble:
    """What the fault may lead to."""
    return Trouble.HARD if fault == _DRIP else _KIND_OF[fault.partition(",")[0]]


def limits_for_s(fault: str) -> float | None:
    """How long the limit lasts that the fault announces; None if it is not about limits."""
    name, _, settings = fault.partition(",")
    said = dict(setting.split("=", 1) for setting in settings.split(",") if setting)
    if name != "status" or said.get("code") != "429":
        return None
    return float(said.get("retry_after", 1.0))


def draw(kind: Trouble, dice: Random) -> str:
    """A fault of that kind; one that breaks an answer midway gets the position."""
    fault = dice.choice(_FAULTS[kind])
    return f"{fault},after={dice.randrange(_LAST_PLACE)}" if fault in _HAS_PLACE else fault
