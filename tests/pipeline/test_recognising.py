"""What prompts like this one say of the models: of requests that come, and of those that were kept."""

from functools import cache
from pathlib import Path

import numpy as np
import orjson
import pytest

from router.app import dry_pipeline, real_world
from router.cli.traffic.files import LeftOut
from router.cli.traffic.ledger import recorded
from router.config.prices.price_map import cl100k_ranks
from router.decision.agreement import AgreementModel
from router.decision.compare import TrialRequest
from router.decision.estimate import candidate_for, quality_of
from router.decision.experience import Experience
from router.decision.policy import Circumstances
from router.decision.record import Record
from router.domain.cascade import Prospect
from router.domain.category import Category
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.features import Features, Recognised
from router.domain.local_cascades import LocalCascade, LocalCascades
from router.domain.local_quality import LocalCategory, LocalQuality, Measured
from router.domain.members import replace
from router.domain.model import Ability
from router.domain.resemblance import Resemblance
from router.domain.turns import finished
from router.features.tokenizer import cl100k
from router.pipeline.artefact import Artefact
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller
from router.training.fit import fit
from router.wire.chat import parse_chat
from tests.config.files import SOUND, loaded
from tests.domain.builders import candidate, decision, features, model
from tests.training.learning import POOL, drawn

ROSES, BREAD, STRANGE = "rose thorn prune petal the", "flour yeast oven crust the", "zebra quartz"


@cache
def artefact() -> Artefact:
    """Learnt from 150 prompts by the tokens that the server has."""
    outcomes = drawn(150)
    encode = cl100k(cl100k_ranks()).encode_ordinary
    return fit(outcomes, POOL, encode, [Category.KNOWLEDGE] * len(outcomes))


@pytest.fixture
def plain(tmp_path: Path) -> Judge:
    """A judge to whom nothing was taught."""
    settings = loaded(tmp_path, SOUND + "quality: {artefact: none}\n")
    return dry_pipeline(settings, real_world()).judge


@pytest.fixture
def judge(plain: Judge) -> Judge:
    """A judge that uses this file's artefact."""
    reader = replace(plain.reader, kinds=artefact().kinds)
    return replace(plain, reader=reader, quality=artefact().quality)


def understood(judge: Judge, question: str) -> Features:
    body = {"model": "auto", "messages": [{"role": "user", "content": question}]}
    target = judge.book.policies["balanced"]
    return finished(
        judge.request_context(parse_chat(orjson.dumps(body)), Caller("", "", ()), target, (), ())
    ).features


def akin(*shares: float, traits: int = 4, familiarity: float = 1.0) -> Features:
    resemblance = Resemblance(shares, (0.0,) * traits, familiarity)
    return replace(features(), resemblance=resemblance)


# ------------------------------------------------------------------------------- requests


def test_what_resembles_what_was_learnt_is_judged_by_it(judge: Judge) -> None:
    large, small = model("large", p=0.7), model("small", p=0.7)
    roses, bread = understood(judge, ROSES), understood(judge, BREAD)

    assert isinstance(roses, Recognised)
    assert quality_of(large, roses).p > 0.75
    assert quality_of(small, roses).p < 0.4
    assert quality_of(large, bread).p < quality_of(large, roses).p
    assert quality_of(large, roses).source is EstimateSource.ARTEFACT
    assert candidate_for(large, roses, Experience()).quality == quality_of(large, roses)


def test_a_model_goes_by_the_name_that_its_upstream_knows(judge: Judge) -> None:
    mine = replace(model("mine", p=0.7), name="vendor/Large-Instruct")

    assert quality_of(mine, understood(judge, ROSES)) == quality_of(
        model("large", p=0.7), understood(judge, ROSES)
    )


def test_a_model_whose_upstream_s_name_was_never_scored_goes_by_its_id(judge: Judge) -> None:
    """As in outcomes that `farthing calibrate` has written."""
    roses = understood(judge, ROSES)
    mine = replace(model("large", p=0.7), name="house/7")
    both = replace(model("large", p=0.7), name="small")

    assert quality_of(mine, roses) == quality_of(model("large", p=0.7), roses)
    assert quality_of(both, roses) == quality_of(model("small", p=0.7), roses)


def test_a_model_that_was_never_scored_moves_with_the_others(judge: Judge) -> None:
    stranger = model("stranger", p=0.7)
    roses, bread = (quality_of(stranger, understood(judge, each)) for each in (ROSES, BREAD))

    assert roses.p > 0.7 > bread.p
    assert (roses.source, roses.sd) == (EstimateSource.PRIOR, 0.05)


@pytest.mark.parametrize("name", ["large", "stranger"])
def test_what_own_answers_say_is_not_moved(judge: Judge, name: str) -> None:
    """They had the difficulty of one's own prompts."""
    own = Ability(0.42, 0.03, "local: 214 answers of your own", EstimateSource.LOCAL)
    mine = replace(model(name), abilities=dict.fromkeys(Category, own))

    for question in (ROSES, BREAD, STRANGE):
        found = quality_of(mine, understood(judge, question))
        assert found == QualityEstimate(0.42, 0.03, EstimateSource.LOCAL)


@pytest.mark.parametrize("name", ["large", "stranger"])
def test_a_model_that_nobody_asked_does_not_look_better_for_it(judge: Judge, name: str) -> None:
    """Own questions were harder for those that were asked, and no prompt takes that back."""
    here = LocalCategory(-2.5, 0.2, {"asked": Measured(0.42, 0.02, 500)})
    local = LocalQuality("v", {"asked": "asked"}, dict.fromkeys(Category, here))
    unasked = local.applied(model(name, p=0.88))

    for question in (ROSES, BREAD, STRANGE):
        assert quality_of(unasked, understood(judge, question)).p == pytest.approx(0.376, abs=0.001)


def test_without_anything_learnt_there_is_no_resemblance_and_priors_hold(plain: Judge) -> None:
    found = understood(plain, ROSES)

    assert type(found) is Features
    assert found.resemblance is None
    assert quality_of(model("large", p=0.7), found).p == 0.7


# ------------------------------------------------------------------- what is not recognised


def test_where_nothing_is_familiar_features_stay_as_they_are(judge: Judge) -> None:
    far = replace(judge, quality=replace(artefact().quality, floor=0.0))
    strange = akin(0.2, 0.3, 0.5, familiarity=0.0)

    assert far.recognised(strange) is strange
    assert isinstance(far.recognised(akin(0.2, 0.3, 0.5, familiarity=0.01)), Recognised)
    assert isinstance(judge.recognised(strange), Recognised)  # whose floor is above 0


def test_the_resemblance_of_another_artefact_is_passed_over(judge: Judge) -> None:
    for other in (akin(0.5, 0.5), akin(0.1, 0.2, 0.3, 0.4), akin(0.2, 0.3, 0.5, traits=3), akin()):
        assert judge.recognised(other) is other

    unread = features()
    assert judge.recognised(unread) is unread


def test_recognising_changes_nothing_else_of_the_features(judge: Judge) -> None:
    known = replace(akin(0.2, 0.3, 0.5), language="de", turns=3, choices=2, difficulty=0.4)
    found = judge.recognised(known)

    for name in Features.__struct_fields__:
        assert getattr(found, name) == getattr(known, name), name
    assert isinstance(found, Recognised)
    assert found.prompt_scores is not None


# ---------------------------------------------------------------------- what models agree on


def agreement(floor: float = 0.0) -> AgreementModel:
    """As if something were known of answers that agree on three kinds."""
    usual = np.array([0.35, 1.0, 0.3, 1.5, -1.5])
    kinds = np.tile(usual, (3, 1)) + np.array([[0.0], [0.05], [-0.05]]) * (usual < 1)
    return AgreementModel(kinds, 0.0 * kinds, usual, 0.1 * np.ones(5), np.zeros(2), floor)


def before(found: Features) -> Prospect:
    """What a small and a middle model bring before a large one."""
    assert isinstance(found, Recognised)
    assert found.prospects is not None
    pair = [candidate(model(name, p=0.7)) for name in ("small", "middle")]
    prospect = found.prospects.of(pair, candidate(model("large", p=0.9)))
    assert prospect is not None
    return prospect


def test_prospects_are_known_for_what_is_familiar_and_for_what_is_not(judge: Judge) -> None:
    taught = replace(judge, agreement=agreement())
    near, far = (of_maths(akin(0.0, 1.0, 0.0, familiarity=known)) for known in (1.0, 0.0))

    assert before(taught.recognised(near)).gain_sd < before(taught.recognised(far)).gain_sd
    assert isinstance(found := judge.recognised(near), Recognised)
    assert found.prospects is None


def test_where_the_priors_hold_prospects_are_the_usual_ones(judge: Judge) -> None:
    unlearnt = replace(judge, quality=None, agreement=agreement())
    found = unlearnt.recognised(of_maths(akin(0.0, 1.0, 0.0, familiarity=0.0)))

    assert isinstance(found, Recognised)
    assert found.prompt_scores is None
    assert before(found).p_accept == before(unlearnt.recognised(found)).p_accept
    assert quality_of(model("large", p=0.7), found).p == 0.7


def test_nothing_is_expected_of_unfamiliar_chats(judge: Judge) -> None:
    unlearnt = replace(judge, quality=None, agreement=agreement())
    chat = akin(0.0, 1.0, 0.0, familiarity=0.0)

    assert chat.category is Category.CHAT
    assert unlearnt.recognised(chat) is chat


def test_prose_that_looks_familiar_is_not_compared_unless_that_it_is_prose_is_a_guess(
    judge: Judge,
) -> None:
    taught = replace(judge, agreement=agreement())
    letter = replace(akin(0.0, 1.0, 0.0), category=Category.WRITING)

    assert isinstance(found := taught.recognised(letter), Recognised)
    assert found.prospects is None
    assert before(taught.recognised(replace(letter, category_confidence=0.4))) is not None
    assert before(taught.recognised(replace(letter, category=Category.KNOWLEDGE))) is not None


def test_prospects_of_another_artefact_s_kinds_are_passed_over(judge: Judge) -> None:
    other = akin(0.5, 0.5)

    assert replace(judge, agreement=agreement()).recognised(other) is other


def of_maths(features: Features) -> Features:
    """The same, of a category in which answers can be compared whatever is asked."""
    return replace(features, category=Category.MATHS)


OWN = Prospect(0.5, 0.02, 0.01, 0.004, EstimateSource.LOCAL)


def own_of(found: Features) -> LocalCascades:
    """The cascade that `before` asks for, as own answers have it."""
    return LocalCascades({found.category: (LocalCascade(("middle", "small", "large"), OWN, 99),)})


def test_own_answers_have_the_first_word_on_cascades_in_their_category(judge: Judge) -> None:
    learnt, found = agreement(), akin(0.0, 1.0, 0.0)
    taught = replace(judge, agreement=learnt, own=own_of(found))

    assert before(taught.recognised(found)) == OWN
    elsewhere = replace(found, category=Category.KNOWLEDGE)
    assert before(taught.recognised(elsewhere)).source is EstimateSource.ARTEFACT


def test_own_answers_have_it_where_nothing_else_was_learnt(plain: Judge) -> None:
    found = features()
    taught = replace(plain, own=own_of(found))

    assert found.resemblance is None
    assert before(taught.recognised(found)) == OWN
    elsewhere = replace(found, category=Category.TRANSLATION)
    assert taught.recognised(elsewhere) is elsewhere


# ------------------------------------------------------------------------- what was recorded


def test_what_was_kept_is_recognised_as_it_was_when_it_came(judge: Judge) -> None:
    came = understood(judge, ROSES)
    assert isinstance(came, Recognised)
    text = Record(decision(model(), what=came), Circumstances()).text()
    assert text is not None
    assert "prompt_scores" not in text
    (case,) = recorded([("req_1", text)], judge.recognised)

    assert isinstance(case, TrialRequest)
    assert case.id == "req_1"
    assert case.features.resemblance == came.resemblance
    for each in (model("large"), model("small"), model("stranger")):
        assert quality_of(each, case.features) == quality_of(each, came)


def test_what_was_kept_under_another_artefact_is_decided_by_priors(judge: Judge) -> None:
    other = Record(decision(model(), what=akin(0.5, 0.5)), Circumstances()).text()
    broken = "{}"
    assert other is not None
    case, left_out = recorded([("req_1", other), ("req_2", broken)], judge.recognised)

    assert isinstance(case, TrialRequest)
    assert type(case.features) is Features
    assert quality_of(model("large", p=0.7), case.features).p == 0.7
    assert isinstance(left_out, LeftOut)
