"""What a request's state machine tells its shell to do."""

from dataclasses import dataclass, field

from msgspec import Struct

from router.dispatch.fleet import Ticket
from router.domain.candidate import Candidate
from router.domain.cascade import Step
from router.domain.errors import ApiError


@dataclass(frozen=True, slots=True)
class Start:
    """Ask `candidate` (a replica, where there are some), not before `at_s`.

    It fails if no content has come by `until_s`. `is_whole` asks for an answer in one piece, whatever the
    client wants; `is_again` says that another attempt has failed before, so that kept connections are not
    to be trusted.
    """

    attempt: int
    candidate: Candidate
    at_s: float
    until_s: float
    ticket: Ticket = field(repr=False, compare=False)
    is_whole: bool = False
    is_again: bool = False


class Commit(Struct, frozen=True):
    """This attempt's answer goes to the client; no other can any more."""

    attempt: int


class Cancel(Struct, frozen=True):
    """Stop this attempt: another one was faster, or its answer is of no use any more."""

    attempt: int


class Wake(Struct, frozen=True):
    """Call `tick` at this time, unless something else happens first."""

    at_s: float


class CheckAnswers(Struct, frozen=True):
    """Check the answers of `attempts`, in the order of the step's candidates; those without one have failed."""

    step: Step
    attempts: tuple[int, ...]


class GiveUp(Struct, frozen=True):
    """Tell the client `error`; no attempt is left."""

    error: ApiError


Command = Start | Commit | Cancel | Wake | CheckAnswers | GiveUp
