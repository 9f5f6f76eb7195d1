r"""Requests made from templates: what stands in gaps and which of several wordings is drawn by dice.

A template is a line of text. `[a|b|c]` is one of these wordings, innermost first; `{name}` a line of
the slot of that name, in the template's language where it has one, else in English; `\n` a line break.
What is put into a gap may have gaps of its own, and what looks like a gap but names no slot stays.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from msgspec import Struct

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_GAP = re.compile(r"\{([a-z]+)\}")
_DEPTH = 4

Slots = Mapping[str, Mapping[str, Sequence[str]]]
"""Language to slot to lines; the language `any` serves all."""

_NUMBERS: Mapping[str, Callable[[Random], str]] = {
    "digit": lambda dice: str(dice.randint(2, 9)),
    "small": lambda dice: str(dice.randint(3, 60)),
    "int": lambda dice: str(dice.randint(11, 5000)),
    "dec": lambda dice: f"{dice.uniform(1, 100):.2f}",
    "pct": lambda dice: str(dice.randint(2, 90)),
    "year": lambda dice: str(
        dice.randint(1900, 2029) if dice.random() < 0.8 else dice.randint(1066, 1899)
    ),
}


class Grammar(Struct, frozen=True):
    """What fills the gaps of templates."""

    slots: Slots

    def expand(self, template: str, language: str, dice: Random) -> str:
        """One request of `template`; the same for the same state of `dice`."""
        text = _chosen(template, dice)
        for _ in range(_DEPTH):
            text = _GAP.sub(lambda gap: self._filled(gap, language, dice), text)
        return text.replace("\\n", "\n").replace("\\t", "\t").strip()

    def unknown_gaps(self, template: str) -> tuple[str, ...]:
        """The names in `template` that are no slot."""
        known = {name for slots in self.slots.values() for name in slots} | {*_NUMBERS}
        return tuple(name for name in _GAP.findall(template) if name not in known)

    def _filled(self, gap: re.Match[str], language: str, dice: Random) -> str:
        name = gap[1]
        if number := _NUMBERS.get(name):
            return number(dice)
        for place in (language, "any", "en"):
            if lines := self.slots.get(place, {}).get(name):
                return dice.choice(lines)
        return gap[0]


def _chosen(template: str, dice: Random) -> str:
    while _CHOICE.search(template):
        template = _CHOICE.sub(lambda found: dice.choice(found[1].split("|")), template)
    return template
