"""What was made of the questions that were read lately.

It saves reading an agent's wish again at its hundredth call, or a question whose answer is stored.
"""

from hashlib import blake2b

from msgspec import Struct

from router.domain.category import Category, Guess
from router.domain.lru_cache import LruCache
from router.domain.resemblance import Resemblance

MOST = 4096
"""Questions; about a kilobyte each."""


class Read(Struct, frozen=True):
    """What was made of a question: its category by form and words, and the prompts it resembles."""

    guess: Guess
    resemblance: Resemblance | None


def new_question_cache() -> LruCache[bytes, Read]:
    """What is remembered of questions, by `key_of`: nothing yet."""
    return LruCache(MOST)


def key_of(
    question: str, form: Category | None, characters: int, before: str, *, sees: bool
) -> bytes:
    """The lookup key of a question: its ends, its length, what else its category depends on.

    That is the category of its request by form, the wish before it, and whether there is a picture to be seen.
    """
    about = f"{form or ''} {sees} {characters} {len(before)}"
    said = f"{about}\n{before}{question}".encode("utf-8", "replace")
    return blake2b(said, digest_size=16).digest()
