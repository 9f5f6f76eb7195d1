"""Code: marked as such, or recognised by its characters. It is compared to the letter."""

import re

from router.features.reading import Reading, Words

_CHUNK = re.compile(r"\S+")
_AROUND = ".,;:!?\"'()¿¡…"
_SIGN = re.compile(r"[^\w\s.,;:!?\"'()¿¡…«»“”„\u2013\u2014-]")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|\w*[^\W_]_\w+|_\w+|\w+_")
_FLAG = re.compile(r"--?\w[\w-]*")


def reads(reading: Reading) -> Words:
    """Code spans, and each piece of the rest that no plain sentence would contain, in order."""
    pieces = (found[0].strip(_AROUND) for found in _CHUNK.finditer(reading.prose))
    return (*reading.code, "|", *(piece for piece in pieces if _is_code(piece)))


def _is_code(piece: str) -> bool:
    return bool(_SIGN.search(piece) or _FLAG.fullmatch(piece) or _IDENTIFIER.fullmatch(piece))
