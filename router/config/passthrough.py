"""The `passthrough:` of a config: where other paths are passed to, with all names in it resolved."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from router.config.embeddings import Wrong
from router.config.prices.stated_price import stated_price
from router.config.schema import PassthroughSection
from router.config.settings import PassthroughSettings
from router.domain.model import Model
from router.domain.nearest import nearest
from router.domain.passthrough import OWN_PATHS, PassthroughTerms
from router.domain.price import Price
from router.providers.endpoints import Endpoint

_PLACE = "passthrough"


def passthrough_of(
    section: PassthroughSection | None,
    chosen: Mapping[str, object],
    models: Mapping[str, Model],
    wrong: Wrong,
) -> PassthroughSettings | None:
    """The settings; None if nothing is passed through, or something is `wrong` with it.

    `chosen` are the upstreams that take part, `models` those whose prices are known.
    """
    if section is None:
        return None
    _check_paths(section, wrong)
    endpoint = chosen.get(section.upstream)
    if not isinstance(endpoint, Endpoint):
        message = f"'{section.upstream}' is not an active upstream of kind openai"
        names = [name for name, each in chosen.items() if isinstance(each, Endpoint)]
        wrong((_PLACE, "upstream"), message + (nearest(section.upstream, names) if names else ""))
        return None
    stated = {name: stated_price(price) for name, price in section.prices.items()}
    terms = PassthroughTerms(
        upstream=section.upstream,
        paths=section.paths,
        free=section.free,
        prices=dict(_known_prices(section.upstream, models)) | stated,
    )
    return PassthroughSettings(endpoint, terms, int(section.max_body_mb * 2**20))


def _check_paths(section: PassthroughSection, wrong: Wrong) -> None:
    for index, path in enumerate(section.paths):
        if path.rstrip("/") in OWN_PATHS:
            wrong((_PLACE, "paths", index), f"'{path}' is answered by Farthing itself")
    for index, path in enumerate(section.free):
        if not any(fnmatchcase(path, pattern) for pattern in section.paths):
            message = f"'{path}' is not passed through: no pattern of 'paths' matches it"
            wrong((_PLACE, "free", index), message)


def _known_prices(upstream: str, models: Mapping[str, Model]) -> Iterator[tuple[str, Price]]:
    """The prices of an upstream's models, by the upstream's names for them."""
    for model in models.values():
        for place in model.places:
            if place.upstream == upstream:
                yield place.name, place.price
