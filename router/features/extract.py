"""The one call of this room: a parsed request in, its features out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from router.domain.answer_limit import answer_limit
from router.domain.category import Category, Guess
from router.domain.features import Features
from router.domain.lru_cache import LruCache
from router.domain.model import Capability
from router.domain.price import STANDARD
from router.domain.resemblance import Resemblance
from router.domain.service_tier import tier_of
from router.domain.turns import Turns, finished
from router.features.category import CERTAIN, plain_form, worded
from router.features.difficulty import difficulty_of
from router.features.needs import needs_of
from router.features.options import options_in
from router.features.question_cache import Read, key_of, new_question_cache
from router.features.text import Message, both_ends, definitions_in, whole_length
from router.features.tokens import TokenCounter
from router.features.turns import (
    Asking,
    asking_of,
    turns_of,
    whole_question_of,
    wish_before,
)

if TYPE_CHECKING:  # numpy comes with them, and is loaded only where something was learnt
    from router.features.classify import CategoryModel
    from router.features.kinds import KindModel

LanguageOf = Callable[[str], str]
"""The ISO 639-1 code of a text's language, "" where it cannot be told."""
_LANGUAGE_CHARS = 400
"""Enough to get past a line of code, a link or a greeting in another language; reading more takes too long."""
_FOLLOW_UP_CHARS, _SURE = 60, 0.8
"""A question that is no longer, and whose category is less sure by its own words, is read with the wish before it."""
_WISH_CHARS = 400
"""Read of that wish."""
_GREEDY: Mapping[str, float] = {"temperature": 0, "top_p": 0, "top_k": 1}
"""The fields of a request, and the values with which a model always takes the likeliest word."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What requests are read with: the tokenizer, and what was learnt of prompts, None where nothing was.

    `question_cache` remembers what was made of the last questions.
    """

    counter: TokenCounter
    categories: "CategoryModel | None" = None
    kinds: "KindModel | None" = None
    question_cache: LruCache[bytes, Read] = field(default_factory=new_question_cache, compare=False)

    def read(self, body: Mapping[str, Any], asking: Asking, *, sees: bool) -> Read:
        """What is made of a request's question, worked out once for all calls that ask the same.

        Such calls bring the results of tools, or repeat a question whose answer is stored. `sees` says that there is
        a picture in the conversation.
        """
        whole, form = whole_question_of(body["messages"], asking), plain_form(body, asking)
        question = both_ends(whole)
        before = "" if form else self._before(body["messages"], asking, question)
        key = key_of(question, form, len(whole), before, sees=sees)
        if (known := self.question_cache.find(key)) is None:
            known = self._read(question, form, whole, before, sees=sees)
            self.question_cache.keep(key, known)
        return known

    def _before(self, messages: Sequence[Message], asking: Asking, question: str) -> str:
        """The wish that a short question may follow up, "" for none."""
        if self.categories is None or len(question) > _FOLLOW_UP_CHARS:
            return ""
        return wish_before(messages, asking.opened_at)[:_WISH_CHARS]

    def _read(
        self, question: str, form: Category | None, whole: str, before: str, *, sees: bool
    ) -> Read:
        tokens = self.tokens_of(question)
        guess = Guess(form, CERTAIN) if form else self._worded(question, tokens, before, sees=sees)
        return Read(guess, self._resemblance(tokens, whole))

    def _worded(self, question: str, tokens: Sequence[int], before: str, *, sees: bool) -> Guess:
        """The category by words: of a question that may follow up a wish, together with that if this is surer."""
        alone = worded(question, self.categories, tokens, sees=sees)
        if not before or alone.confidence >= _SURE:
            return alone
        both = f"{before}\n{question}"
        encoded = self.counter.tokenizer.encode_ordinary(both)
        together = worded(both, self.categories, encoded, sees=sees)
        return max(alone, together, key=attrgetter("confidence"))

    def _resemblance(self, tokens: Sequence[int], whole: str) -> Resemblance | None:
        """Of the question `whole` whose ends have these token ids; None where nothing was learnt or said."""
        if self.kinds is None or not tokens:
            return None
        return self.kinds.of(tokens, whole_length(whole, tokens), options_in(whole))

    def tokens_of(self, question: str) -> Sequence[int]:
        """The token ids of a question; none if there is no model to read them."""
        if self.categories is None and self.kinds is None:
            return ()
        tokens = self.counter.tokenizer.encode_ordinary(question)
        self.counter.was_counted(question, len(tokens))
        return tokens


def features_of(
    body: Mapping[str, Any],
    reader: Reader,
    *,
    language_of: LanguageOf | None = None,
    rates_difficulty: bool = False,
) -> Features:
    """The features of a chat request whose fields `router.wire.chat` has checked.

    Language and difficulty are determined only where they are asked for.
    """
    reading = understanding(
        body, reader, language_of=language_of, rates_difficulty=rates_difficulty
    )
    return finished(reading)


def understanding(
    body: Mapping[str, Any],
    reader: Reader,
    *,
    language_of: LanguageOf | None = None,
    rates_difficulty: bool = False,
) -> Turns[Features]:
    """`features_of` in steps, so that a long request does not hold up others."""
    messages = body["messages"]
    asking = asking_of(messages)
    needs = needs_of(body)
    read = reader.read(body, asking, sees=Capability.VISION in needs)
    count = yield from reader.counter.counting(messages, definitions_in(body))
    return Features(
        prompt_tokens=count.tokens,
        category=read.guess.category,
        category_confidence=read.guess.confidence,
        needs=needs,
        choices=body.get("n") or 1,
        max_output_tokens=answer_limit(body),
        turns=turns_of(messages),
        tokens_exact=count.exact,
        service_tier=tier_of(body.get("service_tier")) or STANDARD,
        language=language_of(asking.words[:_LANGUAGE_CHARS]) if language_of else None,
        difficulty=difficulty_of(asking.words) if rates_difficulty else None,
        resemblance=read.resemblance,
        guessed_tokens=count.media.guessed,
        thought_tokens=count.media.thought,
        audio_tokens=count.media.audio,
        parts_elsewhere=count.media.elsewhere,
        answers_vary=_answers_vary(body),
        perhaps=read.guess.perhaps,
    )


def _answers_vary(body: Mapping[str, Any]) -> bool:
    """Whether two answers of one model may differ: not if only its likeliest words are wanted, or a `seed` is given."""
    is_greedy = any(body.get(name) == value for name, value in _GREEDY.items())
    return not is_greedy and body.get("seed") is None
