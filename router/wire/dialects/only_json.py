"""JSON of any shape from a model whose API knows only JSON of a schema, as Messages do.

The model is asked for it in words, and keeps to them as models do: sometimes there is a fence around the object, or a
sentence before it. So only the object is told, as soon as it comes, and an answer that ends without one is a failure.
A schema of open objects would be refused, and a tool that must be called can be combined neither with thinking nor
with other tools, and not all models can be forced to call one.
"""

import re
from collections.abc import Iterator

import orjson

from router.domain.members import replace
from router.domain.usage import Usage
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import Answer, AnswerEnd, Beat, Closed, Grew, Inner, Opened, Stop
from router.wire.dialects.parts import Part, Refusal, Text

IN_WORDS = (
    "Unless you call a tool, answer with one JSON object and nothing else:"
    " no words before or after it, and no code fence."
)
"""What the model is told, at the end of its system prompt."""
_BEGINS = re.compile(r'\{\s*["}]')
_MAY_BEGIN = re.compile(r"\{\s*\Z")
_SIGNS = re.compile(r'\\.?|["{}]', re.DOTALL)


class NoJson(MalformedAnswer):
    """An answer in which there is no JSON object, and what the model has used for it."""

    def __init__(self, usage: Usage | None) -> None:
        self.usage = usage
        super().__init__("the model was asked for a JSON object, and did not answer with one")


class OnlyJson:
    """Beats in, beats out: of what the model says, those of the first JSON object."""

    def __init__(self) -> None:
        self._found = FirstObject()
        self._in_text = self._is_open = self._has_refused = False

    def take(self, beat: Beat) -> Iterator[Beat]:
        """What remains of a beat. Raises NoJson at the end of an answer in which no object has begun."""
        match beat:
            case Opened(part=Text()):
                self._in_text = True
            case Opened(part=part):
                self._in_text = False
                self._has_refused |= isinstance(part, Refusal)
                yield from (*self._closed(), beat)
            case AnswerEnd():
                yield from self._closed()
                if words := self._found.ended(beat, has_refused=self._has_refused):
                    yield from (Opened(Refusal("")), Grew(words), Closed())
                yield beat
            case Grew(text=text) if self._in_text:
                yield from self._grown(self._found.more(text))
            case _ if not self._in_text:
                yield beat

    def _grown(self, text: str) -> Iterator[Beat]:
        if text and not self._is_open:
            self._is_open = True
            yield Opened(Text(""))
        if text:
            yield Grew(text)

    def _closed(self) -> Iterator[Beat]:
        if self._is_open:
            closed: Inner = Closed()
            yield closed
        self._is_open = False


def with_only_json(answer: Answer) -> Answer:
    """The answer with nothing of its texts but the first JSON object. Raises NoJson if there is none."""
    found = FirstObject()
    told = (
        Text(found.more(each.text)) if isinstance(each, Text) else each for each in answer.parts
    )
    parts: list[Part] = [each for each in told if each != Text("")]
    has_refused = any(isinstance(each, Refusal) for each in parts)
    if words := found.ended(answer.end, has_refused=has_refused):
        parts.append(Refusal(words))
    if answer.end.stop is Stop.END and not (has_refused or found.is_json):
        raise NoJson(answer.end.usage)
    return replace(answer, parts=tuple(parts))


class FirstObject:
    """The first JSON object in a text that is told bit by bit."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._held = ""
        self._told: list[str] = []
        self._depth = 0
        self._in_string = self._is_escaped = self._is_over = False

    def more(self, text: str) -> str:
        """What a further bit adds to the object."""
        if not (self._told or self._is_over):
            text = self._begun(self._held + text)
        if self._is_over or not text:
            return ""
        end = self._end_in(text)
        self._is_over = end is not None
        self._told.append(text[:end])
        return text[:end]

    @property
    def is_json(self) -> bool:
        """Whether what was found is JSON."""
        try:
            orjson.loads("".join(self._told))
        except orjson.JSONDecodeError:
            return False
        return True

    def ended(self, end: AnswerEnd, *, has_refused: bool) -> str:
        """What was said instead of an object by a model that has refused; "" if it told why elsewhere.

        Raises NoJson if no object has begun and the model has come to an end of its own.
        """
        if self._told or has_refused:
            return ""
        if end.stop is Stop.END:
            raise NoJson(end.usage)
        words = "".join((*self._before, self._held))
        return words.strip() if end.stop is Stop.FILTER else ""

    def _begun(self, held: str) -> str:
        """`held` from the beginning of the object; "" as long as there is none, or if it is one of a list."""
        begins = _BEGINS.search(held)
        if begins is None:
            may_begin = _MAY_BEGIN.search(held)
            at = may_begin.start() if may_begin else len(held)
            self._before.append(held[:at])
            self._held = held[at:]
            return ""
        self._before.append(held[: begins.start()])
        self._is_over = "".join(self._before).rstrip().endswith("[")
        self._held = ""
        return held[begins.start() :]

    def _end_in(self, text: str) -> int | None:
        """Where in a bit of the object it ends; None if it goes on."""
        start, self._is_escaped = int(self._is_escaped), False
        for sign in _SIGNS.finditer(text, start):
            if sign[0] == "\\":
                self._is_escaped = True
            elif sign[0] == '"':
                self._in_string = not self._in_string
            elif sign[0] in "{}" and not self._in_string:
                self._depth += 1 if sign[0] == "{" else -1
                if not self._depth:
                    return sign.end()
        return None
