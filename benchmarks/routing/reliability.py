"""Whether P(good answer) means what it says: forecasts against outcomes, in tenths, as a picture."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import numpy as np

from router.domain.arrays import Floats

TENTHS = 10
_SIDE, _GAP, _TOP, _LEFT = 150, 34, 26, 30
_COLOURS = ("#888", "#3b82c4")
"""Of axes and words, and of dots: both can be read on white and on black."""
_LEAST_SHARE = 0.002
_LARGEST_RADIUS = 7.0


@dataclass(frozen=True, slots=True)
class Tenth:
    """Forecasts between two tenths: their mean, the mean outcome, and their share of all."""

    foreseen: float
    came: float
    share: float


def tenths(predicted: Floats, scores: Floats) -> Iterator[Tenth]:
    """The tenths that have forecasts."""
    p, came = predicted.ravel(), scores.ravel()
    places = np.minimum((p * TENTHS).astype(np.int64), TENTHS - 1)
    for place in np.unique(places):
        here = places == place
        yield Tenth(float(p[here].mean()), float(came[here].mean()), float(here.mean()))


def drawn(panels: Mapping[str, tuple[Tenth, ...]]) -> str:
    """An SVG with a square for each panel: predicted on the x axis, observed on the y axis, dots sized by number."""
    width, height = _LEFT + len(panels) * (_SIDE + _GAP), _TOP + _SIDE + 30
    squares = "".join(
        _square(place, name, dots) for place, (name, dots) in enumerate(panels.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' font-family="sans-serif" font-size="11" fill="{_COLOURS[0]}">{squares}</svg>\n'
    )


def _square(place: int, name: str, dots: tuple[Tenth, ...]) -> str:
    left, bottom = _LEFT + place * (_SIDE + _GAP), _TOP + _SIDE
    circles = "".join(
        f'<circle cx="{left + _SIDE * each.foreseen:.1f}" cy="{bottom - _SIDE * each.came:.1f}"'
        f' r="{max(1.5, _LARGEST_RADIUS * each.share**0.5 * 1.5):.1f}" fill="{_COLOURS[1]}"/>'
        for each in dots
        if each.share >= _LEAST_SHARE
    )
    return (
        f'<text x="{left}" y="{_TOP - 10}">{escape(name)}</text>'
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{_COLOURS[0]}"/>'
        f'<line x1="{left}" y1="{bottom}" x2="{left + _SIDE}" y2="{_TOP}" stroke="{_COLOURS[0]}"'
        f' stroke-dasharray="3 3"/>{circles}'
        f'<text x="{left}" y="{bottom + 14}">0</text>'
        f'<text x="{left + _SIDE}" y="{bottom + 14}" text-anchor="end">foreseen 1</text>'
    )
