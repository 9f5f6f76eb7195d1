"""What is asked for: why or how, whether, when it is, was or will be, of whom; or which task it is."""

from router.features.courtesy import TASKS
from router.features.reading import WH, Reading, Words

_AUXILIARIES = frozenset(
    "is was do did have had can could may might must shall should will would ought".split()
)
_PERSONS = frozenset("i me you we us he him she her they them".split())


def reads(reading: Reading) -> Words:
    """Question words, auxiliaries, persons and tasks, in order."""
    asking = WH | _AUXILIARIES | _PERSONS | TASKS
    return tuple(word for word in reading.words if word in asking)
