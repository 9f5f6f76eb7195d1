"""What a judge's verdicts are expected to cost, against what it is really sent."""

from router.acceptance.judging import judge_request
from router.config.prices.price_map import cl100k_ranks
from router.decision.estimate import RUBRIC_TOKENS, cost_of, judging, judging_cost
from router.decision.experience import Experience
from router.domain.category import Category
from router.domain.estimate import CostEstimate
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Model
from router.features.tokenizer import cl100k
from router.features.tokens import TokenCounter
from tests.domain.builders import candidate, features, model

JUDGE, WRITER = model("judge", price=("3", "15")), model("writer")


def test_a_judge_reads_its_rubric_the_prompt_and_the_answer_and_writes_little() -> None:
    body, counter = judge_request(JUDGE, [], "", ""), TokenCounter(cl100k(cl100k_ranks()))
    schema = counter.of_text(str(body["response_format"]))
    framing = counter.of_chat(body["messages"]).tokens + schema.tokens

    assert abs(framing - RUBRIC_TOKENS) <= 50


def test_every_answer_is_a_call_of_its_own() -> None:
    experience, what = Experience(), features(prompt_tokens=1000)
    of_one, of_two = (
        judging_cost(JUDGE, [candidate(WRITER, what)] * count, what, experience) for count in (1, 2)
    )
    answer = round(experience.length(WRITER, what.category).tokens.mean)
    read = Features(1000 + answer + RUBRIC_TOKENS, Category.EXTRACTION)
    verdict = cost_of(JUDGE, read, experience.length(JUDGE, Category.EXTRACTION))

    assert of_one.expected == verdict.expected
    assert of_one.upper > verdict.upper
    assert (of_two.expected, of_two.upper) == (of_one.expected * 2, of_one.upper * 2)


def test_a_judge_in_several_places_costs_in_each_what_its_verdict_does_there() -> None:
    experience, what = Experience(), Features(1000, Category.CHAT, max_output_tokens=1)
    dear = model("judge", price=("30", "150"))
    places = (candidate(JUDGE, what), candidate(dear, what))
    judge, answer = replace(places[0], replicas=places), candidate(WRITER, what)
    told = judging(judge, answer, what, experience)

    def cost(of: Model) -> CostEstimate:
        return judging_cost(of, [answer], what, experience)

    assert told.cost == cost(JUDGE)
    assert [each.cost for each in told.replicas] == [cost(JUDGE), cost(dear)]
    assert told.cost.upper > places[0].cost.upper
