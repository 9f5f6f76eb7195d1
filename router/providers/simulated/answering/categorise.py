"""Which kind of question a request asks, as far as it matters for how often a model is right."""

from msgspec import Struct

from router.domain.category import Category
from router.providers.simulated.answering import arithmetic, knowledge
from router.providers.simulated.request import ChatRequest


class _Cue(Struct, frozen=True):
    """A category and its cues: a question must contain one of `says`, and one of `about` if there are any."""

    category: Category
    says: tuple[str, ...]
    about: tuple[str, ...] = ()

    def is_in(self, text: str) -> bool:
        return _has_one(text, self.says) and (not self.about or _has_one(text, self.about))


_CUES = (
    _Cue(Category.TRANSLATION, ("translat",)),
    _Cue(Category.SUMMARISING, ("summar", "tl;dr", "tldr", "in one sentence")),
    _Cue(Category.HOUSEKEEPING, ("title for th", "heading for th", "name for th", "tags for")),
    _Cue(Category.CODE_EDITING, ("fix ", "refactor", "debug", "correct ", "rename "), ("```",)),
    _Cue(
        Category.CODE_WRITING,
        (" write", "implement", " code "),
        ("function", " class", "program", "script", "method", "query", "regex"),
    ),
    _Cue(Category.EXTRACTION, ("extract", "list all the", "pull out")),
    _Cue(
        Category.REASONING,
        ("step by step", "step-by-step", " prove ", "puzzle", "riddle", "deduce"),
    ),
    _Cue(
        Category.WRITING,
        (" write", " draft", "compose"),
        (" poem", " story", " email", " e-mail", " letter", " essay", " post"),
    ),
    _Cue(Category.KNOWLEDGE, (" who ", " when ", " where ", " which ", "capital ", " what ")),
)
_MATHS = _Cue(
    Category.MATHS, ("solve", "equation", "integral", "derivative", "probability", "how many")
)
_OPEN = (None, Category.KNOWLEDGE)
_SUMS = (*_OPEN, Category.REASONING)
_HEAD_CHARS, _TAIL_CHARS = 600, 200


def categorise(request: ChatRequest) -> Category:
    """The category, by the first cue that the question gives."""
    if request.messages[-1].images:
        return Category.VISION
    question = request.question
    text = _gist(question)
    cued = next((cue.category for cue in _CUES if cue.is_in(text)), None)
    if cued in _OPEN and _MATHS.is_in(text):
        return Category.MATHS
    if cued in _SUMS and arithmetic.find(question) is not None:
        return Category.MATHS
    if cued is None and knowledge.option(question):
        return Category.KNOWLEDGE
    return cued or (Category.EXTRACTION if request.answer_format.kind != "text" else Category.CHAT)


def _gist(question: str) -> str:
    """The start and the end of a question, where it says what is wanted; every word between spaces."""
    if len(question) > _HEAD_CHARS + _TAIL_CHARS:
        question = f"{question[:_HEAD_CHARS]} {question[-_TAIL_CHARS:]}"
    return f" {question.lower().replace(chr(10), ' ')} "


def _has_one(text: str, parts: tuple[str, ...]) -> bool:
    return any(part in text for part in parts)
