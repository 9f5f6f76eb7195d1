"""One request of the soak, determined by the seed, its phase and its number alone."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from benchmarks.chaos.cast import ACTORS, POOLS, pool_of
from benchmarks.chaos.troubles import Trouble, draw, kind_of

NONCE = re.compile(rb"nq[0-9a-f]{16}")
"""The word in each question that its answer quotes, and no other."""

_WORDS = """hello good morning garden river lantern pebble harvest thank you please meadow été über
    señor mañana naïve 漢字 かな 🙂 😀 straße copper violin harbour orchard thunder velvet""".split()
_KEPT_EVERY = 25
_KEPT_QUESTIONS = 100


class Manner(StrEnum):
    """What the client does with its answer."""

    STAY = "stay"
    LEAVE_BEFORE = "leave before the first byte"
    LEAVE_MIDWAY = "leave midway"
    LEAVE_AT_END = "leave at the end"
    READ_SLOWLY = "read slowly"
    STOP_READING = "stop reading"


LEAVES = frozenset(
    {Manner.LEAVE_BEFORE, Manner.LEAVE_MIDWAY, Manner.LEAVE_AT_END, Manner.STOP_READING}
)


@dataclass(frozen=True, slots=True)
class Mix:
    """What a phase's requests consist of: shares in [0, 1].

    `odd` and `hard` are the shares of requests that meet such faults, `impatient` of those whose
    client leaves or reads slowly, `deadlines` of those with one.
    """

    odd: float = 0.0
    hard: float = 0.0
    impatient: float = 0.0
    deadlines: float = 0.0


CALM = Mix()
CHAOS = Mix(odd=0.25, hard=0.35, impatient=0.3, deadlines=0.08)


@dataclass(frozen=True, slots=True)
class Shot:
    """A request and what goes wrong with it.

    `tag` is its own, `nonce` its question's (questions of the `kept` policy are asked again).
    `faults` says for every model what it would meet. A client that leaves does so `after` so many
    seconds or bytes.
    """

    tag: str
    nonce: str
    asked: str
    body: bytes
    stream: bool
    wants_usage: bool
    faults: Mapping[str, str]
    manner: Manner = Manner.STAY
    after: float = 0.0
    deadline_s: float | None = None

    @property
    def pool(self) -> tuple[str, ...]:
        """The models that may answer."""
        return pool_of(self.asked)

    @property
    def leaves(self) -> bool:
        """Whether its client does not wait for the end."""
        return self.manner in LEAVES

    @property
    def is_fair(self) -> bool:
        """Whether nothing prevents a complete answer."""
        hard = any(kind_of(self.faults[model]) is Trouble.HARD for model in self.pool)
        return not hard and not self.leaves and self.deadline_s is None


def draw_shot(seed: int, phase: str, number: int, mix: Mix) -> Shot:
    """The request with that number in that phase."""
    if number % _KEPT_EVERY == _KEPT_EVERY - 1:
        return _kept(seed, phase, number)
    dice = Random(f"{seed}/{phase}/{number}")
    asked = _asked(dice)
    faults = _faults(dice, mix, asked)
    manner, after = _manner(dice, mix)
    if manner is Manner.STOP_READING:
        faults = dict.fromkeys(ACTORS, "huge,mb=24")
    stream = manner not in {Manner.STAY, Manner.LEAVE_BEFORE} or dice.random() < 0.6
    wants_usage = dice.random() < 0.5
    nonce = _nonce(f"{seed}/{phase}/{number}")
    return Shot(
        tag=f"{phase}-{number}",
        nonce=nonce,
        asked=asked,
        body=_body(dice, nonce, asked, faults, wants_usage=wants_usage, stream=stream),
        stream=stream,
        wants_usage=wants_usage,
        faults=faults,
        manner=manner,
        after=after,
        deadline_s=round(dice.uniform(0.3, 2.0), 3) if dice.random() < mix.deadlines else None,
    )


def pinned_shot(seed: int, model_id: str, tag: str) -> Shot:
    """A fair request to one model."""
    dice = Random(f"{seed}/{tag}")
    faults = dict.fromkeys(ACTORS, "ok")
    nonce = _nonce(f"{seed}/{tag}")
    body = _body(dice, nonce, model_id, faults, wants_usage=True, stream=False)
    return Shot(tag, nonce, model_id, body, False, True, faults)


def _kept(seed: int, phase: str, number: int) -> Shot:
    """A question that was asked before or will be again: its answer may come from the cache."""
    source = f"{seed}/{phase}/kept/{number // _KEPT_QUESTIONS}"
    dice = Random(source)
    stream, faults, nonce = dice.random() < 0.5, dict.fromkeys(ACTORS, "ok"), _nonce(source)
    body = _body(dice, nonce, "auto:kept", faults, wants_usage=True, stream=stream)
    return Shot(f"{phase}-{number}", nonce, "auto:kept", body, stream, True, faults)


def _asked(dice: Random) -> str:
    if dice.random() < 0.35:
        return dice.choice(tuple(ACTORS))
    return "auto:" + dice.choice([name for name in POOLS if name != "kept"] + ["hedged"])


def _faults(dice: Random, mix: Mix, asked: str) -> dict[str, str]:
    """The fault of every model: one for all, one for the first that is asked, or one for each."""
    faults = dict.fromkeys(ACTORS, "ok")
    what = dice.random()
    if what >= mix.odd + mix.hard:
        return faults
    if what < mix.odd:
        kind = Trouble.USAGELESS if dice.random() < 0.15 else Trouble.ODD
        return dict.fromkeys(ACTORS, draw(kind, dice))
    pool = pool_of(asked)
    match dice.randrange(4):
        case 0:
            return dict.fromkeys(ACTORS, draw(Trouble.HARD, dice))
        case 1:
            return faults | {model: draw(Trouble.HARD, dice) for model in pool}
        case _:
            return faults | {pool[0]: draw(Trouble.HARD, dice)}


_MANNERS: Mapping[Manner, int] = {
    Manner.LEAVE_BEFORE: 12,
    Manner.LEAVE_MIDWAY: 16,
    Manner.LEAVE_AT_END: 16,
    Manner.READ_SLOWLY: 8,
    Manner.STOP_READING: 1,
}


def _manner(dice: Random, mix: Mix) -> tuple[Manner, float]:
    if dice.random() >= mix.impatient:
        return Manner.STAY, 0.0
    manner = dice.choices(tuple(_MANNERS), tuple(_MANNERS.values()))[0]
    if manner is Manner.LEAVE_BEFORE:
        return manner, dice.uniform(0.0, 0.05)
    return manner, float(dice.randrange(1, 9_000))


def _nonce(source: str) -> str:
    return "nq" + hashlib.sha256(source.encode()).hexdigest()[:16]


def _body(
    dice: Random,
    nonce: str,
    asked: str,
    faults: Mapping[str, str],
    *,
    wants_usage: bool,
    stream: bool,
) -> bytes:
    content: dict[str, Any] = {"model": asked, **_QUESTIONS[dice.randrange(8)](dice, nonce)}
    if stream:
        content["stream"] = True
        content["stream_options"] = {"include_usage": wants_usage}
    if script := "; ".join(f"{model}:{fault}" for model, fault in faults.items() if fault != "ok"):
        content["metadata"] = {"simulate": script}
    return json.dumps(content, ensure_ascii=dice.random() < 0.5).encode()


def _translation(dice: Random, nonce: str) -> dict[str, Any]:
    language = dice.choice(("French", "German", "Spanish", "Italian"))
    text = " ".join(dice.choices(_WORDS, k=dice.randrange(3, 30)))
    return _asking(f"Translate into {language}: {nonce} {text}")


def _two_translations(dice: Random, nonce: str) -> dict[str, Any]:
    return {"n": 2, **_translation(dice, nonce)}


def _as_json(dice: Random, nonce: str) -> dict[str, Any]:
    text = " ".join(dice.choices(_WORDS, k=4))
    return {"response_format": {"type": "json_object"}, **_asking(f"Hello {nonce}, {text}")}


def _quoting_a_tool(dice: Random, nonce: str) -> dict[str, Any]:
    text = " ".join(dice.choices(_WORDS, k=dice.randrange(3, 30)))
    function = {"name": "look_up", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    told = {"role": "tool", "tool_call_id": "call_1", "content": f"{nonce} {text}"}
    asking = _asking("What does it say?")["messages"]
    return {"messages": [*asking, {"role": "assistant", "tool_calls": [call]}, told]}


def _asking(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


_QUESTIONS = (*[_translation] * 5, _two_translations, _as_json, _quoting_a_tool)
"""Kinds of question whose answers quote the whole nonce, whoever answers and however wrong."""
