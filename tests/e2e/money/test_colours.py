"""The colours of the pages, by the contrast that WCAG 2.2 asks for at level AA."""

import re
from importlib.resources import files

import pytest

_STYLE = files("router").joinpath("page", "page.css").read_text("utf-8")
_NAMED = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
TEXT = {
    "card": ("ink", "quiet", "good", "bad", "accent"),
    "page": ("ink", "quiet", "accent"),
    "bad-page": ("bad",),
    "warn-page": ("warn-ink",),
    "ink": ("page",),
}
PICTURES = ("spend", "baseline", "saved", "wasted", "other", *(f"c{n}" for n in range(8)))


def palettes() -> dict[str, dict[str, str]]:
    light, dark = (
        dict(_NAMED.findall(each)) for each in re.findall(r":root {([^}]*--page[^}]*)}", _STYLE)
    )
    return {"light": light, "dark": {**light, **dark}}


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    colours = palettes()[scheme]
    pairs = [(ink, ground) for ground, inks in TEXT.items() for ink in inks]
    faint = [pair for pair in pairs if contrast(*(colours[name] for name in pair)) < 4.5]
    assert faint == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out_from_its_card(scheme: str) -> None:
    colours = palettes()[scheme]
    faint = [name for name in PICTURES if contrast(colours[name], colours["card"]) < 3]
    assert faint == []
