"""The category of a request, from its form first and its words second.

Form decides where it is plain: a program's chore, a picture in the last question, tools on offer, a text to which
something is to be done. Otherwise the trained classifier does (router/features/classify.py). Without one, each word and
pair of words of the question votes by the table of cues, and the confidence is the winner's share of the votes, with a
few votes for `chat` to start with, so that one stray word decides nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from router.domain.category import Category, Guess
from router.features.cues import CODE_AGENT_TOOLS, CUES, MARKS, STARTS
from router.features.housekeeping import is_housekeeping
from router.features.needs import tools_to_call
from router.features.sums import is_bare_sum
from router.features.text import parts_in, pictures_in
from router.features.text_tasks import text_task_of
from router.features.turns import Asking, asking_of, question_of

if TYPE_CHECKING:  # numpy comes with it, and is loaded only where there is an artefact
    from router.features.classify import CategoryModel

_WORD = re.compile(r"\w+(?:['-]\w+)*")
_VOTES_FOR_CHAT = 0.9
_VOTES_FOR_UNKNOWN = 1.0
CERTAIN = 0.9
_LEAST = 0.02
"""A category less probable than this is not named among those that a request may be of as well."""
_MOST_TOOLS = 1000
"""More are not read; OpenAI takes 128."""
_CATEGORIES = tuple(Category)


def categorise(
    body: Mapping[str, Any], model: "CategoryModel | None" = None, tokens: Sequence[int] = ()
) -> tuple[Category, float]:
    """The likeliest category of a chat request, and the confidence in it (0 to 1).

    With `model`, that is its calibrated probability for `tokens`, those of the question; without it, or where
    nothing is asked, the winner's share of the votes by the table of cues.
    """
    asking = asking_of(body["messages"])
    if form := plain_form(body, asking):
        return form, CERTAIN
    sees = pictures_in(parts_in(body["messages"])) > 0
    guess = worded(question_of(body["messages"], asking), model, tokens, sees=sees)
    return guess.category, guess.confidence


def worded(
    question: str, model: "CategoryModel | None", tokens: Sequence[int], *, sees: bool
) -> Guess:
    """The likeliest category of a question by its words alone; without any, it is a chat.

    Without a picture in the conversation, nothing is to be seen, and it is the likeliest of the others.
    """
    if is_bare_sum(question):
        return Guess(Category.MATHS, CERTAIN)
    if model is None or not tokens or not _WORD.search(question):
        return Guess(*_voted(question))
    return _guess(model.probabilities(question, tokens, sees=sees))


def _guess(chances: Sequence[float]) -> Guess:
    """The likeliest, with what else it may be unless it is certain."""
    confidence = max(chances)
    category = _CATEGORIES[chances.index(confidence)]
    if confidence >= CERTAIN:
        return Guess(category, confidence)
    each = zip(_CATEGORIES, chances, strict=True)
    perhaps = tuple(it for it in each if it[1] >= _LEAST and it[0] is not category)
    return Guess(category, confidence, perhaps)


def plain_form(body: Mapping[str, Any], asking: Asking) -> Category | None:
    """The category of a request by its form, None where its words must decide.

    While tools are being called, it is the form of the message that started this.
    """
    if is_housekeeping(body, asking):
        return Category.HOUSEKEEPING
    opening = body["messages"][asking.opened_at]
    if opening["role"] == "user" and pictures_in(parts_in([opening])):
        return Category.VISION
    return _of_tools(tools) if (tools := tools_to_call(body)) else text_task_of(body, asking)


def _of_tools(tools: Iterable[Any]) -> Category:
    names = {_tool_name(tool).lower() for tool in islice(tools, _MOST_TOOLS)}
    return Category.CODE_EDITING if names & CODE_AGENT_TOOLS else Category.TOOL_CALLING


def _tool_name(tool: Any) -> str:
    if not isinstance(tool, dict):
        return ""
    described = tool.get("function") or tool.get("custom") or tool
    name = described.get("name") if isinstance(described, dict) else None
    return name if isinstance(name, str) else ""


def _voted(question: str) -> tuple[Category, float]:
    votes = votes_of(question)
    winner = max(votes, key=votes.__getitem__)
    return winner, votes[winner] / (sum(votes.values()) + _VOTES_FOR_UNKNOWN)


def votes_of(question: str) -> dict[Category, float]:
    """The votes by the table of cues; categories without one are missing."""
    votes = {Category.CHAT: _VOTES_FOR_CHAT}
    for term in _terms(question.lower()):
        if cue := CUES.get(term):
            votes[cue.category] = votes.get(cue.category, 0.0) + cue.votes
    for mark in MARKS:
        if any(pattern.search(question) for pattern in mark.patterns):
            votes[mark.category] = votes.get(mark.category, 0.0) + mark.votes
    return votes


def _terms(question: str) -> Iterator[str]:
    """The distinct words and pairs of neighbouring words: repetition is no evidence."""
    words = _WORD.findall(question)
    yield from dict.fromkeys(words)
    pairs = (f"{first} {second}" for first, second in pairwise(words) if first in STARTS)
    yield from dict.fromkeys(pairs)
