"""The final answers, in the form in which the server compares them.

So two models agree on a past prompt if they would agree when it is asked again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import Question, asked
from router.acceptance.finding.found import Final, Found
from router.acceptance.said import Said, read
from router.domain.members import replace
from router.evaluation.answered import ScoredAnswer, id_of

_NOTHING = ""
"""A second answer that came to nothing, which differs from one that was never asked for."""
Requests = Mapping[str, Mapping[str, Any]]
"""The bodies of requests, by prompt id."""


def in_normal_form(
    rows: Sequence[ScoredAnswer], requests: Requests | None = None
) -> list[ScoredAnswer]:
    """The rows with final answers that are equal if they agree, for prompts whose answers are all kept completely.

    Answers to other prompts are unchanged. A prompt that is not in `requests` was a user's only message.
    """
    by_prompt = defaultdict[str, list[ScoredAnswer]](list)
    for row in rows:
        by_prompt[row.prompt_id].append(row)
    return [
        each
        for prompt_id, group in by_prompt.items()
        for each in _normal(group, (requests or {}).get(prompt_id))
    ]


def _normal(
    group: Sequence[ScoredAnswer], request: Mapping[str, Any] | None
) -> Sequence[ScoredAnswer]:
    if not all(map(_is_kept, group)):
        return group
    body = request or {"messages": [{"role": "user", "content": group[0].prompt}]}
    question = asked(body)
    ends = [(_end(row.response, question), _end(row.second_response, question)) for row in group]
    units = _units([end.final for both in ends for end in both if end])
    return [
        replace(
            row,
            answer=first.spelt(units) if first else None,
            second_answer=second.spelt(units)
            if second
            else _NOTHING
            if row.was_asked_twice
            else None,
        )
        for row, (first, second) in zip(group, ends, strict=True)
    ]


def _is_kept(row: ScoredAnswer) -> bool:
    """Whether all that it answered is kept completely."""
    return not (row.response is None and row.answer is not None) and not (
        row.second_response is None and row.second_answer
    )


Units = Mapping[tuple[str, str], set[str]]
"""The units in which values are given, by their kinds and the values."""


class _End(Struct, frozen=True):
    """An answer, and its final answer."""

    said: Said
    final: Final

    def spelt(self, units: Units) -> str:
        """The final answer as text, with its unit if there are several; without a value, equal only word for word."""
        if not isinstance(self.final, Found):
            return f"words: {id_of(' '.join(self.said.text.split()))}"
        kind, value, unit = self.final.kind, self.final.value, self.final.unit
        is_told = unit and len(units[kind, value]) > 1
        return f"{kind}: {value} {unit}" if is_told else f"{kind}: {value}"


def _end(response: str | None, question: Question) -> _End | None:
    """The end of an answer; None for what can never be taken: nothing, or a refusal."""
    said = read({"choices": [{"message": {"content": response}}]})
    return _End(said, final_answer(question, said)) if isinstance(said, Said) else None


def _units(finals: Sequence[Final]) -> Units:
    found = defaultdict[tuple[str, str], set[str]](set)
    for final in finals:
        if isinstance(final, Found) and final.unit:
            found[final.kind, final.value].add(final.unit)
    return found
