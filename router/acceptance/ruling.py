"""What all checks of a step say of its answers together.

Each check sees every answer that came. Some of them a check may strike out, such as one that was cut off; one of those that are
left may then be taken. A check that cannot tell is no reason to accept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.domain.cascade import Check, Opinion, Ruling, Test


@dataclass(frozen=True, slots=True)
class Evidence:
    """What checks may look at: the request, the answers as chat completions, and what was found out with calls.

    An answer is None where its model gave none. `marks` are a judge's for each answer, from 0 to 1, None for no
    verdict; `cosines` those of the answers' vectors, answers in rows and columns. Both are empty where nobody asked.
    """

    request: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any] | None]
    marks: Sequence[float | None] = ()
    cosines: Sequence[Sequence[float]] = field(default=())


def ruled(checks: Sequence[Check], evidence: Evidence) -> Opinion:
    """What is to become of the answers: accepted is what every check accepts."""
    texts = [_text(answer) for answer in evidence.answers]
    if any(check.test is not Test.AGREEMENT for check in checks) or not all(texts):
        return Opinion(Ruling.CANNOT_TELL, "there is nothing to compare")
    if len(set(texts)) > 1:
        return Opinion(Ruling.REJECT, "the answers differ")
    return Opinion(Ruling.ACCEPT, "the answers are the same", taken=0)


def _text(answer: Mapping[str, Any] | None) -> str:
    choices = (answer or {}).get("choices") or [{}]
    content = choices[0].get("message", {}).get("content")
    return content.strip().casefold() if isinstance(content, str) else ""
