"""What is requested: how many of a hundred requests are plain, streamed, wrong, failing, scored and so on."""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.domain.members import replace

CHAT = "/v1/chat/completions"
FEEDBACK = "/v1/feedback"
KEYS = tuple(f"fk-slope-{number:03}" for number in range(40))
_SCORED = 256
"""So many of the last answers may still be scored."""
_PEOPLE = 2_000
_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather forecast for a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@dataclass(frozen=True, slots=True)
class Shot:
    """One request: its body, key and headers, the expected statuses, and how much of it is read."""

    fields: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    right: frozenset[int] = frozenset({200})
    leaves: bool = False
    path: str = CHAT
    kind: str = ""


class Traffic:
    """Draws shots; remembers a few of the last answers in order to score them."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._answered: deque[tuple[str, str]] = deque(maxlen=_SCORED)

    def next(self) -> Shot:
        """One more request, with a key."""
        kind = self._dice.choices(list(_SHOTS), list(_SHOTS.values()))[0]
        key = {"authorization": f"Bearer {self._dice.choice(KEYS)}"}
        shot = self._scored() if kind is _plain and self._dice.random() < _SHARE_SCORED else None
        shot = shot or kind(self._dice)
        name = kind.__name__.removeprefix("_") if shot.path == CHAT else "feedback"
        return replace(shot, headers={**key, **shot.headers}, kind=name)

    def answered(self, shot: Shot, request_id: str) -> None:
        """This answer may be scored by whoever asked."""
        if shot.path == CHAT and not shot.leaves and shot.right == {200}:
            self._answered.append((request_id, shot.headers["authorization"]))

    def _scored(self) -> Shot | None:
        if not self._answered:
            return None
        request_id, key = self._answered.popleft()
        said = {"request_id": request_id, "score": self._dice.randrange(5) / 4, "reason": "so-so"}
        return Shot(said, {"authorization": key}, path=FEEDBACK)


_SHARE_SCORED = 0.1
"""Of what would be plain requests."""


def _message(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _plain(dice: random.Random) -> Shot:
    return Shot({"model": "auto", "messages": _message(f"What is {dice.getrandbits(40)} + 1?")})


def _known(dice: random.Random) -> Shot:
    return Shot({"model": "auto", "messages": _message(f"Who was number {dice.randrange(300)}?")})


def _streamed(dice: random.Random) -> Shot:
    return Shot({**_plain(dice).fields, "stream": True})


def _left(dice: random.Random) -> Shot:
    return Shot({**_plain(dice).fields, "stream": True}, leaves=True)


def _session(dice: random.Random) -> Shot:
    # More than a process remembers at a time fill its memories only after many more requests: see their tests.
    number = dice.randrange(_PEOPLE)
    turns = _message(f"Fix bug {dice.getrandbits(40)}") * (1 + dice.randrange(4))
    headers = {"x-session-id": f"s{number}", "x-farthing-tags": f"project-{number // 2},night"}
    return Shot({"model": "auto", "messages": turns, "user": f"u{number}"}, headers)


def _tools(dice: random.Random) -> Shot:
    asked = _message(f"What is the weather forecast for town {dice.getrandbits(32)}?")
    return Shot({"model": "auto", "messages": asked, "tools": [_TOOL]})


def _cascade(dice: random.Random) -> Shot:
    return Shot({**_plain(dice).fields, "model": "auto:pair"})


def _pinned(dice: random.Random) -> Shot:
    names = ("sim-open-8b", "sim-open-70b", "sim-mid", "sim-frontier")
    return Shot({**_plain(dice).fields, "model": dice.choice(names)})


def _failing(dice: random.Random) -> Shot:
    # A model that answers 429 is left alone for a second; if all others wanted that model, they would wait.
    fault, model = dice.choice(
        (
            ("status,code=500", "auto"),
            ("reset", "auto"),
            ("cut,after=1", "auto"),
            ("status,code=429,retry_after=0", "sim-open-70b"),
        )
    )
    fields = {**_plain(dice).fields, "model": model, "metadata": {"simulate": fault}}
    right = frozenset({200, 429, 500, 502, 503})
    return Shot({**fields, "stream": dice.random() < 0.5}, right=right)


def _wrong(dice: random.Random) -> Shot:
    number = dice.getrandbits(40)
    wrong: Sequence[Shot] = (
        Shot({"model": f"no-{number}", "messages": _message("Hi")}, right=frozenset({404})),
        Shot({"model": "auto", "messages": f"no-{number}"}, right=frozenset({400})),
        Shot({}, {"authorization": f"Bearer fk-{number}"}, right=frozenset({401})),
        Shot({}, {f"x-farthing-{number}": "1"}, right=frozenset({400})),
    )
    return dice.choice(wrong)


_SHOTS: Mapping[Callable[[random.Random], Shot], int] = {
    _plain: 30,
    _known: 15,
    _streamed: 15,
    _left: 3,
    _session: 12,
    _tools: 6,
    _cascade: 5,
    _pinned: 6,
    _failing: 3,
    _wrong: 5,
}
"""How many of a hundred."""
