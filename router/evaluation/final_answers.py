"""What answers come to, in the form in which the server compares them.

So two models agree on a prompt that was asked before where they would agree if it were asked again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import asked
from router.acceptance.finding.found import Final, Found
from router.acceptance.said import Said, read
from router.evaluation.answered import Answered, id_of

Requests = Mapping[str, Mapping[str, Any]]
"""The bodies of requests, by the ids of prompts."""


def in_normal_form(rows: Sequence[Answered], requests: Requests | None = None) -> list[Answered]:
    """The rows with final answers that are equal where they agree, of each prompt all of whose answers are kept whole.

    Those to other prompts stay as they are. A prompt of which `requests` has nothing was a user's only message.
    """
    by_prompt = defaultdict[str, list[Answered]](list)
    for row in rows:
        by_prompt[row.prompt_id].append(row)
    return [
        each
        for prompt_id, group in by_prompt.items()
        for each in _normal(group, (requests or {}).get(prompt_id))
    ]


def _normal(group: Sequence[Answered], request: Mapping[str, Any] | None) -> Sequence[Answered]:
    if any(row.response is None and row.answer is not None for row in group):
        return group
    question = asked(
        request or {"messages": [{"role": "user", "content": group[0].prompt}]},
    )
    said = [_said(row.response) for row in group]
    finals = [each and final_answer(question, each) for each in said]
    units = _units(finals)
    return [
        replace(row, answer=each and final and _spelt(each, final, units))
        for row, each, final in zip(group, said, finals, strict=True)
    ]


def _said(response: str | None) -> Said | None:
    """None for what can never be taken: nothing, or a refusal."""
    found = read({"choices": [{"message": {"content": response}}]})
    return found if isinstance(found, Said) else None


def _units(finals: Sequence[Final | None]) -> Mapping[tuple[str, str], set[str]]:
    """The units in which each value is told."""
    found = defaultdict[tuple[str, str], set[str]](set)
    for final in finals:
        if isinstance(final, Found) and final.unit:
            found[final.kind, final.value].add(final.unit)
    return found


def _spelt(said: Said, final: Final, units: Mapping[tuple[str, str], set[str]]) -> str:
    """A unit tells values apart where there are two; what comes to nothing is the same word for word only."""
    if not isinstance(final, Found):
        return f"words: {id_of(' '.join(said.text.split()))}"
    several = len(units.get((final.kind, final.value), ())) > 1
    return f"{final.kind}: {final.value}{f' {final.unit}' if several and final.unit else ''}"
