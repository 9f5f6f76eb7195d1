"""What is kept of a wording, so that another one can be compared with it: none of its words.

A likeness is a keyed digest for each gate, over what that gate reads, and a short one for each word.
By wording, two are the same if all digests are equal: this is transitive, so no chain of likenesses can
drift. By meaning they may have different words, if they have few; but what a gate reads must be equal,
and words that both have must be in the same order.
"""

from collections.abc import Sequence
from hashlib import blake2b

import orjson
from msgspec import Struct

from router.domain.semantic import Sameness
from router.features.gates import GATES
from router.features.gates.verbatim import works_on_text
from router.features.reading import read
from router.features.ties import tie_of

GATE_BYTES = 12
WORD_BYTES = 6
LONGEST_CHUNK = 100
"""Characters without a space: a text with longer runs is no sentence, and slow to match patterns against."""

MOST_WORDS_BY_MEANING = 12
"""Among more words, one that changes everything moves a vector too little to be seen."""

_GATES_BYTES = GATE_BYTES * len(GATES)


class Likeness(Struct, frozen=True):
    """Digests of what each gate reads, in the order of the gates, and of the words in theirs.

    Likenesses can be compared if they were made with the same key.
    """

    gates: tuple[bytes, ...]
    words: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse what was made by other gates, and a wording without words."""
        if [len(digest) for digest in self.gates] != [GATE_BYTES] * len(GATES):
            raise ValueError(f"a likeness has {len(GATES)} digests of {GATE_BYTES} bytes")
        if {len(digest) for digest in self.words} != {WORD_BYTES}:
            raise ValueError(f"a likeness has words, of {WORD_BYTES} bytes each")

    def packed(self) -> bytes:
        """The bytes to store."""
        return b"".join((*self.gates, *self.words))

    @classmethod
    def unpacked(cls, packed: bytes) -> "Likeness":
        """The likeness in `packed`. Raises ValueError for bytes of another form."""
        gates, words = packed[:_GATES_BYTES], packed[_GATES_BYTES:]
        return cls(_in_pieces(gates, GATE_BYTES), _in_pieces(words, WORD_BYTES))

    def name(self) -> bytes:
        """A digest that two likenesses share if, and only if, they are the same by wording."""
        return blake2b(self.packed(), digest_size=32).digest()


def likeness_of(text: str, key: bytes, before: str = "") -> Likeness | None:
    """What is compared of `text`; None if its answer can be nobody else's, or it is no sentence.

    Also None if `before`, what was said before it, has a model work on the text rather than answer it.
    `key` has 64 bytes at most.
    """
    if max(map(len, text.split()), default=0) > LONGEST_CHUNK or works_on_text(before):
        return None
    reading = read(text)
    if not reading.words or tie_of(reading):
        return None
    gates = (orjson.dumps([name, *gate(reading)]) for name, gate in GATES.items())
    return Likeness(
        tuple(_digest(read_out, key, GATE_BYTES) for read_out in gates),
        tuple(_digest(word.encode(), key, WORD_BYTES) for word in reading.words),
    )


def essence_of(text: str) -> str:
    """The words of `text` in normal form, without courtesies: what its vector should be made of."""
    return " ".join(read(text).words)


def conflict(one: Likeness, other: Likeness, by: Sameness) -> str | None:
    """Why the two must not share an answer: the first gate that is shut, "words", or "order"."""
    gates = zip(GATES, one.gates, other.gates, strict=True)
    shut = next((name for name, mine, theirs in gates if mine != theirs), None)
    if shut is not None:
        return shut
    longest = max(len(one.words), len(other.words))
    by_words = by is Sameness.WORDING or longest > MOST_WORDS_BY_MEANING
    if by_words and sorted(one.words) != sorted(other.words):
        return "words"
    return None if _in_one_order(one.words, other.words) else "order"


def _in_one_order(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    common = set(one) & set(other)
    mine = [word for word in one if word in common]
    theirs = [word for word in other if word in common]
    return mine == theirs


def _digest(said: bytes, key: bytes, size: int) -> bytes:
    return blake2b(said, key=key, digest_size=size).digest()


def _in_pieces(packed: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(packed[start : start + size] for start in range(0, len(packed), size))
