"""The final answer of an answer: what it comes to, in a normal form, or why that cannot be told.

It is looked for in this order: tool calls; JSON; what the text last states as its answer, in a box, after a cue
like "the answer is", or by being short; code. Free text has no normal form, so its answer cannot be told.
"""

from collections.abc import Sequence

from router.acceptance.finding.asked import Question
from router.acceptance.finding.calls import final_of_calls
from router.acceptance.finding.code import Fenced, fences_in, spelt
from router.acceptance.finding.found import AnswerKind, Final, Found, NotFound
from router.acceptance.finding.json_fields import final_of_json
from router.acceptance.finding.json_value import json_in
from router.acceptance.finding.text import final_of_text, says_more
from router.acceptance.said import Said

_LONGEST_FENCED = 2**16
"""Characters of the longest text in which fences are looked for."""
_NO_JSON = NotFound("JSON was asked for, and there is none")
_TOO_LONG = NotFound("the code is too long to be compared")


def final_answer(question: Question, said: Said) -> Final:
    """What `said` comes to as an answer to `question`. Never raises."""
    if said.calls:
        return final_of_calls(said.calls, question.tools)
    fences = fences_in(said.text) if len(said.text) <= _LONGEST_FENCED else []
    value = json_in(_only_content(said.text, fences))
    if value is not None:
        return final_of_json(value, question)
    if question.wants_json:
        return _NO_JSON
    return _of_code(said.text, fences, question) or final_of_text(said.text, question)


def _only_content(text: str, fences: Sequence[Fenced]) -> str:
    """The content of a text's only fence if it may be JSON, else the text."""
    if len(fences) == 1 and (fences[0].language == "json" or fences[0].is_prose):
        return fences[0].content.strip()
    return text


def _of_code(text: str, fences: Sequence[Fenced], question: Question) -> Final | None:
    """All code of an answer, if it is not quoted from the question, and is what the answer comes to."""
    code = [fenced for fenced in fences if not fenced.is_prose]
    if not code or any(_is_quoted(fenced, question) for fenced in code):
        return None
    if question.options or says_more(text[code[-1].end :], question):
        return None
    forms = spelt(code)
    return _TOO_LONG if forms is None else Found(AnswerKind.CODE, "\n\n".join(forms))


def _is_quoted(fenced: Fenced, question: Question) -> bool:
    return fenced.content.strip().lower() in question.text
