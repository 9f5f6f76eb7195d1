"""Which upstreams take part, with their secrets looked up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from router.config.prices.price_map import litellm_providers
from router.config.references import References, Unresolved
from router.config.schema import (
    AnthropicUpstreamSection,
    AnyUpstream,
    LitellmUpstreamSection,
    OpenAIUpstreamSection,
    SimulatedUpstreamSection,
)
from router.config.settings import LitellmSettings, SimulatedSettings, UpstreamSettings
from router.config.yaml_file import Place, YamlFile
from router.domain.errors import Problem
from router.domain.members import replace
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.wire.dialects.dialect import Dialect

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""Where other programs look for the address of a proxy that leads outside."""


@dataclass(slots=True)
class UpstreamSelection:
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
    selection.notes.extend(_not_through_proxy(selection.chosen, references.environ))
    return selection


def _not_through_proxy(
    chosen: Mapping[str, UpstreamSettings], environ: Mapping[str, str]
) -> Iterator[str]:
    """A note for each upstream that is called past the proxy which the environment names; litellm's are not."""
    named = next((name for name in _PROXIES if environ.get(name)), None)
    for name, each in chosen.items() if named else ():
        if isinstance(each, Endpoint | AnthropicEndpoint) and each.base_url.startswith("https:"):
            yield f"upstream {name}: called directly, not through {named}"


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


def _settings(section: AnyUpstream, references: References) -> UpstreamSettings:
    match section:
        case OpenAIUpstreamSection():
            return Endpoint(
                base_url=references.resolve(section.base_url),
                api_key=references.resolve(section.api_key or ""),
                headers={k: references.resolve(v) for k, v in section.headers.items()},
                asks_usage=section.asks_usage,
                dialect=Dialect(section.dialect),
            )
        case AnthropicUpstreamSection():
            return AnthropicEndpoint(
                base_url=references.resolve(section.base_url),
                api_key=references.resolve(section.api_key or ""),
                headers={k: references.resolve(v) for k, v in section.headers.items()},
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
