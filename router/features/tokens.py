"""How many tokens a conversation has: exact while it is short, extrapolated when it is long.

The tokenizer takes about 70 us per KB, so counting a 100 KB agent body would take longer than
everything else together. Beyond `exact_chars` a spread of slices is counted instead, which stays
within 6 % on nine texts of ten, prose, code and JSON alike; the error ends in an *estimate* of cost only, since
charges are computed from what the upstream counted.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import orjson
import tiktoken

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
NONE: Mapping[str, int] = {}
"""No text was counted already."""


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
class TokenCount:
    """A number of tokens, and whether each was counted."""

    tokens: int
    exact: bool


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of conversations with one tokenizer for all models.

    Other vendors' tokenizers differ from it by 10 to 20 %; see docs/adr on why one is enough.
    """

    tokenizer: Tokenizer
    exact_chars: int = 4096

    def of_text(self, text: str) -> TokenCount:
        """Tokens of one text."""
        return self._of_pieces([text], NONE)

    def _of_pieces(self, pieces: Sequence[str], known: Mapping[str, int]) -> TokenCount:
        """Tokens of all pieces, with a line break between two; those of a long text are not put together for it."""
        if len(pieces) == 1 and (count := known.get(pieces[0])) is not None:
            return TokenCount(count, exact=True)
        ends = list(accumulate(len(piece) + 1 for piece in pieces))
        chars = ends[-1] - 1 if ends else 0
        if chars <= self.exact_chars:
            return TokenCount(len(self.tokenizer.encode_ordinary("\n".join(pieces))), exact=True)
        sample = _spread(pieces, ends, self.exact_chars)
        counted = len(self.tokenizer.encode_ordinary(sample))
        return TokenCount(round(counted * chars / len(sample)), exact=False)

    def of_chat(
        self, messages: Sequence[Message], tools: object = None, known: Mapping[str, int] = NONE
    ) -> TokenCount:
        """Tokens of a whole prompt: messages with their framing, pictures, and tool definitions.

        `known` are the counts of texts that were counted already.
        """
        pieces = texts_of(*messages)
        if tools:
            pieces.append(_written(tools))
        text = self._of_pieces(pieces, known)
        framing = _TOKENS_PER_MESSAGE * len(messages) + _TOKENS_PER_REPLY
        pictures = _TOKENS_PER_IMAGE * pictures_in(parts_in(messages))
        return TokenCount(text.tokens + framing + pictures, text.exact)


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


def _spread(pieces: Sequence[str], ends: Sequence[int], chars: int) -> str:
    """Slices of the text that `pieces` make, evenly apart, of `chars` characters together.

    `ends` are where the pieces end in it, each with a line break.
    """
    width = chars // _SLICES
    step = (ends[-1] - 1 - width) / (_SLICES - 1)
    starts = (round(step * index) for index in range(_SLICES))
    return "".join(_slice(pieces, ends, start, width) for start in starts)


def _slice(pieces: Sequence[str], ends: Sequence[int], start: int, width: int) -> str:
    """So many characters of the text from `start` on; of a long piece no more is copied than that."""
    first = bisect_right(ends, start)
    behind = bisect_right(ends, start + width, first) + 1
    inside = start - (ends[first] - 1 - len(pieces[first]))
    head = pieces[first][inside : inside + width]
    more = (each[:width] for each in pieces[first + 1 : behind])
    return "\n".join((head, *more))[:width]
