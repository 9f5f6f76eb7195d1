"""The headers of a reply say of a fallback no more than is known."""

from router.domain.members import replace
from router.pipeline.reply_details import reason_of
from tests.domain.builders import candidate, decision, model

TOP, OTHER, WEAK = model("top", p=0.9), model("other", p=0.95), model("weak", p=0.5)


def test_a_fallback_is_told_with_whom_it_stands_in_for() -> None:
    decided = replace(decision(TOP), fallbacks=(candidate(OTHER), candidate(WEAK)))

    def reason(answering: str) -> str:
        asked = (decided.chosen, *decided.fallbacks)
        who = next(each for each in asked if each.model.id == answering)
        return reason_of(decided, who).partition("; cheapest")[0]

    assert reason("top").startswith("cheapest-adequate; chat")
    # It need not have failed: a resting one is not asked at all, and a hedge overtakes one that is silent.
    assert reason("other") == "fallback; in place of top"
    assert reason("weak") == "fallback below what the policy asks; in place of top"
