"""Not, never, without: the words that turn a question round, and those that may hide such a word."""

from router.features.reading import Reading, Words

_NEGATING = frozenset(
    """
    not no never none nobody nothing nowhere neither nor without except unless hardly barely scarcely
    rarely seldom few lack lacks lacking fail fails failed unable instead rather avoid stop against
    nicht kein keine keinen keinem keiner nie niemals ohne außer weder
    ne pas jamais sans sauf aucun aucune rien ni
    nunca jamás sin ningún ninguna nada tampoco
    non mai senza nessun nessuno nessuna né
    não nem sem nenhum nenhuma
    niet geen nooit zonder behalve
    ikke aldri aldrig uden uten utan inte ingen
    """.split()
)
_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "anti", "mis", "asym", "atyp")
_SHORTEST_PREFIXED = 5
"""Shorter ones are words like "into" and "dish"."""


def reads(reading: Reading) -> Words:
    """Each negating word, and each that has a negating prefix."""
    return tuple(sorted(word for word in reading.words if word in _NEGATING or _may_negate(word)))


def _may_negate(word: str) -> bool:
    return len(word) >= _SHORTEST_PREFIXED and word.startswith(_PREFIXES)
