"""What is asked for: why or how, whether, when it is, was or will be; or which task is to be done."""

from router.features.courtesy import TASKS
from router.features.reading import WH, Reading, Words

_AUXILIARIES = frozenset(
    "is was do did have had can could may might must shall should will would ought".split()
)


def reads(reading: Reading) -> Words:
    """Question words, auxiliaries and tasks, in their order."""
    asking = WH | _AUXILIARIES | TASKS
    return tuple(word for word in reading.words if word in asking)
