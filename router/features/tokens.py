"""How many tokens a conversation has: exact while it is short, extrapolated when it is long.

The tokenizer takes about 70 us per KB, so counting a 100 KB agent body would take longer than
everything else together. Beyond `exact_chars` a spread of slices is counted instead, which stays
within 6 % on nine texts of ten, prose, code and JSON alike; the error ends in an *estimate* of cost only, since
charges are computed from what the upstream counted.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, Protocol

import orjson
import tiktoken

from router.features.tallies import Tallies, TokenCount
from router.features.text import Message, parts_in, pictures_in, texts_of

_CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""How cl100k_base splits text before merging; published with tiktoken (tiktoken_ext/openai_public.py)."""

_TOKENS_PER_MESSAGE = 3
_TOKENS_PER_REPLY = 3
"""Framing of each message and of the reply: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken."""

_TOKENS_PER_IMAGE = 765
"""A 1024 x 1024 picture in high detail: https://platform.openai.com/docs/guides/images-vision."""

_SLICES = 16
_MOST_PIECES, _MOST_CHARS = 1000, 2**18
"""To look up more than that would take longer than to count a sample of it."""


class Tokenizer(Protocol):
    """Anything that splits text into tokens; tiktoken's Encoding is one."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of `text`, special tokens taken as plain text."""
        ...


def cl100k(ranks: Mapping[bytes, int]) -> Tokenizer:
    """The cl100k_base tokenizer from its merge table, without fetching anything."""
    table = dict(ranks)
    tokenizer = tiktoken.Encoding(
        name="cl100k_base",
        pat_str=_CL100K_PATTERN,
        mergeable_ranks=table,
        special_tokens={"<|endoftext|>": 100257},
    )
    table.clear()  # tiktoken has made tables of its own, and would keep these 15 MB beside them
    return tokenizer


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of conversations with one tokenizer for all models.

    Other vendors' tokenizers differ from it by 10 to 20 %; see docs/adr on why one is enough. What was counted
    lately is remembered in `tallies`.
    """

    tokenizer: Tokenizer
    exact_chars: int = 4096
    tallies: Tallies = field(default_factory=Tallies, compare=False)

    def of_text(self, text: str) -> TokenCount:
        """Tokens of one text."""
        return self._of_pieces([text])

    def of_chat(self, messages: Sequence[Message], tools: object = None) -> TokenCount:
        """Tokens of a whole prompt: messages with their framing, pictures, and tool definitions."""
        pieces = texts_of(*messages)
        if tools:
            pieces.append(_written(tools))
        text = self._of_pieces(pieces)
        framing = _TOKENS_PER_MESSAGE * len(messages) + _TOKENS_PER_REPLY
        pictures = _TOKENS_PER_IMAGE * pictures_in(parts_in(messages))
        return TokenCount(text.tokens + framing + pictures, text.exact)

    def was_counted(self, text: str, tokens: int) -> None:
        """Remember of a short text how many tokens it has."""
        if len(text) <= self.exact_chars:
            self.tallies.keep(hash(text), TokenCount(tokens, exact=True))

    def _of_pieces(self, pieces: Sequence[str]) -> TokenCount:
        if len(pieces) > _MOST_PIECES or sum(map(len, pieces)) > _MOST_CHARS:
            return self._sampled(pieces)
        tokens, exact, new = 0, True, list[_New]()
        for piece in pieces:
            key = self._key_of(piece)
            if (count := self.tallies.find(key)) is None:
                new.append(_New(key, piece))
            else:
                tokens, exact = tokens + count.tokens, exact and count.exact
        for count in self._counted(new):
            tokens, exact = tokens + count.tokens, exact and count.exact
        return TokenCount(tokens, exact)

    def _key_of(self, piece: str) -> int:
        """What a text is found again by: all of it, or what would be counted of it, and its length."""
        if len(piece) <= self.exact_chars:
            return hash(piece)
        return hash((_sample(piece, self.exact_chars), len(piece)))

    def _counted(self, new: Sequence["_New"]) -> Iterator[TokenCount]:
        """The counts of texts that were not counted before, remembered from now on.

        The short ones one by one while they are few, the others by what they have in common.
        """
        short = [each for each in new if len(each.text) <= self.exact_chars]
        if sum(len(each.text) for each in short) > self.exact_chars:
            short, sampled = [], list(new)
        else:
            sampled = [each for each in new if len(each.text) > self.exact_chars]
        for each in short:
            yield self._kept(each, len(self.tokenizer.encode_ordinary(each.text)), exact=True)
        tokens_per_char = self._density([each.text for each in sampled]) if sampled else 0.0
        for each in sampled:
            yield self._kept(each, round(tokens_per_char * len(each.text)), exact=False)

    def _kept(self, new: "_New", tokens: int, *, exact: bool) -> TokenCount:
        count = TokenCount(tokens, exact)
        self.tallies.keep(new.key, count)
        return count

    def _sampled(self, texts: Sequence[str]) -> TokenCount:
        return TokenCount(round(self._density(texts) * sum(map(len, texts))), exact=False)

    def _density(self, texts: Sequence[str]) -> float:
        """Tokens per character, of slices that are spread over these texts."""
        sample = _spread(texts, self.exact_chars)
        return len(self.tokenizer.encode_ordinary(sample)) / len(sample)


class _New(NamedTuple):
    """A text that is to be counted, and what it will be found again by."""

    key: int
    text: str


def _written(tools: object) -> str:
    """Tool definitions as text, about as they are put before a model."""
    try:
        return orjson.dumps(tools).decode()
    except orjson.JSONEncodeError:  # nested more deeply than orjson writes, though it reads it
        return "\n".join(_leaves(tools))


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


def _sample(text: str, chars: int) -> str:
    """Slices of `text`, evenly apart, of `chars` characters together."""
    width = chars // _SLICES
    return "".join(text[start : start + width] for start in _starts(len(text), width))


def _spread(texts: Sequence[str], chars: int) -> str:
    """Slices of what `texts` make one after the other, with a line break between two: as `_sample`, of all of it.

    A long text is not copied for it.
    """
    if len(texts) == 1:
        return _sample(texts[0], chars)
    ends, width = list(accumulate(len(text) + 1 for text in texts)), chars // _SLICES
    return "".join(_slice(texts, ends, start, width) for start in _starts(ends[-1] - 1, width))


def _starts(length: int, width: int) -> Iterator[int]:
    """Where so many slices of a text begin."""
    step = (length - width) / (_SLICES - 1)
    return (round(step * index) for index in range(_SLICES))


def _slice(texts: Sequence[str], ends: Sequence[int], start: int, width: int) -> str:
    """So many characters from `start` on, where `ends` are where the texts end, each with a line break."""
    first = bisect_right(ends, start)
    behind = bisect_right(ends, start + width, first) + 1
    inside = start - (ends[first] - 1 - len(texts[first]))
    head = texts[first][inside : inside + width]
    more = (each[:width] for each in texts[first + 1 : behind])
    return "\n".join((head, *more))[:width]
