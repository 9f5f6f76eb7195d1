"""Where the values of a JSON answer come from: the words of the question, as far as they fit."""

from collections.abc import Iterator, Sequence
from itertools import cycle

from msgspec import Struct

from router.domain.members import replace
from router.providers.simulated.answering import words

_ANSWER_NAMES = ("answer", "result", "total", "value", "solution")
_MOST_TURNS = 4
_ELSEWHERE = (("Springfield", "7"), ("unknown", "13"), ("everything", "1000"))


class Hints(Struct, frozen=True):
    """What was read from a question: texts, the best fitting first, numbers, and the answer.

    `answer` is the short answer to the question if it has one; it goes where a field's name
    asks for a result.
    """

    text: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    answer: str | None = None

    @classmethod
    def of(cls, text: str, answer: str | None = None) -> "Hints":
        """The hints in `text`: quoted texts first, then names, then other words."""
        named = [*words.quoted(text), *words.names(text)]
        spoken = {part.lower() for name in named for part in name.split()}
        plain = [word for word in words.keywords(text) if word.lower() not in spoken]
        return cls(text, (*named, *plain), tuple(words.numbers(text)), answer)

    def reversed(self) -> "Hints":
        """The same, least fitting first, as for a model that has misread the question."""
        return Hints(self.text, self.texts[::-1], self.numbers[::-1], self.answer)

    def misread(self) -> Iterator["Hints"]:
        """What a model takes if it has misread the question, the likeliest first; the last are from elsewhere."""
        yield self.reversed()
        for by in range(1, min(len(self.texts), _MOST_TURNS)):
            yield replace(self, texts=self.texts[by:] + self.texts[:by])
        yield replace(self, numbers=self.numbers[1:] + self.numbers[:1])
        for text, number in _ELSEWHERE:
            yield Hints("", (text, *self.texts), (number, *self.numbers), self.answer)

    def stream(self) -> Iterator[str]:
        """The texts, again and again."""
        return cycle(self.texts or ("text",))

    def answer_for(self, name: str) -> str | None:
        """The short answer, if a field of this name asks for it."""
        asks = any(part in name.lower() for part in _ANSWER_NAMES)
        return self.answer if asks else None

    def said(self, options: Sequence[object]) -> list[object]:
        """Those of the options that the question mentions, in the order of their mention."""
        text = self.text.lower()
        found = [(text.find(str(option).lower()), place) for place, option in enumerate(options)]
        return [options[place] for at, place in sorted(found) if at >= 0]
