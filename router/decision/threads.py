"""The conversations of one process: how far each has got, and what providers still have cached of it.

What is cached where follows from the usage of the last answers. A provider that caches without being asked
has the whole prompt; one that bills cache writes has what it read and wrote. Whether that was really there at
the next call is learnt for each place, as is how much of the rest was billed as written.
"""

from collections import OrderedDict
from collections.abc import Set

from msgspec import Struct, field

from router.decision.horizon import Horizon
from router.decision.share import Share
from router.domain.conversation import Conversation, Kept
from router.domain.usage import Usage

MOST = 20_000
"""Conversations; about a kilobyte each."""

MINUTES_S, HOUR_S = 300.0, 3600.0
"""How long providers keep a prefix after its last use: Anthropic five minutes, or an hour if that is asked
and paid for; OpenAI five to ten minutes, and up to an hour in quiet times. The shorter is assumed."""

LEAST_TOKENS = 1024
"""A shorter prefix is cached neither by OpenAI nor by most of Anthropic's models."""

OVER_S = 3600.0
"""A conversation that has been quiet for this long has ended."""

_USUAL_GROWTH = 600
"""Tokens that a call adds to the next one's prompt, until a conversation has shown its own growth."""

_SUPPOSED_TOKENS = 8192.0
"""How many tokens of evidence the assumption counts for that a provider's cache holds what it read."""

_REWRITTEN = 0.9
"""A prompt shorter than this share of the last one has another history, of which nothing is cached."""

_MOST_PLACES = 8
_SCALES = {True: 8.0, False: 1.0}
"""Scales of the number of calls in a row to one model: in conversations with tools, and in those without."""


class _Warm(Struct, frozen=True):
    """So many `tokens`, by our count, are cached until `until_s`; each use extends that by `ttl_s`."""

    tokens: int
    until_s: float
    ttl_s: float


class _Thread(Struct):
    has_tools: bool
    first_tokens: int
    turns: int = 0
    tokens: int = 0
    place: str = ""
    stay: int = 0
    last_s: float = 0.0
    warm: dict[str, _Warm] = field(default_factory=dict)


class Threads:
    """The last `most` conversations; the one that has been quiet for longest makes room, and counts as ended."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._threads: OrderedDict[str, _Thread] = OrderedDict()
        self._horizons = {has_tools: Horizon(scale) for has_tools, scale in _SCALES.items()}
        self._reads: dict[str, Share] = {}
        self._writes: dict[str, Share] = {}

    def __len__(self) -> int:
        return len(self._threads)

    def knows(self, thread: str) -> bool:
        """Whether the conversation has had a call before."""
        return thread in self._threads

    def conversation(
        self, thread: str, prompt_tokens: int, now_s: float, *, has_tools: bool
    ) -> Conversation:
        """Where a request of `prompt_tokens` stands in its conversation at `now_s` (seconds of any one clock)."""
        self._end_the_quiet(now_s)
        known = self._threads.get(thread) or _Thread(has_tools, prompt_tokens)
        places = {*known.warm, *self._reads, *self._writes}
        return Conversation(
            turns=known.turns,
            ahead=round(self._horizons[known.has_tools].ahead(), 2),
            growth=_growth(known, prompt_tokens),
            kept={place: self._kept(known, place, prompt_tokens, now_s) for place in places},
        )

    def answered(  # noqa: PLR0913 - what is to be known of a call
        self,
        thread: str,
        place: str,
        usage: Usage,
        prompt_tokens: int,
        now_s: float,
        *,
        has_tools: bool,
        is_housekeeping: bool = False,
        is_given: bool = True,
    ) -> None:
        """The model at `place` has read a prompt of `prompt_tokens`, by our count, and answered.

        A chore neither begins a conversation nor makes one longer. An answer that is not given to the client is no
        call of the conversation, but its prompt was read.
        """
        known = self._threads.get(thread)
        if known is None:
            if is_housekeeping:
                return
            known = self._threads[thread] = _Thread(has_tools, prompt_tokens)
        self._learn(known, place, usage, prompt_tokens, now_s)
        _warmed(known, place, usage, prompt_tokens, now_s)
        known.last_s = now_s
        if is_given and not is_housekeeping:
            self._count(known, place, prompt_tokens)
        self._threads.move_to_end(thread)
        if len(self._threads) > self._most:
            self._end(self._threads.popitem(last=False)[1])

    def forget(self, places: Set[str]) -> None:
        """Other models answer at these places now: nothing is cached there, and what was learnt of them is void."""
        for known in self._threads.values():
            for place in places & known.warm.keys():
                del known.warm[place]
        for place in places:
            self._reads.pop(place, None)
            self._writes.pop(place, None)

    def _count(self, known: _Thread, place: str, prompt_tokens: int) -> None:
        """One more call, of the same stay or of a new one."""
        if place != known.place and known.stay:
            self._horizons[known.has_tools].ended(known.stay)
            known.stay = 0
        known.place, known.stay = place, known.stay + 1
        known.turns, known.tokens = known.turns + 1, prompt_tokens

    def _learn(
        self, known: _Thread, place: str, usage: Usage, prompt_tokens: int, now_s: float
    ) -> None:
        """Learn whether what should have been cached was, and how much of the rest was written."""
        if not (sent := usage.input_tokens):
            return
        supposed = _still(known, place, prompt_tokens, now_s)
        if supposed >= LEAST_TOKENS:
            read = usage.cache_read_tokens / sent * prompt_tokens
            self._reads.setdefault(place, Share()).add(min(read, supposed), supposed)
        written = usage.cache_write_tokens + usage.cache_write_1h_tokens
        if rest := written + usage.uncached_input_tokens:
            self._writes.setdefault(place, Share()).add(written, rest)

    def _kept(self, known: _Thread, place: str, prompt_tokens: int, now_s: float) -> Kept:
        reads, writes = self._reads.get(place), self._writes.get(place)
        return Kept(
            _still(known, place, prompt_tokens, now_s),
            round(reads.drawn_towards(1.0, _SUPPOSED_TOKENS), 3) if reads else 1.0,
            round(writes.drawn_towards(1.0, _SUPPOSED_TOKENS), 3) if writes else 1.0,
        )

    def _end_the_quiet(self, now_s: float) -> None:
        """End the conversations that have been quiet for an hour; looks at the oldest first, and no further."""
        while self._threads:
            oldest = next(iter(self._threads))
            if self._threads[oldest].last_s > now_s - OVER_S:
                return
            self._end(self._threads.pop(oldest))

    def _end(self, thread: _Thread) -> None:
        if thread.stay:
            self._horizons[thread.has_tools].ended(thread.stay)


def _growth(known: _Thread, prompt_tokens: int) -> int:
    if not known.turns:
        return _USUAL_GROWTH
    return max(0, (prompt_tokens - known.first_tokens) // known.turns)


def _still(known: _Thread, place: str, prompt_tokens: int, now_s: float) -> int:
    """How many tokens of this prompt the provider has at this moment."""
    warm = known.warm.get(place)
    if warm is None or warm.until_s <= now_s or warm.tokens < LEAST_TOKENS:
        return 0
    if prompt_tokens < known.tokens * _REWRITTEN:
        return 0
    return min(warm.tokens, prompt_tokens)


def _warmed(known: _Thread, place: str, usage: Usage, prompt_tokens: int, now_s: float) -> None:
    before = known.warm.pop(place, None)
    lasted = before is not None and before.ttl_s == HOUR_S and usage.cache_read_tokens > 0
    ttl_s = HOUR_S if usage.cache_write_1h_tokens or lasted else MINUTES_S
    tokens = round(_cached_after(usage) * prompt_tokens)
    known.warm[place] = _Warm(tokens, now_s + ttl_s, ttl_s)
    if len(known.warm) > _MOST_PLACES:
        del known.warm[next(iter(known.warm))]


def _cached_after(usage: Usage) -> float:
    """The share of a prompt that is cached once it was read."""
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    if not written:
        return 1.0
    return (usage.cache_read_tokens + written) / usage.input_tokens
