"""How many tokens a conversation has: exact while it is short, extrapolated when it is long.

The tokenizer takes about 40 us per KB, so counting a 100 KB agent body would take longer than
everything else together. Beyond `exact_chars` a spread of slices is counted instead, which stays
within 6 % on nine texts of ten, prose, code and JSON alike; the error affects only the *estimate* of cost, since
charges are computed from what the upstream counted.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from typing import NamedTuple

import orjson

from router.domain.turns import Turns, finished
from router.features.media import NO_MEDIA, Media, media_in
from router.features.tallies import Tallies, Texts, TokenCount
from router.features.text import Message, texts_of
from router.features.tokenizer import Tokenizer

_TOKENS_PER_MESSAGE = 3
_TOKENS_PER_REPLY = 3
"""Framing of each message and of the reply: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken."""

_SLICES = 16
_EVENLY = tuple(map(float, range(_SLICES)))
"""The places of slices, the first at the beginning and the last at the end."""
_SHARED = 2
"""The first texts, tools and instructions, which conversations often share. Some also share all but the last text."""
_MOST_TEXTS, _MOST_CHARS = 1000, 2**18
"""Looking up more than this would take longer than counting a sample of it."""


_READ_AT_ONCE = 2048
"""Messages whose texts are collected in one go; that takes a millisecond or two."""


class PromptCount(NamedTuple):
    """A number of tokens, whether it is exact, and those of its `media`, which are among them."""

    tokens: int
    exact: bool
    media: Media


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of conversations with one tokenizer for all models.

    Other vendors' tokenizers differ from it by 10 to 20 %; see docs/adr on why one is enough. What was counted
    lately is remembered in `tallies`. `secret_of` makes a number of texts that nobody else can foresee, by which
    the slices of long ones are placed: whoever knew where these are could write cheap words there, and between them
    forty times as much as is counted. Without it they are spaced evenly, and all processes count the same.
    """

    tokenizer: Tokenizer
    exact_chars: int = 4096
    tallies: Tallies = field(default_factory=Tallies, compare=False)
    secret_of: Callable[[Texts], int] | None = field(default=None, compare=False)

    def of_text(self, text: str) -> TokenCount:
        """Tokens of one text."""
        return self._of_texts((text,))

    def of_chat(self, messages: Sequence[Message], definitions: object = None) -> PromptCount:
        """Tokens of a whole prompt: messages with their framing, pictures, sounds and files; tools and schemas."""
        return finished(self.counting(messages, definitions))

    def counting(self, messages: Sequence[Message], definitions: object) -> Turns[PromptCount]:
        """`of_chat` in steps, so that a long request does not hold up others."""
        texts, media = [_written(definitions)] if definitions else [], NO_MEDIA
        for start in range(0, len(messages), _READ_AT_ONCE):
            some = messages[start : start + _READ_AT_ONCE]
            texts.extend(texts_of(*some))
            if len(texts) > _READ_AT_ONCE:
                yield
            media = media_in(some, media)
        text = self._of_texts(tuple(texts))
        if len(texts) > _READ_AT_ONCE:
            yield
        framing = _TOKENS_PER_MESSAGE * len(messages) + _TOKENS_PER_REPLY
        is_exact = text.exact and not media.guessed and not media.elsewhere
        return PromptCount(text.tokens + framing + media.tokens, is_exact, media)

    def was_counted(self, text: str, tokens: int) -> None:
        """Remember how many tokens a short text has."""
        if len(text) <= self.exact_chars:
            self.tallies.keep((text,), TokenCount(tokens, exact=True))

    def _of_texts(self, texts: Texts) -> TokenCount:
        """Tokens of all texts: those of the longest known beginning, and those of the rest."""
        if len(texts) > _MOST_TEXTS or sum(map(len, texts)) > _MOST_CHARS:
            return self._sampled(texts)
        known, count = self.tallies.beginning(texts)
        if known == len(texts):
            return count
        for end in _ends(known, len(texts)):
            count = self._kept(texts[:end], count + self._new(texts[known:end]))
            known = end
        return count

    def _new(self, texts: Texts) -> TokenCount:
        return self.tallies.find(texts) or self._counted(texts)

    def _kept(self, texts: Texts, count: TokenCount) -> TokenCount:
        self.tallies.keep(texts, count)
        return count

    def _counted(self, texts: Texts) -> TokenCount:
        """Tokens of texts that were not counted before: each is counted if they are short, else a sample."""
        if sum(map(len, texts)) > self.exact_chars:
            return self._sampled(texts)
        return TokenCount(sum(len(self.tokenizer.encode_ordinary(text)) for text in texts), True)

    def _sampled(self, texts: Texts) -> TokenCount:
        """About how many tokens long texts have, from slices spread over them."""
        places = _EVENLY if self.secret_of is None else _unforeseen(self.secret_of(texts))
        sample = _spread(texts, self.exact_chars, places)
        counted = len(self.tokenizer.encode_ordinary(sample))
        return TokenCount(round(counted / len(sample) * sum(map(len, texts))), exact=False)


def _ends(known: int, texts: int) -> list[int]:
    """The lengths of the beginnings worth remembering, of `texts` texts of which the first `known` are known."""
    return sorted(
        {end for end in (*range(1, _SHARED + 1), texts - 1, texts) if known < end <= texts}
    )


def _written(definitions: object) -> str:
    """Definitions of tools and schemas as text, about as they are put before a model."""
    try:
        return orjson.dumps(definitions).decode()
    except orjson.JSONEncodeError:  # nested more deeply than orjson writes, though it reads it
        return "\n".join(_leaves(definitions))


def _leaves(tree: object) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        match waiting.pop():
            case dict() as mapping:
                waiting.extend((*mapping, *mapping.values()))
            case list() as items:
                waiting.extend(items)
            case leaf:
                yield str(leaf)


def _unforeseen(secret: int) -> Sequence[float]:
    """A place in each sixteenth of a text, by a secret number."""
    chance = memoryview(blake2b(hex(secret).encode(), digest_size=4 * _SLICES).digest()).cast("I")
    steps = (_SLICES - 1) / _SLICES
    return [(place + share / 2**32) * steps for place, share in enumerate(chance)]


def _spread(texts: Texts, chars: int, places: Sequence[float]) -> str:
    """Slices of `texts` at these places joined by line breaks, `chars` characters in all.

    The texts are not actually joined, so no long text is copied.
    """
    ends, width = list(accumulate(len(text) + 1 for text in texts)), chars // _SLICES
    step = (ends[-1] - 1 - width) / (_SLICES - 1)
    starts = (round(step * place) for place in places)
    return "".join(_slice(texts, ends, start, width) for start in starts)


def _slice(texts: Sequence[str], ends: Sequence[int], start: int, width: int) -> str:
    """`width` characters of the joined texts from `start` on; `ends` are the positions after each text's line break."""
    first = bisect_right(ends, start)
    behind = bisect_right(ends, start + width, first) + 1
    inside = start - (ends[first] - 1 - len(texts[first]))
    head = texts[first][inside : inside + width]
    more = (each[:width] for each in texts[first + 1 : behind])
    return "\n".join((head, *more))[:width]
