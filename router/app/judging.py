"""The judge as configured, at the start and after a change."""

from collections.abc import Mapping

from router.app.languages import language_of_for
from router.config.settings import Settings
from router.decision.experience import Experience
from router.domain.catalog import DatedCatalog
from router.domain.members import replace
from router.domain.model import Model
from router.features.extract import Reader
from router.features.tokens import TokenCounter
from router.pipeline.judge import Judge
from router.ports import World


def judge_of(settings: Settings, world: World, counter: TokenCounter) -> Judge:
    """A judge that has seen nothing yet."""
    learnt = settings.learnt
    return Judge(
        catalog=DatedCatalog.of(settings.catalog),
        book=settings.book,
        reader=Reader(counter, learnt.categories, learnt.kinds),
        experience=Experience(learnt.lengths),
        world=world,
        quality=learnt.quality,
        agreement=learnt.agreement,
        own=settings.local.cascades,
        language_of=language_of_for(settings.book.asks),
        known=DatedCatalog.of(settings.known),
        vectors=DatedCatalog.of(settings.vectors),
    )


def judge_after(judge: Judge, before: Settings, after: Settings) -> Judge:
    """A judge by the settings `after` that has seen what `judge` has, as far as it holds for them."""
    fresh, seen = judge_of(after, judge.world, judge.reader.counter), judge.experience
    if gone := seen.take_catalog(before.catalog, after.catalog):
        judge.verdicts.forget(gone)
    if moved := _moved(before.catalog, after.catalog):
        judge.threads.forget(moved)
    if after.learnt is not before.learnt:
        seen.take_prior(after.learnt.lengths)
    return replace(fresh, experience=seen, verdicts=judge.verdicts, threads=judge.threads)


def _moved(before: Mapping[str, Model], after: Mapping[str, Model]) -> frozenset[str]:
    """The keys of the places in which another model answers after than did before, or none."""
    now = {place.key: _asked(place) for model in after.values() for place in model.places}
    places = [place for model in before.values() for place in model.places]
    return frozenset(place.key for place in places if now.get(place.key) != _asked(place))


def _asked(place: Model) -> tuple[str, str]:
    """Who is asked there, and for which model."""
    return place.upstream, place.name
