"""Plain answers: what a simulated model writes for each category, when right and when not."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from router.domain.category import Category
from router.providers.simulated.answering import code, words
from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.truth import Kind, Truth


class Asked(Struct, frozen=True):
    """A question as the writers below see it: whether they are to be right, and their chance.

    `truth` is what it should say, `known` what the model believes; both are None if there is no single answer.
    """

    question: str
    right: bool
    chance: Chance
    images: int = 0
    truth: Truth | None = None
    known: str | None = None


def write(category: Category, asked: Asked) -> str:
    """The answer to a question of that category. It always quotes some of the question."""
    return _WRITERS[category](asked)


def _maths(asked: Asked) -> str:
    if asked.truth is None or asked.truth.kind is not Kind.NUMBER:
        return _reasoning(asked)
    return f"{asked.truth.name} = {asked.known}"


def _knowledge(asked: Asked) -> str:
    if asked.truth is not None:
        return f"{asked.truth.name} is {asked.known}."
    topic = _topic(asked.question)
    if asked.right:
        return (
            f"As for {topic}: this is well documented, and the usual account holds. {_quote(asked)}"
        )
    return f"I believe that {topic} is something else altogether, though I cannot say what."


def _reasoning(asked: Asked) -> str:
    found = words.sentences(asked.question)
    steps = [
        f"{step}. We are told: {words.shortened(said)}" for step, said in enumerate(found[:4], 1)
    ]
    topic = _topic(asked.question)
    end = asked.known or ("yes, it follows" if asked.right else "no, it does not follow")
    return "\n".join([*steps, f"Therefore, as to {topic}: {end}."])


def _summary(asked: Asked) -> str:
    found = words.sentences(_material(asked.question))
    if not asked.right or not found:
        return f"The text makes several points, among them {_topic(asked.question)}."
    terms = words.joined(words.keywords(" ".join(found[1:]))[:5])
    more = f" It also mentions {terms}." if terms else ""
    return f"In short: {words.shortened(found[0], 160)}{more}"


_LANGUAGE = re.compile(r"\b(?:into|to|in) (French|German|Spanish|Italian|English)\b", re.IGNORECASE)
_PHRASES: Mapping[str, Mapping[str, str]] = {
    "french": {"hello": "bonjour", "good morning": "bonjour", "good night": "bonne nuit",
               "thank you": "merci", "goodbye": "au revoir", "please": "s'il vous plaît"},
    "german": {"hello": "hallo", "good morning": "guten Morgen", "good night": "gute Nacht",
               "thank you": "danke schön", "goodbye": "auf Wiedersehen", "please": "bitte"},
    "spanish": {"hello": "hola", "good morning": "buenos días", "good night": "buenas noches",
                "thank you": "gracias", "goodbye": "adiós", "please": "por favor"},
    "italian": {"hello": "ciao", "good morning": "buongiorno", "good night": "buonanotte",
                "thank you": "grazie", "goodbye": "arrivederci", "please": "per favore"},
}  # fmt: skip


def _translation(asked: Asked) -> str:
    language = _LANGUAGE.search(asked.question)
    name = language[1].title() if language else "the other language"
    text = words.shortened(_material(asked.question), 400)
    phrases = _PHRASES.get(name.lower(), {}) if asked.right else {}
    translated = text
    for phrase, meaning in phrases.items():
        translated = re.sub(rf"\b{phrase}\b", meaning, translated, flags=re.IGNORECASE)
    if not asked.right:
        translated = " ".join(asked.chance.shuffled(text.split()))
    return f"In {name}: \u201c{translated}\u201d"


def _extraction(asked: Asked) -> str:
    text = _material(asked.question)
    found = [
        *words.emails(text),
        *words.dates(text),
        *words.names(text, first_too=True),
        *words.numbers(text),
    ]
    listed = list(dict.fromkeys(found)) or words.keywords(text)[:5]
    if not asked.right:
        listed = asked.chance.shuffled(listed)[: len(listed) // 2] or ["nothing of the kind"]
    return "\n".join(f"- {item}" for item in listed) or f"- {words.shortened(text)}"


def _housekeeping(asked: Asked) -> str:
    terms = words.keywords(_material(asked.question))
    if not asked.right:
        return f"Chat about {terms[-1] if terms else 'something'}"
    return " ".join(terms[:5]).capitalize() or "Untitled"


def _writing(asked: Asked) -> str:
    topic = _topic(asked.question)
    if not asked.right:
        return f"{topic.capitalize()} is good. {topic.capitalize()} is nice. That is all about {topic}."
    return (
        f"Let me begin with {topic}, as you asked.\n\nThere was a morning when {topic} seemed a small "
        f"matter, hardly worth a line. By noon it filled the page, and by evening nobody could "
        f"recall what had stood there before. So it is with the things we look at twice.\n\n"
        f"And that, in the end, is what there is to say of {topic}."
    )


def _chat(asked: Asked) -> str:
    topic = _topic(asked.question)
    if not asked.right:
        return f"I am not sure what you mean by {topic}. Could you say it in other words?"
    opening = asked.chance.pick(("Gladly.", "Of course.", "Happy to help.", "Certainly."))
    return f"{opening} You asked about {topic}. {_quote(asked)} Tell me if you want to know more."


def _picture(asked: Asked) -> str:
    what = "picture" if asked.images == 1 else f"{asked.images} pictures"
    scene = ("a quiet street", "a harbour at dusk", "a desk with papers", "a chart with two lines")
    seen = asked.chance.pick(scene) if asked.right else "something that I cannot make out"
    return f"The {what} you sent with \u201c{words.shortened(asked.question)}\u201d shows {seen}."


def _tool_talk(asked: Asked) -> str:
    return f"None of the tools on offer is needed for {_topic(asked.question)}. {_chat(asked)}"


def _topic(question: str) -> str:
    return " ".join(words.topics(question)[:5]) or words.shortened(question, 30) or "that"


def _quote(asked: Asked) -> str:
    return f"You put it this way: \u201c{words.shortened(asked.question, 120)}\u201d."


def _material(question: str) -> str:
    """What a task is about: the text after the first line that ends in a colon, or after a colon."""
    head, colon, rest = question.partition(":")
    return rest.strip() if colon and rest.strip() and len(head) < 200 else question


_WRITERS: Mapping[Category, Callable[[Asked], str]] = MappingProxyType({
    Category.CHAT: _chat,
    Category.HOUSEKEEPING: _housekeeping,
    Category.KNOWLEDGE: _knowledge,
    Category.REASONING: _reasoning,
    Category.MATHS: _maths,
    Category.CODE_WRITING: lambda asked: code.written(asked.question, asked.known),
    Category.CODE_EDITING: lambda asked: code.edited(asked.question, asked.right),
    Category.EXTRACTION: _extraction,
    Category.SUMMARISING: _summary,
    Category.TRANSLATION: _translation,
    Category.WRITING: _writing,
    Category.TOOL_CALLING: _tool_talk,
    Category.VISION: _picture,
})  # fmt: skip
