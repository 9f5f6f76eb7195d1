"""The shipped sample of requests: whole, varied, and of everything that policies tell apart."""

from collections import Counter

import orjson
import pytest

from router.app import dry_pipeline, real_world
from router.cli.traffic.files import LeftOut, cases, sample, understanding
from router.config.evidence.sample import sample_requests
from router.config.load import load_settings
from router.decision.compare import TrialRequest
from router.domain.category import Category
from router.domain.model import Capability
from router.pipeline.request_context import Caller
from tests.config.files import EXAMPLE


@pytest.fixture(scope="module")
def known() -> list[TrialRequest | LeftOut]:
    settings = load_settings(EXAMPLE, {})
    judge = dry_pipeline(settings, real_world()).judge
    balanced = settings.policies["balanced"].policy
    return list(cases(sample(), understanding(judge, Caller(""), balanced)))


def test_every_request_is_one_and_has_a_name_of_its_own(
    known: list[TrialRequest | LeftOut],
) -> None:
    names = [each.id for each in known if isinstance(each, TrialRequest)]

    assert [each for each in known if isinstance(each, LeftOut)] == []
    assert len(names) == len({*names}) == 131
    assert not any(name.startswith("line") for name in names)


def test_all_categories_and_most_needs_are_there(known: list[TrialRequest | LeftOut]) -> None:
    found = [each.features for each in known if isinstance(each, TrialRequest)]
    kinds = Counter(each.category for each in found)
    needs = {need for each in found for need in each.needs}

    assert {*kinds} == {*Category}
    assert min(kinds.values()) >= 5
    of_other_doors = {Capability.MESSAGES_API, Capability.RESPONSES_API}
    assert {*Capability} - needs == {Capability.AUDIO, Capability.FILES, *of_other_doors}


def test_some_are_short_and_some_are_long(known: list[TrialRequest | LeftOut]) -> None:
    lengths = sorted(
        each.features.prompt_tokens for each in known if isinstance(each, TrialRequest)
    )

    assert lengths[len(lengths) // 2] < 50
    assert lengths[-1] > 32_768
    assert sum(each > 1000 for each in lengths) >= 8


def test_they_are_written_in_many_languages() -> None:
    text = sample_requests().decode()

    words = (
        "请 भारत أسباب Магазин 배송 趣味 Vorstellungsgespräch qué Pourquoi Você Fatura tal Beste"
    )
    assert [word for word in words.split() if word not in text] == []


def test_a_line_could_be_sent_as_a_batch() -> None:
    lines = [orjson.loads(line) for line in sample_requests().splitlines()]

    assert {tuple(line) for line in lines} == {("custom_id", "method", "url", "body")}
