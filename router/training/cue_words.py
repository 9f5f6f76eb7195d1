"""The table of cues as requests, so that what was collected by hand is learnt with the rest."""

from collections.abc import Iterator, Sequence
from random import Random

from router.features.cues import CUES
from router.training.grammar import Grammar
from router.training.requests import LabelledRequest, grammar

CUES_FAMILY = "cues"
"""Family and template of all of them: they are many ways to say the table."""

_AROUND = (
    "@",
    "@ {topic}",
    "{topic} @",
    "@ {word}",
    "please @ {sentence}",
    "{sentence} @",
    "@: {sentence}",
    "@ {topic} {object}",
    "@\\n{text}",
    "@ {fact}",
    "@ {fact} {word}",
)
_EACH = 6
"""Requests for a term that decides alone; a weaker one has fewer, for it is weaker evidence."""


def cue_requests(seed: int) -> Sequence[LabelledRequest]:
    """Requests in which a term of the table stands among words that say nothing."""
    return tuple(_requests(Random(f"{seed}/{CUES_FAMILY}"), grammar()))


def _requests(dice: Random, gaps: Grammar) -> Iterator[LabelledRequest]:
    for term, cue in CUES.items():
        for _ in range(int(_EACH * cue.votes**0.5)):
            shown = dice.choice((term, term.capitalize()))
            text = gaps.expand(dice.choice(_AROUND).replace("@", shown), "en", dice)
            yield LabelledRequest(text, cue.category, CUES_FAMILY, CUES_FAMILY)
