"""What was made of the questions that were read lately.

It saves reading an agent's wish again at its hundredth call, or a question whose answer is stored.
"""

from collections import OrderedDict
from hashlib import blake2b

from msgspec import Struct

from router.domain.category import Category
from router.domain.kinship import Kinship

MOST = 4096
"""Questions; about a kilobyte each."""


class Read(Struct, frozen=True):
    """What was made of a question: its tokens, its category by form and words, and the prompts it resembles.

    `unseen` is its category, with the confidence in it, in a conversation without pictures; None where it is the same.
    """

    tokens: int
    category: Category
    confidence: float
    kinship: Kinship | None
    unseen: tuple[Category, float] | None = None

    def told(self, *, sees: bool) -> tuple[Category, float]:
        """The category and the confidence in it, in a conversation with a picture or without."""
        return (self.category, self.confidence) if sees or self.unseen is None else self.unseen


class Recall:
    """The last `most` questions; the least recently used one goes first."""

    __slots__ = ("_most", "_read")

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._read: OrderedDict[bytes, Read] = OrderedDict()

    def __len__(self) -> int:
        return len(self._read)

    def find(self, key: bytes) -> Read | None:
        """What was made of the question with this key, if it is still known."""
        if (found := self._read.get(key)) is not None:
            self._read.move_to_end(key)
        return found

    def keep(self, key: bytes, read: Read) -> None:
        """Remember what was made of a question."""
        self._read[key] = read
        self._read.move_to_end(key)
        if len(self._read) > self._most:
            self._read.popitem(last=False)


def key_of(question: str, form: Category | None, characters: int, before: str = "") -> bytes:
    """The lookup key of a question: its ends, its length, its request's category by form, and the wish before it."""
    said = f"{form or ''} {characters} {len(before)}\n{before}{question}".encode("utf-8", "replace")
    return blake2b(said, digest_size=16).digest()
