"""What was made of the questions that were read lately.

It saves reading an agent's wish again at its hundredth call, or a question whose answer is stored.
"""

from collections import OrderedDict
from hashlib import blake2b

from msgspec import Struct

from router.domain.category import Category, Guess
from router.domain.kinship import Kinship

MOST = 4096
"""Questions; about a kilobyte each."""


class Read(Struct, frozen=True):
    """What was made of a question: its tokens, its category by form and words, and the prompts it resembles."""

    tokens: int
    guess: Guess
    kinship: Kinship | None


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


def key_of(
    question: str, form: Category | None, characters: int, before: str, *, sees: bool
) -> bytes:
    """The lookup key of a question: its ends, its length, what else its category depends on.

    That is the category of its request by form, the wish before it, and whether there is a picture to be seen.
    """
    about = f"{form or ''} {sees} {characters} {len(before)}"
    said = f"{about}\n{before}{question}".encode("utf-8", "replace")
    return blake2b(said, digest_size=16).digest()
