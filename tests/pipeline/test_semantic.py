"""The semantic cache, from its first question on: found, refused, checked, and stopped."""

import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from router.decision.semantic_monitor import SemanticMonitor
from router.domain.caching import Origin, Writer
from router.domain.semantic import Sameness, SemanticMode, SemanticTerms
from router.domain.usage import Usage
from router.pipeline.semantic import NO_LOOK, Semantic, SemanticLookup
from router.pipeline.similar import text_of
from router.ports import Embedded
from router.providers.simulated.embedding import vector_of
from router.stores.memory.index import MemoryIndex
from router.stores.redis.index import RedisIndex
from router.stores.redis.link import RedisLink
from router.telemetry.metrics import exposition
from router.telemetry.semantic_metrics import SemanticCollector
from router.wire.cached import StoredAnswer
from router.wire.wording import Wording, split

ON = SemanticTerms(SemanticMode.ON, check_share=0)
BY_MEANING = SemanticTerms(SemanticMode.ON, Sameness.MEANING, similarity=0.6, check_share=0)
TTL_S = 60


class Letters:
    """Vectors that say which letters a text has; none while it is away."""

    name = "letters"

    def __init__(self) -> None:
        self.is_away = False
        self.asked: list[str] = []

    async def embed(self, text: str) -> Embedded | None:
        self.asked.append(text)
        return None if self.is_away else Embedded(tuple(vector_of(text)), tokens=3)

    async def close(self) -> None:
        pass


class Raising(Letters):
    """Makes no vectors, and fails although its port says that it does not."""

    async def embed(self, text: str) -> Embedded | None:
        raise RuntimeError(text)


def fixed(chance: float) -> Callable[[], float]:
    return lambda: chance


def cache(embedder: Letters | None = None, chance: float = 0.5) -> Semantic:
    def index() -> MemoryIndex:
        return MemoryIndex(max_bytes=2**20, monotonic_s=fixed(0))

    indexes = {by: index() for by in Sameness}
    return Semantic(indexes, embedder, SemanticMonitor(), fixed(chance))


def asked(text: str, tenant: str = "a", **more: Any) -> Wording | None:
    return split(
        {"model": "auto", "messages": [{"role": "user", "content": text}], **more}, (tenant,)
    )


def unpaid(_: int) -> None:
    """What a vector costs is of no interest."""


async def ask(
    semantic: Semantic,
    text: str,
    terms: SemanticTerms = ON,
    paid: Callable[[int], None] = unpaid,
    **more: Any,
) -> SemanticLookup:
    """Look, and learn under the text itself as the key."""
    look = await semantic.look(asked(text, **more), terms, "p", text, paid)
    await semantic.learn(look, text, TTL_S)
    return look


async def test_an_answer_is_found_for_the_same_question_in_other_words() -> None:
    semantic = cache()
    first = await ask(semantic, "What is a monad?")
    then = await ask(semantic, "Hi! Could you tell me what a monad is?")

    assert first.found is None
    assert then.usable == "What is a monad?"
    assert semantic.counts == {("p", "alone"): 1, ("p", "found"): 1}


async def test_the_nearest_neighbour_with_a_not_is_never_found() -> None:
    semantic = cache(Letters())
    for terms in (ON, BY_MEANING):
        await ask(semantic, "Is it safe to reheat rice?", terms)

        assert (await ask(semantic, "Is it not safe to reheat rice?", terms)).found is None
    assert semantic.counts["p", "negation"] == 1


@pytest.mark.parametrize(
    "more", [{"tenant": "b"}, {"temperature": 0}, {"tools": [{"type": "function"}]}]
)
async def test_nobody_finds_what_was_asked_elsewhere(more: dict[str, Any]) -> None:
    semantic = cache(Letters())
    for terms in (ON, BY_MEANING):
        await ask(semantic, "What is a monad?", terms)

        assert (await ask(semantic, "What's a monad?", terms, **more)).found is None


async def test_nothing_is_found_where_making_vectors_fails_against_its_word() -> None:
    semantic = cache(Raising())

    assert (await ask(semantic, "How do pearls grow?", BY_MEANING)).found is None
    assert semantic.counts == {("p", "no_vector"): 1}


async def test_by_meaning_other_words_may_do_if_they_are_near() -> None:
    semantic = cache(Letters())
    await ask(semantic, "How do geysers form in Iceland?", BY_MEANING)
    paid: list[int] = []
    near = await ask(semantic, "How do geysers form in icelands?", BY_MEANING, paid.append)
    far = await ask(semantic, "How do pearls grow?", BY_MEANING)

    assert near.usable == "How do geysers form in Iceland?"
    assert paid == [3]
    assert far.found is None
    assert semantic.counts["p", "far"] == 1


async def test_vectors_are_made_of_the_question_and_not_of_its_courtesies() -> None:
    letters = Letters()
    await ask(cache(letters), "Hello! Could you please explain the tides? Thanks.", BY_MEANING)

    assert letters.asked == ["explain the tides"]


async def test_by_wording_no_vector_is_asked_for() -> None:
    letters = Letters()
    await ask(cache(letters), "What is a monad?")

    assert letters.asked == []


@pytest.mark.parametrize("embedder", [None, Letters()])
async def test_without_vectors_nothing_is_found_and_nothing_is_learnt(
    embedder: Letters | None,
) -> None:
    if embedder:
        embedder.is_away = True
    semantic = cache(embedder)

    assert await ask(semantic, "What is a monad?", BY_MEANING) is NO_LOOK
    assert semantic.counts == {("p", "no_vector"): 1}


async def test_off_looks_for_nothing_and_learns_nothing() -> None:
    semantic = cache()
    assert await ask(semantic, "What is a monad?", SemanticTerms()) is NO_LOOK

    assert (await ask(semantic, "What's a monad?")).found is None


async def test_a_request_of_another_kind_is_not_looked_for() -> None:
    semantic = cache()

    assert await semantic.look(None, ON, "p", "k", unpaid) is NO_LOOK
    assert await ask(semantic, "What is the weather like today?") is NO_LOOK
    assert semantic.counts == {("p", "tied"): 1}


async def test_what_was_asked_in_these_very_words_is_not_found_for_itself() -> None:
    semantic = cache()
    await ask(semantic, "What is a monad?")

    assert (await ask(semantic, "What is a monad?")).found is None


async def test_what_leads_to_no_answer_any_more_is_forgotten() -> None:
    semantic = cache()
    await ask(semantic, "What is a monad?")
    look = await semantic.look(asked("What's a monad?"), ON, "p", "other", unpaid)
    await semantic.lost(look)

    assert look.found == "What is a monad?"
    assert (await semantic.look(asked("What's a monad?"), ON, "p", "other", unpaid)).found is None


async def test_in_shadow_mode_everything_is_checked_and_nothing_is_given() -> None:
    semantic, shadow = cache(), SemanticTerms(SemanticMode.SHADOW)
    await ask(semantic, "What is a monad?", shadow)
    look = await ask(semantic, "What's a monad?", shadow)

    assert (look.usable, look.to_check) == (None, "What is a monad?")
    semantic.checked(look, "A monoid.", "a monoid")
    assert semantic.monitor.tallies["p"].checked == 1


@pytest.mark.parametrize(("chance", "is_check"), [(0.04, True), (0.05, False), (0.9, False)])
async def test_a_share_of_what_could_be_given_is_checked(chance: float, is_check: bool) -> None:
    semantic, terms = cache(chance=chance), SemanticTerms(SemanticMode.ON, check_share=0.05)
    await ask(semantic, "What is a monad?", terms)

    assert (await ask(semantic, "What's a monad?", terms)).is_check is is_check


def test_the_words_of_an_answer_that_thinks_in_parts_are_compared() -> None:
    words = {"type": "text", "text": "Yes"}
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, words]
    body = orjson.dumps({"choices": [{"message": {"content": parts}}]})
    origin = Origin(Writer("m", "u", "n"), Usage(1), 0.0)

    assert text_of(StoredAnswer(origin, is_stream=False, body=body)) == "Yes"


async def test_where_too_many_differ_it_stops_says_so_once_and_shows_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "router.pipeline.semantic")
    semantic = cache()
    await ask(semantic, "What is a monad?")
    look = await ask(semantic, "What's a monad?")
    for _ in range(31):
        semantic.checked(look, "A monoid.", "No idea, sorry.")

    assert await ask(semantic, "What's a monad?") is NO_LOOK
    assert (await semantic.look(asked("What's a monad?"), ON, "q", "k", unpaid)).found is not None
    (line,) = caplog.messages
    assert line.startswith("Semantic cache of policy p: 30 of 30 answers differed")
    shown = exposition(SemanticCollector(semantic)).decode()
    assert 'farthing_semantic_stopped{policy="p"} 1.0' in shown
    assert 'farthing_semantic_total{outcome="differed",policy="p"} 31.0' in shown
    assert 'farthing_semantic_differing{bound="upper",policy="p"} 1.0' in shown


async def test_in_shadow_mode_it_goes_on_counting_whatever_it_finds() -> None:
    semantic, shadow = cache(), SemanticTerms(SemanticMode.SHADOW)
    await ask(semantic, "What is a monad?", shadow)
    for _ in range(3):
        look = await ask(semantic, "What's a monad?", shadow)
        semantic.checked(look, "A monoid.", "No idea, sorry.")

    assert semantic.monitor.tallies["p"].differed == 3


async def test_nothing_that_is_kept_or_shown_has_a_word_of_the_text() -> None:
    semantic = cache(Letters())
    look = await semantic.look(asked("What is a farthing worth?"), BY_MEANING, "p", "key", unpaid)

    assert "farthing" not in repr(look)
    assert b"farthing" not in look.note


async def test_what_one_process_learns_another_finds(redis_url: str) -> None:
    link = RedisLink(redis_url, timeout_s=1.0, monotonic_s=fixed(0))
    try:
        indexes = {by: RedisIndex(link, fixed(0)) for by in Sameness}
        one, other = [Semantic(indexes, Letters(), SemanticMonitor(), fixed(0.5)) for _ in range(2)]
        for terms in (ON, BY_MEANING):
            await ask(one, "What is a semaphore?", terms)
            look = await other.look(asked("What's a semaphore?"), terms, "p", "k", unpaid)

            assert look.usable == "What is a semaphore?"
    finally:
        await link.close()
