"""The prompt cache of one simulated model: the beginnings of prompts that it has read before."""

from hashlib import blake2b

from msgspec import Struct

from router.domain.lru_cache import LruCache
from router.providers.simulated import tokens
from router.providers.simulated.request import ChatRequest

LEAST_TOKENS = 1024
BLOCK_TOKENS = 128
_MOST = 4096


class Found(Struct, frozen=True):
    """How many tokens of a prompt are cached, and the hashes of its beginnings."""

    cached_tokens: int = 0
    prefixes: tuple[bytes, ...] = ()


NOTHING_FOUND = Found()


class PrefixCache:
    """Remembers the last 4,096 beginnings of prompts that are at least 1024 tokens long.

    As with OpenAI, shorter ones are never cached, and cached tokens count in blocks of 128.
    A beginning ends where a message does.
    """

    def __init__(self) -> None:
        self._seen = LruCache[bytes, None](_MOST)

    def look(self, request: ChatRequest, prompt_tokens: int) -> "Found":
        """How much of the prompt is cached."""
        if prompt_tokens < LEAST_TOKENS:
            return NOTHING_FOUND
        prefixes = _prefixes(request)
        cached = max((length for prefix, length in prefixes if prefix in self._seen), default=0)
        return Found(cached // BLOCK_TOKENS * BLOCK_TOKENS, tuple(prefix for prefix, _ in prefixes))

    def remember(self, found: "Found") -> None:
        """Take note that the prompt has been read: its beginnings are cached from now on."""
        for prefix in found.prefixes:
            self._seen.keep(prefix, None)

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()


def _prefixes(request: ChatRequest) -> list[tuple[bytes, int]]:
    """A hash and the number of tokens of each beginning that is long enough."""
    digest = blake2b(request.tools_json.encode(), digest_size=16)
    length = tokens.count(request.tools_json)
    found = []
    for message in request.messages:
        digest.update(f"\x1e{message.role}\x1f{message.images}\x1f{message.calls}\x1f".encode())
        digest.update(message.text.encode())
        length += message.tokens
        if length >= LEAST_TOKENS:
            found.append((digest.digest(), length))
    return found
