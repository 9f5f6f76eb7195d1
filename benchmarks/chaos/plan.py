"""What a soak does, and for how long: phases of requests, and when an upstream is killed."""

from dataclasses import dataclass

from benchmarks.chaos.cast import HASTY, PATIENT, Tempo
from benchmarks.chaos.report import Invariant
from benchmarks.chaos.shots import CALM, CHAOS, Mix

_ROUND_S = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """Requests of one mix, for a number of seconds or of requests, whichever is reached first.

    Meanwhile upstreams are killed and brought back `kills` times, one after the other.
    """

    name: str
    mix: Mix
    seconds: float = float("inf")
    requests: float = float("inf")
    kills: int = 0

    def __post_init__(self) -> None:
        """Refuse a phase without an end."""
        if min(self.seconds, self.requests) == float("inf"):
            raise ValueError(f"phase {self.name!r} needs an end, in seconds or requests")


@dataclass(frozen=True, slots=True)
class Round:
    """Chaos, then a storm in which everything fails (none if None), then calm."""

    chaos: Phase
    storm: Phase | None
    calm: Phase


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole soak: the warm-up and the rounds, with this many concurrent clients.

    No more requests are sent once the invariant `suspected` is seen not to hold.
    """

    seed: int
    concurrency: int
    warm_up: Phase
    rounds: tuple[Round, ...]
    tempo: Tempo = PATIENT
    suspected: Invariant | None = None

    @property
    def seconds(self) -> float:
        """How long all phases take together, as far as that is known beforehand."""
        phases = [self.warm_up, *(phase for each in self.rounds for phase in _phases(each))]
        return sum(phase.seconds for phase in phases if phase.seconds != float("inf"))

    @classmethod
    def of_minutes(cls, minutes: float, *, seed: int, concurrency: int) -> "Plan":
        """This many minutes of load in rounds of about a minute."""
        count = max(1, round(minutes * 60 / _ROUND_S))
        length_s = minutes * 60 / count
        rounds = tuple(_round(number, length_s) for number in range(1, count + 1))
        warm_up = Phase("warm-up", CALM, seconds=min(5.0, length_s / 6))
        return cls(seed, concurrency, warm_up, rounds)

    @classmethod
    def of_requests(cls, requests: int, *, seed: int, concurrency: int) -> "Plan":
        """One round of about this many requests, however long they take."""
        chaos = Phase("chaos", CHAOS, requests=requests * 0.6, kills=2)
        storm = Phase("storm", CALM, requests=requests * 0.3)
        calm = Phase("calm", CALM, requests=requests * 0.1)
        warm_up = Phase("warm-up", CALM, requests=requests * 0.1)
        return cls(seed, concurrency, warm_up, (Round(chaos, storm, calm),))

    @classmethod
    def of_suspicion(cls, suspected: Invariant, *, seed: int, concurrency: int) -> "Plan":
        """A short look at a proxy that is expected to break that invariant."""
        chaos, calm = Phase("chaos", CHAOS, requests=100), Phase("calm", CALM, requests=25)
        stormy = suspected is Invariant.STORM
        storm = Phase("storm", CALM, requests=150) if stormy else None
        warm_up, only = Phase("warm-up", CALM, requests=25), Round(chaos, storm, calm)
        return cls(seed, concurrency, warm_up, (only,), HASTY, suspected)


def _round(number: int, length_s: float) -> Round:
    kills = max(2, round(length_s / 15))
    return Round(
        Phase(f"chaos-{number}", CHAOS, seconds=length_s * 0.65, kills=kills),
        Phase(f"storm-{number}", CALM, seconds=length_s * 0.15),
        Phase(f"calm-{number}", CALM, seconds=length_s * 0.15),
    )


def _phases(each: Round) -> tuple[Phase, ...]:
    return tuple(phase for phase in (each.chaos, each.storm, each.calm) if phase is not None)
