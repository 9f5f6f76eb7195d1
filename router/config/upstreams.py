"""Which upstreams take part, with their secrets looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.config.references import References, Unresolved
from router.config.schema import (
    AnthropicUpstreamSection,
    AnyUpstream,
    LitellmUpstreamSection,
    OpenAIUpstreamSection,
    SimulatedUpstreamSection,
)
from router.config.settings import LitellmSettings, SimulatedSettings, UpstreamSettings
from router.config.yaml_file import YamlFile
from router.domain.errors import Problem
from router.domain.members import replace
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.wire.dialects.dialect import Dialect


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
    return selection


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
