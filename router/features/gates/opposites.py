"""Words that have an opposite, and degrees of comparison."""

from router.features.reading import Reading, Words

_OPPOSITES = frozenset(
    """
    increase decrease raise lower rise fall grow shrink expand contract before after earlier later
    first last early late max min maximum minimum most least more less fewer many few allow deny
    permit forbid accept decline reject import export enable disable open close start stop begin end
    add remove insert delete create destroy encrypt decrypt encode decode lock unlock upload download
    push pull buy sell lend borrow win lose gain attack defend up down in out on off over under above
    below left right north south east west hot cold high low big small large long short old new fast
    slow good bad best worst better worse true false true positive negative pros cons advantages
    disadvantages benefits drawbacks cause causes effect effects for against with without inside
    outside input output local remote public private internal external ascending descending
    synchronous asynchronous all some any every each both either only always usually often sometimes
    """.split()
)
_DEGREES = ("er", "est")


def reads(reading: Reading) -> Words:
    """Each word that has an opposite or looks like a degree, in order."""
    return tuple(word for word in reading.words if word in _OPPOSITES or word.endswith(_DEGREES))
