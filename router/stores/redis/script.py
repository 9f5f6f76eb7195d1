"""Scripts that Redis runs: reading and writing in one step."""

from collections.abc import Sequence
from functools import partial
from hashlib import sha1
from typing import Any

from redis.exceptions import NoScriptError

from router.stores.redis.batches import Word
from router.stores.redis.link import RedisAway, RedisLink


class Script:
    """A Lua script on a link. A server that does not know it gets it first, and is asked again."""

    def __init__(self, link: RedisLink, text: str) -> None:
        self._link = link
        self._text = text
        # This is Redis's own name for it, and not security-relevant.
        self._name = sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, keys: Sequence[str], args: Sequence[Word] = ()) -> Any:
        """What the script returns. Raises RedisAway."""
        words = ("EVALSHA", self._name, len(keys), *keys, *args)
        try:
            return await self._link.send(*words)
        except NoScriptError:
            await self._link.ask(partial(self._link.client.script_load, self._text))
        try:
            return await self._link.send(*words)
        except NoScriptError:  # it forgets scripts faster than they are loaded
            raise RedisAway from None
