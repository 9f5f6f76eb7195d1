"""What docs/semantic-cache.md says of the pairs of questions in benchmarks/semantic."""

import pytest

from benchmarks.semantic import test_half, tuning_half
from benchmarks.semantic.pairs import Family, Pair, within_a_longer_text
from router.domain.semantic import Sameness
from router.features.likeness import conflict, likeness_of

HALVES = {"tuning": tuning_half, "test": test_half}


def pairs_of(families: tuple[Family, ...]) -> list[Pair]:
    return [pair for family in families for pair in family.pairs()]


MUST_NOT = {name: pairs_of(half.MUST_NOT) for name, half in HALVES.items()}
MAY = {name: pairs_of(half.MAY) for name, half in HALVES.items()}


def shared(pairs: list[Pair], by: Sameness = Sameness.WORDING) -> list[str]:
    """The first wordings of the pairs that would share an answer."""
    found = []
    for pair in pairs:
        one, other = likeness_of(pair.one, b"key"), likeness_of(pair.other, b"key")
        if one and other and conflict(one, other, by) is None:
            found.append(pair.one)
    return found


def test_there_are_six_hundred_pairs_and_no_family_is_in_both_halves() -> None:
    families = [{family.name for family in (*half.MUST_NOT, *half.MAY)} for half in HALVES.values()]

    assert sum(map(len, MUST_NOT.values())) >= 400
    assert sum(map(len, MAY.values())) >= 200
    assert not set.intersection(*families)


@pytest.mark.parametrize("half", HALVES)
def test_by_wording_nothing_is_overlooked(half: str) -> None:
    assert shared(MUST_NOT[half]) == []


@pytest.mark.parametrize("by", Sameness)
@pytest.mark.parametrize("half", HALVES)
def test_within_a_longer_text_it_is_no_worse(half: str, by: Sameness) -> None:
    longer = [within_a_longer_text(pair) for pair in MUST_NOT[half]]

    assert shared(longer, by) == []


@pytest.mark.parametrize(("half", "share"), [("tuning", 0.85), ("test", 0.69)])
def test_by_wording_most_of_what_may_share_an_answer_does(half: str, share: float) -> None:
    assert len(shared(MAY[half])) / len(MAY[half]) >= share


def test_the_gates_without_a_look_at_the_words_overlook_a_sixth_and_more() -> None:
    overlooked = [len(shared(MUST_NOT[half], Sameness.MEANING)) for half in HALVES]

    assert overlooked == [38, 54]
