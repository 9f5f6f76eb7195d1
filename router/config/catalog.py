"""The `models:` of a config as the catalog, completed from the price map and the shipped priors."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from urllib.parse import urlsplit

from msgspec import Struct, field

from router.config.assumed import (
    ASSUMED_CONTEXT,
    ASSUMED_CONTEXT_TOKENS,
    assumed_of,
    note_of,
)
from router.config.evidence.priors import Priors
from router.config.prices.price_map import CatalogFacts, PriceMap
from router.config.prices.stated_price import price_changes, stated_price
from router.config.replicas import Stated, entry_of, stated_places
from router.config.schema import (
    AnthropicUpstreamSection,
    AnyUpstream,
    LitellmUpstreamSection,
    ModelSection,
    OpenAIUpstreamSection,
    SimulatedUpstreamSection,
)
from router.config.vectors import NO_PRICE, embedding_model
from router.config.yaml_file import Place, YamlFile
from router.domain.category import Category
from router.domain.errors import Problem
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.model import APIS, Ability, Capability, Model
from router.domain.nearest import nearest
from router.providers.endpoints import ANTHROPIC_URL, OPENAI_URL
from router.providers.simulated_models import SimulatedModel, default_models

_STATED_SD = 0.05
"""The uncertainty of an ability that the operator states: less than that of any prior."""


class Missing(LookupError):
    """Something that the operator must add; the message is the line to write."""


class CatalogBuilder(Struct, frozen=True):
    """Builds models from what the operator wrote and what is shipped."""

    file: YamlFile
    upstreams: Mapping[str, AnyUpstream]
    prices: PriceMap
    priors: Priors
    notes: list[str] = field(default_factory=list)

    def build(
        self, sections: Mapping[str, ModelSection], problems: list[Problem]
    ) -> dict[str, Model]:
        """The sound models; what is wrong with the others goes to `problems`, what was assumed to `notes`."""
        models: dict[str, Model] = {}
        for model_id, section in sections.items():
            stated = stated_places(section)
            found = [self._place(model_id, each, problems) for each in stated]
            places = [each for each in found if each is not None]
            if len(places) < len(stated):
                continue
            if len({each.makes_vectors for each in places}) > 1:
                message = "makes embeddings in one of its 'upstreams' and chats in another"
                problems.append(self.file.problem(("models", model_id, "upstreams"), message))
                continue
            weights = [each.weight for each in stated]
            is_one = section.upstream is not None
            models[model_id] = places[0] if is_one else entry_of(places, weights, sections.keys())
        return models

    def _place(self, model_id: str, stated: Stated, problems: list[Problem]) -> Model | None:
        """The model in one of its places; None, with one more problem, if something is wrong with it."""
        place: Place = ("models", model_id, *stated.at)
        upstream = self.upstreams.get(stated.upstream)
        if upstream is None:
            hint = nearest(stated.upstream, self.file.data["upstreams"])
            message = f"there is no such upstream{hint}"
            problems.append(self.file.problem((*place, "upstream"), message))
            return None
        try:
            return self._model(model_id, stated, upstream)
        except Missing as missing:
            problems.append(self.file.problem(place, str(missing)))
            return None

    def _model(self, model_id: str, stated: Stated, upstream: AnyUpstream) -> Model:
        section = stated.section
        name = section.name or model_id
        if isinstance(upstream, SimulatedUpstreamSection) and section.mode != "embedding":
            return _with_stated(_simulated(model_id, name, stated.upstream), section)
        if (vectors := self._embedding(model_id, name, stated, upstream)) is not None:
            return _with_stated(replace(vectors, states_cost=_states_cost(upstream)), section)
        key, facts = self._facts(name, section, upstream)
        prior = self.priors.of([section.like, key, model_id, name], facts.price)
        self._note(model_id, section, assumed_of(section, facts, is_measured=prior.is_measured))
        model = Model(
            id=model_id,
            upstream=stated.upstream,
            name=name,
            price=facts.price,
            context_tokens=facts.context_tokens or ASSUMED_CONTEXT_TOKENS,
            max_output_tokens=facts.max_output_tokens,
            abilities=prior.abilities,
            capabilities=facts.capabilities,
            tags=prior.tags,
            takes_effort=facts.takes_effort,
            states_cost=_states_cost(upstream),
        )
        stated_model = _with_stated(model, section)
        sayable = stated_model.capabilities - _unsaid_to(upstream)
        return replace(stated_model, capabilities=sayable - APIS | _spoken_by(upstream))

    def _note(self, model_id: str, section: ModelSection, assumed: Iterable[str]) -> None:
        """Note what was assumed of a model, unless the same was noted for another of its places."""
        told = [note_of(model_id, found)] if (found := list(assumed)) else []
        if section.like and (wrong := self.priors.unknown(section.like)):
            told.append(f"model {model_id}: 'like': {wrong}")
        self.notes.extend(each for each in told if each not in self.notes)

    def _embedding(
        self, model_id: str, name: str, stated: Stated, upstream: AnyUpstream
    ) -> Model | None:
        """The model if it makes vectors, according to the operator or the price map; else None."""
        section = stated.section
        if section.mode == "chat":
            return None
        found = (self.prices.find_embedding(key) for key in _keys(name, section, upstream))
        facts = next((each for each in found if each is not None), None)
        if facts is None and section.mode is None:
            return None
        if facts is None and section.price is None:
            raise Missing(_vectors_price_to_add(section, self.prices))
        if not isinstance(upstream, OpenAIUpstreamSection | SimulatedUpstreamSection):
            raise Missing(
                "it makes embeddings, which only upstreams of kind openai serve;"
                " reach its provider at its OpenAI-compatible address"
            )
        price = facts.price if facts is not None else NO_PRICE
        context_tokens = facts.context_tokens if facts is not None else None
        if context_tokens is None and section.context_tokens is None:
            self._note(model_id, section, [ASSUMED_CONTEXT])
        return embedding_model(
            model_id, stated.upstream, name, price, context_tokens or ASSUMED_CONTEXT_TOKENS
        )

    def _facts(
        self, name: str, section: ModelSection, upstream: AnyUpstream
    ) -> tuple[str | None, CatalogFacts]:
        """Price and limits from the map, with their key; or the operator's price and assumed limits."""
        for key in _keys(name, section, upstream):
            if facts := self.prices.find(key, _regions_factor(upstream)):
                return key, facts
        if section.price is None:
            raise Missing(_price_to_add(section, self.prices, _keys(name, section, upstream)))
        price = stated_price(section.price)
        every = frozenset(Capability)
        return None, CatalogFacts(price, None, None, every)


def simulated_catalog() -> dict[str, Model]:
    """The shipped simulated models as a separate catalog."""
    return {name: _simulated(name, name, "simulated") for name in _simulated_models()}


def _keys(name: str, section: ModelSection, upstream: AnyUpstream) -> Iterator[str]:
    """Keys under which the price map may know the model: as stated, else under its provider's name.

    A bare name is looked up only for OpenAI itself: another host's model of the same name has a different
    price.
    """
    if section.catalog is not None:
        yield section.catalog
        return
    match upstream:
        case OpenAIUpstreamSection(catalog_prefix=str(prefix)):
            yield f"{prefix}/{name}"
        case AnthropicUpstreamSection(catalog_prefix=str(prefix)):
            yield f"{prefix}/{name}"
        case OpenAIUpstreamSection(base_url=base_url) if OPENAI_URL.match(base_url):
            yield name
        case AnthropicUpstreamSection(base_url=base_url) if base_url.startswith(ANTHROPIC_URL):
            yield from (f"anthropic/{name}", name)
        case LitellmUpstreamSection(provider=provider):
            yield f"{provider}/{name}"
            yield name


def _regions_factor(upstream: AnyUpstream) -> str:
    """The member of the price map by which a model is dearer at an upstream, "" if its place is the usual one.

    OpenAI states one factor for all regions (https://developers.openai.com/api/docs/guides/data-residency), Google one
    for all places but `global`.
    """
    match upstream:
        case OpenAIUpstreamSection(base_url=url) if host := OPENAI_URL.match(url):
            return "regional_processing_uplift_multiplier_eu" if host["region"] else ""
        case LitellmUpstreamSection(provider="vertex_ai", options={"vertex_location": place}):
            return "" if place == "global" else "regional_endpoint_uplift_multiplier"
    return ""


def _states_cost(upstream: AnyUpstream) -> bool:
    """Whether an upstream is of a vendor that bills what its answers state."""
    match upstream:
        case (
            OpenAIUpstreamSection(catalog_prefix=vendor, base_url=url)
            | AnthropicUpstreamSection(catalog_prefix=vendor, base_url=url)
        ):
            host = f".{urlsplit(url).hostname}"
            return vendor in _STATING or host.endswith(tuple(_STATING.values()))
        case LitellmUpstreamSection(provider=vendor):
            return vendor in _STATING
        case _:
            return False


_STATING = {"openrouter": ".openrouter.ai", "perplexity": ".perplexity.ai", "xai": ".x.ai"}
"""Vendors whose answers state what each costs, in USD (`router.wire.usage.terms`), and where they are."""


def _unsaid_to(upstream: AnyUpstream) -> frozenset[Capability]:
    """What the API of an upstream cannot express, whatever its models could do."""
    match upstream:
        case AnthropicUpstreamSection() | OpenAIUpstreamSection(dialect="responses"):
            return _UNSAID_BESIDE_CHAT
        case _:
            return frozenset()


def _spoken_by(upstream: AnyUpstream) -> frozenset[Capability]:
    """The API in which an upstream is asked, if that is not chat."""
    match upstream:
        case AnthropicUpstreamSection():
            return frozenset({Capability.MESSAGES_API})
        case OpenAIUpstreamSection(dialect="responses"):
            return frozenset({Capability.RESPONSES_API})
        case _:
            return frozenset()


_UNSAID_BESIDE_CHAT = frozenset({Capability.AUDIO, Capability.LOGPROBS, Capability.MANY_CHOICES})


def _price_to_add(section: ModelSection, prices: PriceMap, sought: Iterable[str]) -> str:
    add = "add 'price: {input_usd_per_mtok: ..., output_usd_per_mtok: ...}'"
    if section.catalog is None:
        hint = _like_any(sought, prices)
        return f"its price is not known{hint}; {add}, or 'catalog: <key of litellm's price map>'"
    hint = nearest(section.catalog, prices.keys) if section.catalog not in prices.keys else ""
    return f"the price map has no price for '{section.catalog}'{hint}; {add}"


def _like_any(sought: Iterable[str], prices: PriceMap) -> str:
    """`; did you mean 'x'?` with the name in the price map that is most similar to one of `sought`; else ""."""
    pairs = [
        (SequenceMatcher(None, key, close).ratio(), key, close)
        for key in sought
        for close in get_close_matches(key, prices.keys, n=1, cutoff=0.8)
    ]
    if not pairs:
        return ""
    _, key, close = max(pairs)
    provider = f"{key.rpartition('/')[0]}/"
    return f"; did you mean '{close.removeprefix(provider)}'?"


def _vectors_price_to_add(section: ModelSection, prices: PriceMap) -> str:
    add = "add 'price: {input_usd_per_mtok: ..., output_usd_per_mtok: 0}'"
    if section.catalog is not None and section.catalog in prices.keys:
        return f"'{section.catalog}' is not an embedding model of the price map; {add}"
    return f"its price is not known; {add}, or 'catalog: <key of litellm's price map>'"


def _with_stated(model: Model, section: ModelSection) -> Model:
    """`model` with everything that the operator states about it."""
    stated: dict[str, object] = {"tags": model.tags | set(section.tags)}
    limits = section.limits
    stated["limits"] = Limits(
        limits.in_flight, limits.requests_per_minute, limits.tokens_per_minute
    )
    stated["price_changes"] = price_changes(section)
    if section.price is not None:
        stated["price"] = stated_price(section.price)
    if section.context_tokens is not None:
        stated["context_tokens"] = section.context_tokens
    if section.max_output_tokens is not None:
        stated["max_output_tokens"] = section.max_output_tokens
    if section.capabilities is not None:
        stated["capabilities"] = frozenset(section.capabilities)
    own = {c: Ability(p, _STATED_SD, "config") for c, p in section.abilities.items()}
    return replace(model, abilities={**model.abilities, **own}, **stated)  # type: ignore[arg-type]


def _simulated(model_id: str, name: str, upstream: str) -> Model:
    known = _simulated_models()
    if name not in known:
        raise Missing(f"there is no simulated model '{name}'{nearest(name, known)}")
    return _as_model(model_id, known[name], upstream)


def _simulated_models() -> Mapping[str, SimulatedModel]:
    return {model.id: model for model in default_models()}


_SIMULATED_TAGS = {
    "sim-mid": {"eu"},
    "sim-open-70b": {"open-weight", "eu", "zero-retention"},
    "sim-open-8b": {"open-weight", "eu", "zero-retention"},
}
"""Typical tags of real models of these kinds, so that policies can be tried on them."""


def _as_model(model_id: str, simulated: "SimulatedModel", upstream: str) -> Model:
    abilities = {
        category: Ability(simulated.quality_for(category), _STATED_SD, "simulated")
        for category in Category
    }
    return Model(
        id=model_id,
        upstream=upstream,
        name=simulated.id,
        price=simulated.price,
        context_tokens=simulated.context_tokens,
        max_output_tokens=simulated.max_output_tokens,
        abilities=abilities,
        capabilities=frozenset(Capability) - APIS,
        tags=frozenset({"simulated"} | _SIMULATED_TAGS.get(simulated.id, set())),
    )
