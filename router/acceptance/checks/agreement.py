"""Answers are the same in their normal form: the one test that was measured to work well beyond one data set.

Two models that make different mistakes seldom make the same one. An answer without a result still counts
among those that could have agreed: of two answers both must agree, of more than two more than half.
"""

from collections.abc import Mapping

from router.acceptance.case import ACCEPT, CANNOT_TELL, REJECT, Case, Verdict, of_all
from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import asked
from router.acceptance.finding.found import AnswerKind, Final, Found, agree
from router.acceptance.grouping import is_enough, largest_group
from router.acceptance.said import Said
from router.domain.cascade import Check


def hold(check: Check, case: Case) -> Verdict:
    """Accepts the largest group of answers that agree, if it is large enough.

    Rejects if final answers were found and differ. Cannot tell if too few were found for that, or if they
    are code: what is written differently may do the same.
    """
    standing, total = case.standing, len(case.said)
    question = asked(case.request)
    finals = {number: final_answer(question, said) for number, said in standing.items()}
    group = largest_group(tuple(standing), lambda one, other: _agree(one, other, standing, finals))
    told = f"{len(group)} of {total} answers agree"
    if is_enough(len(group), total, check.at_least):
        accepted = {number: ACCEPT if number in group else REJECT for number in standing}
        return Verdict(accepted, f"{told}{_by(finals[group[0]])}")
    lost = [number for number, final in finals.items() if not isinstance(final, Found)]
    if is_enough(len(group) + len(lost), total, check.at_least):
        return of_all(case, CANNOT_TELL, f"{told}; {_reason(finals[lost[0]])}")
    return _differing(case, finals, told)


def _agree(one: int, other: int, standing: Mapping[int, Said], finals: Mapping[int, Final]) -> bool:
    return agree(finals[one], finals[other]) or standing[one].is_same_as(standing[other])


def _differing(case: Case, finals: Mapping[int, Final], told: str) -> Verdict:
    kinds = {final.kind for final in finals.values() if isinstance(final, Found)}
    if AnswerKind.CODE in kinds:
        why = f"{told}; code that is written differently may do the same"
        return of_all(case, CANNOT_TELL, why)
    names = " and ".join(sorted(kinds))
    return of_all(case, REJECT, f"{told}, by {names}" if len(case.standing) > 1 else told)


def _by(final: Final) -> str:
    return f", by {final.kind}" if isinstance(final, Found) else ", word for word"


def _reason(final: Final) -> str:
    return "" if isinstance(final, Found) else final.why
