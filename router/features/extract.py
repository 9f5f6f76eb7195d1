"""The one call of this room: a parsed request in, its features out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from router.domain.features import Features
from router.domain.price import STANDARD
from router.domain.service_tier import tier_of
from router.features.category import categorise
from router.features.difficulty import difficulty_of
from router.features.needs import needs_of
from router.features.text import last_from, question_of
from router.features.tokens import TokenCounter

if TYPE_CHECKING:  # numpy comes with them, and is loaded only where something was learnt
    from router.features.classify import CategoryModel
    from router.features.kinds import KindModel

LanguageOf = Callable[[str], str]
"""The ISO 639-1 code of a text's language, "" where it cannot be told."""
_LANGUAGE_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Reader:
    """What requests are read with: the tokenizer, and what was learnt of prompts, None where nothing was."""

    counter: TokenCounter
    categories: "CategoryModel | None" = None
    kinds: "KindModel | None" = None

    def tokens_of(self, question: str) -> Sequence[int]:
        """The token ids of a question, if anything is made of them."""
        if self.categories is None and self.kinds is None:
            return ()
        return self.counter.tokenizer.encode_ordinary(question)


def features_of(
    body: Mapping[str, Any],
    reader: Reader,
    *,
    language_of: LanguageOf | None = None,
    rates_difficulty: bool = False,
) -> Features:
    """The features of a chat request whose fields `router.wire.chat` has checked.

    Its language and its difficulty are found out only where that is wished.
    """
    messages = body["messages"]
    question = question_of(messages)
    tokens = reader.tokens_of(question)
    known = {question: len(tokens)} if tokens else {}
    count = reader.counter.of_chat(messages, body.get("tools"), known)
    category, confidence = categorise(body, reader.categories, tokens)
    return Features(
        prompt_tokens=count.tokens,
        category=category,
        category_confidence=confidence,
        needs=needs_of(body),
        choices=body.get("n") or 1,
        max_output_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        turns=sum(message["role"] == "user" for message in messages),
        tokens_exact=count.exact,
        service_tier=tier_of(body.get("service_tier")) or STANDARD,
        language=language_of(last_from(messages, "user")[:_LANGUAGE_CHARS])
        if language_of
        else None,
        difficulty=difficulty_of(messages) if rates_difficulty else None,
        kinship=reader.kinds.of(tokens) if reader.kinds is not None and tokens else None,
    )
