"""What an answer says, or why it cannot be taken."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.acceptance.words.refusals import OPENINGS, REFUSALS
from router.wire.fitness import BROKE_OFF, WrittenCall, calls_in

_LONGEST_REFUSAL = 600
"""Characters: a longer text has said something, even if it begins with an apology."""
_FENCE = "```"
_INDENTED = re.compile(r"[\n\r][^\S\n\r]+\S")
_LONGEST_TO_SPLIT = 2**16
"""Characters: splitting more takes longer than a request should wait."""
_OPENING = 120
"""Characters in which a refusal says what it is."""
_THINKING_ENDS = ("</think>", "</thinking>", "</thought>", "</reasoning>")
_THINKING_STARTS = ("<think>", "<thinking>", "<thought>", "<reasoning>")


class Said(Struct, frozen=True):
    """A whole answer: its text without thoughts, its calls, and its choice as it came."""

    text: str
    calls: tuple[WrittenCall, ...]
    choice: Mapping[str, Any]

    @property
    def message(self) -> Mapping[str, Any]:
        """The message as it came."""
        message: Mapping[str, Any] = self.choice["message"]
        return message

    def is_same_as(self, other: "Said") -> bool:
        """Whether both are the same word for word; outside of code and indented lines, white space may differ."""
        if self.calls != other.calls:
            return False
        if self.text == other.text:
            return True
        if (self.text[:1], self.text[-1:]) != (other.text[:1], other.text[-1:]):
            return False
        may_be_split = _may_be_split(self.text) and _may_be_split(other.text)
        return may_be_split and self.text.split() == other.text.split()


def _may_be_split(text: str) -> bool:
    """Whether white space can be ignored: not where it may mean something, nor in a very long text.

    It may in code, and in lines that begin with a blank: Python and YAML need no fence around them.
    """
    return len(text) <= _LONGEST_TO_SPLIT and _FENCE not in text and not _INDENTED.search(text)


class Unusable(Struct, frozen=True):
    """An answer that can never be taken, with the reason as a clause."""

    why: str


def read(answer: Mapping[str, Any] | None) -> Said | Unusable:
    """What a chat completion says in its only choice; never raises, whatever came."""
    if answer is None:
        return Unusable("did not arrive")
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return Unusable("is malformed")
    return _unusable_end(choice) or _read(choice)


def shown(answer: Mapping[str, Any] | None) -> str:
    """What a judge is shown, or a vector made of: the text of an answer, and its calls as JSON; "" for none."""
    said = read(answer)
    if isinstance(said, Unusable):
        return ""
    called = [[str(call.name), str(call.arguments)] for call in said.calls]
    return "\n".join(filter(None, [said.text, orjson.dumps(called).decode() if called else ""]))


def has_choices(answer: Mapping[str, Any] | None) -> bool:
    """Whether an answer has more than one choice, so that it is unclear which is meant."""
    choices = (answer or {}).get("choices")
    return isinstance(choices, list) and len(choices) > 1


def _unusable_end(choice: Mapping[str, Any]) -> Unusable | None:
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reason in BROKE_OFF:
        return Unusable("was cut off" if reason == "length" else "was filtered")
    return Unusable("refuses") if choice["message"].get("refusal") else None


def _read(choice: Mapping[str, Any]) -> Said | Unusable:
    text = _without_thoughts(text_of(choice["message"].get("content")))
    calls = tuple(calls_in(choice["message"]))
    if not text and not calls:
        return Unusable("is empty")
    if not calls and _refuses(text):
        return Unusable("refuses")
    return Said(text, calls, choice)


def text_of(content: object) -> str:
    """The text of a message's content, which may be a single text or several parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


def _without_thoughts(text: str) -> str:
    """The text after a model's thoughts between tags; "" if the thoughts never ended."""
    if "<" not in text:
        return text.strip()
    for tag in _THINKING_ENDS:
        text = text.rpartition(tag)[2]
    for tag in _THINKING_STARTS:
        text = text.partition(tag)[0]
    return text.strip()


def _refuses(text: str) -> bool:
    """Whether a text says that its model will not, or cannot, answer."""
    if len(text) > _LONGEST_REFUSAL:
        return False
    opening = text[:_OPENING].lower().replace("’", "'")
    return opening.startswith(OPENINGS) or any(phrase in opening for phrase in REFUSALS)
