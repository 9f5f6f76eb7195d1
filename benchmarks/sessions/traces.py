"""Made-up sessions of coding agents, modelled on recorded ones: who calls, how much is sent, and when.

A user's wish opens a loop of tool calls, each of which sends everything again and some more. Before a wish
an agent may name the topic, in a small separate call; when the history is too long, it has it summed up,
and starts again from the summary. Users take their time, sometimes longer than providers keep a prefix.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

SYSTEM_TOKENS = (1_500, 16_000)
"""Instructions and tools: 5 to 60 KB."""
LONGEST_TOKENS = 28_000
"""About 100 KB: then the history is summed up."""
SUMMARY_TOKENS = 1_500


class Turn(StrEnum):
    """Whose turn a call is."""

    HUMAN = "human"
    TOOL = "tool"
    CHORE = "chore"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `thread` tells prefixes apart, `need` is the quality that the work requires, 0 to 1.

    `looks` is what the words of this call alone seem to require. Sent `at_s` after the session began.
    """

    turn: Turn
    thread: str
    prompt_tokens: int
    output_tokens: int
    need: float
    looks: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What kind of sessions: how many calls they have, and how long their loops are, on average."""

    name: str
    calls: tuple[int, int]
    loop: float


SHAPES = (
    Shape("short, 20-40 calls", (20, 40), 6.0),
    Shape("usual, 40-100 calls", (40, 100), 10.0),
    Shape("long, 100-200 calls", (100, 200), 14.0),
    Shape("talk, 20-60 calls", (20, 60), 1.5),
)
EASY, MIDDLE, HARD = 0.5, 0.75, 0.9
_NEEDS, _SHARES = (EASY, MIDDLE, HARD), (0.45, 0.35, 0.20)
_LOOKS_EASY = 0.7
"""How often a tool's result looks easy by its own words, whatever the work is."""


def session(shape: Shape, name: str, dice: Random) -> list[Call]:
    """One session of this shape."""
    wanted, found = dice.randint(*shape.calls), list[Call]()
    maker = _Maker(name, dice)
    while len(found) < wanted:
        found.extend(maker.wish(shape.loop))
    return found[:wanted]


class _Maker:
    def __init__(self, name: str, dice: Random) -> None:
        self._name, self._dice = name, dice
        self._system = dice.randint(*SYSTEM_TOKENS)
        self._tokens, self._at_s, self._part = self._system, 0.0, 0

    def wish(self, loop: float) -> Iterator[Call]:
        """A user's wish, with what an agent does for it."""
        dice = self._dice
        self._at_s += dice.lognormvariate(4.5, 1.2)
        if dice.random() < 0.7:
            yield self._chore("topic", 400, 30)
        if self._tokens > LONGEST_TOKENS:
            yield self._chore(f"part {self._part}", self._tokens, SUMMARY_TOKENS)
            self._part, self._tokens = self._part + 1, self._system + SUMMARY_TOKENS
        (need,) = dice.choices(_NEEDS, _SHARES)
        yield self._call(Turn.HUMAN, need, need, dice.randint(20, 400))
        while dice.random() > 1 / loop:
            looks = EASY if dice.random() < _LOOKS_EASY else need
            yield self._call(Turn.TOOL, need, looks, dice.randint(50, 1500))

    def _call(self, turn: Turn, need: float, looks: float, added: int) -> Call:
        self._tokens += added
        output = self._dice.randint(40, 500)
        thread = f"{self._name} part {self._part}"
        call = Call(turn, thread, self._tokens, output, need, looks, self._at_s)
        self._tokens += output
        self._at_s += self._dice.uniform(3, 20)
        return call

    def _chore(self, what: str, tokens: int, output: int) -> Call:
        self._at_s += 1
        thread = f"{self._name} {what}"
        return Call(Turn.CHORE, thread, tokens, output, EASY, EASY, self._at_s)
