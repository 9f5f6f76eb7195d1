"""Which upstreams take part, with their secrets looked up."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from msgspec import Struct, field

from router.config.prices.price_map import litellm_providers
from router.config.proxies import NONE, UnusableProxy, proxy_of, variable_for
from router.config.references import References, Unresolved
from router.config.schema import (
    AnthropicUpstreamSection,
    AnyUpstream,
    LitellmUpstreamSection,
    OpenAIUpstreamSection,
    SimulatedUpstreamSection,
)
from router.config.sendable import unsendable
from router.config.settings import LitellmSettings, SimulatedSettings, UpstreamSettings
from router.config.yaml_file import Place, YamlFile
from router.domain.errors import Problem
from router.domain.members import replace
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.wire.dialects.dialect import Dialect


class UpstreamSelection(Struct):
    """The upstreams that take part, and why the others do not."""

    chosen: dict[str, UpstreamSettings] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def select_upstreams(
    sections: Mapping[str, AnyUpstream], references: References, file: YamlFile
) -> UpstreamSelection:
    """Resolve the secrets of all upstreams; those that are `enabled: alone` take part only if no other does."""
    selection = UpstreamSelection()
    last_resort = {name: s for name, s in sections.items() if s.enabled == "alone"}
    for name, section in sections.items():
        if name not in last_resort:
            _consider(name, section, references, file, selection)
    for name, section in last_resort.items():
        if selection.chosen:
            selection.notes.append(f"upstream {name}: left out, since there are others")
        else:
            _consider(name, section, references, file, selection)
    selection.notes.extend(_through_proxies(selection.chosen, sections, references.environ))
    return selection


def _through_proxies(
    chosen: Mapping[str, UpstreamSettings],
    sections: Mapping[str, AnyUpstream],
    environ: Mapping[str, str],
) -> Iterator[str]:
    """A note for each upstream that is called through a proxy, and who has named it."""
    for name, each in chosen.items():
        if isinstance(each, Endpoint | AnthropicEndpoint) and each.proxy:
            is_stated = getattr(sections[name], "proxy", None) is not None
            named_by = "its 'proxy'" if is_stated else variable_for(each.base_url, environ)
            yield f"upstream {name}: called through the proxy {each.proxy.url}, by {named_by}"


def unknown_providers(sections: Mapping[str, AnyUpstream]) -> Iterator[tuple[Place, str]]:
    """Each place that names a provider for which litellm has no code, and what is wrong: no call would ever succeed."""
    named = {n: s.provider for n, s in sections.items() if isinstance(s, LitellmUpstreamSection)}
    known = litellm_providers() if named else frozenset()
    for name, provider in named.items():
        if known and provider not in known:
            close = get_close_matches(provider, known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            yield ("upstreams", name, "provider"), f"litellm has no provider '{provider}'{hint}"


def _consider(
    name: str,
    section: AnyUpstream,
    references: References,
    file: YamlFile,
    selection: UpstreamSelection,
) -> None:
    try:
        selection.chosen[name] = _settings(section, references.needed)
    except Unresolved as missing:
        if section.enabled == "with-key":
            selection.notes.append(f"upstream {name}: left out, {missing}")
            return
        if not references.spared:
            selection.problems.append(file.problem(("upstreams", name), str(missing)))
        # It takes part all the same, so that whatever refers to it is not reported as wrong as well.
        selection.chosen[name] = _settings(section, replace(references, spared=True))
    except UnusableProxy as wrong:
        if not references.spared:
            selection.problems.append(file.problem(("upstreams", name, *wrong.at), str(wrong)))
        direct = section.model_copy(update={"proxy": NONE})
        selection.chosen[name] = _settings(direct, references.needed)
    else:
        selection.problems.extend(
            file.problem(("upstreams", name, *at), why)
            for at, why in unsendable(selection.chosen[name])
        )


def _settings(section: AnyUpstream, references: References) -> UpstreamSettings:
    match section:
        case OpenAIUpstreamSection():
            base_url = references.resolve(section.base_url)
            return Endpoint(
                base_url=base_url,
                api_key=references.resolve(section.api_key or ""),
                headers={k: references.resolve(v) for k, v in section.headers.items()},
                asks_usage=section.asks_usage,
                dialect=Dialect(section.dialect),
                proxy=proxy_of(base_url, section.proxy, references),
            )
        case AnthropicUpstreamSection():
            base_url = references.resolve(section.base_url)
            return AnthropicEndpoint(
                base_url=base_url,
                api_key=references.resolve(section.api_key or ""),
                headers={k: references.resolve(v) for k, v in section.headers.items()},
                proxy=proxy_of(base_url, section.proxy, references),
            )
        case LitellmUpstreamSection():
            return LitellmSettings(
                provider=section.provider,
                api_key=references.resolve(section.api_key or ""),
                base_url=references.resolve(section.base_url or ""),
                options={k: references.resolve(v) for k, v in section.options.items()},
            )
        case SimulatedUpstreamSection():
            return SimulatedSettings(section.speed, section.seed)
