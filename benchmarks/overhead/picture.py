"""The findings as a picture: a row for each contestant, a panel for each cost, on logarithmic axes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.overhead.asked import AGENT, SMALL
from benchmarks.overhead.findings import DIRECT, Findings
from benchmarks.overhead.turn import LIFE, MANY_STREAMS

_NAMES, _WIDTH, _GAP, _ROW, _TOP = 120, 150, 24, 20, 40
_GREY, _OTHERS, _OURS = "#888", "#3b82c4", "#d9822b"
"""Of words and axes, of dots: all can be read on white and on black."""
_LABEL = 42


@dataclass(frozen=True, slots=True)
class Panel:
    """A title, and a positive number for each contestant that has one."""

    title: str
    values: Mapping[str, float]

    def place(self, value: float) -> float:
        """How far to the right a number is: 0 for the smallest of them, 1 for the largest."""
        low, high = math.log(min(self.values.values())), math.log(max(self.values.values()))
        return (math.log(value) - low) / (high - low) if high > low else 0.0


def panels_of(findings: Findings) -> Sequence[Panel]:
    """What is drawn of the findings."""
    shown = (
        (f"CPU a request of {SMALL.name}, µs", SMALL.name, "cpu_us"),
        (f"of {AGENT.name}, µs", AGENT.name, "cpu_us"),
        ("CPU a streamed event, µs", MANY_STREAMS, "cpu_us"),
        ("memory after the load, MB", LIFE, "loaded_mb"),
    )
    names = [name for name in findings.contestants() if name != DIRECT]
    return [
        Panel(title, dict(_known(findings, names, measure, unit))) for title, measure, unit in shown
    ]


def _known(
    findings: Findings, names: Sequence[str], measure: str, unit: str
) -> Iterator[tuple[str, float]]:
    for name in names:
        value = findings.median(name, measure, unit)
        if value > 0:  # which is false for NaN, too
            yield name, value


def drawn(panels: Sequence[Panel]) -> str:
    """An SVG; Farthing's dots have a different colour."""
    panels = [panel for panel in panels if panel.values]
    names = list(dict.fromkeys(name for panel in panels for name in panel.values))
    width = _NAMES + len(panels) * (_WIDTH + _GAP)
    height = _TOP + len(names) * _ROW
    rows = "".join(
        f'<text x="0" y="{_middle(row) + 4}">{escape(name)}</text>'
        f'<line x1="{_NAMES}" y1="{_middle(row)}" x2="{width}" y2="{_middle(row)}"'
        f' stroke="{_GREY}" stroke-opacity="0.2"/>'
        for row, name in enumerate(names)
    )
    body = "".join(_panel(at, panel, names) for at, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' font-family="sans-serif" font-size="11" fill="{_GREY}">{rows}{body}</svg>\n'
    )


def _middle(row: int) -> int:
    return _TOP + row * _ROW + _ROW // 2


def _panel(at: int, panel: Panel, names: Sequence[str]) -> str:
    left = _NAMES + at * (_WIDTH + _GAP)
    dots = "".join(
        _dot(left + 6 + panel.place(panel.values[name]) * (_WIDTH - _LABEL - 6), row, name, panel)
        for row, name in enumerate(names)
        if name in panel.values
    )
    return f'<text x="{left}" y="{_TOP - 16}">{escape(panel.title)}</text>{dots}'


def _dot(x: float, row: int, name: str, panel: Panel) -> str:
    colour = _OURS if name.startswith("farthing") else _OTHERS
    value = panel.values[name]
    told = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    y = _middle(row)
    return (
        f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{colour}"/>'
        f'<text x="{x + 8:.1f}" y="{y + 4}">{told}</text>'
    )
