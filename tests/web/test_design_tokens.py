"""Every text is legible on every surface it may lie on, in both themes (WCAG 2.2 AA)."""

import math
import re

import pytest

from helpdesk.web.assets import source_root

TOKENS = (source_root() / "helpdesk/web/static/tokens.css").read_text()
PAIR = re.compile(
    r"--([\w-]+): light-dark\(oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\), oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)\)"
)
COLOURS = {found[0]: (found[1:4], found[4:7]) for found in PAIR.findall(TOKENS)}
SURFACES = ["bg", "surface", "surface-2"]
SOFT = ["accent-soft", "danger-soft", "warn-soft", "ok-soft", "note-soft"]
TEXTS = [(text, below) for text in ("text", "text-muted") for below in SURFACES + SOFT]
SIGNALS = [
    (name, below) for name in ("accent", "danger", "warn", "ok") for below in [*SURFACES, f"{name}-soft"]
]
BUTTONS = [("accent-contrast", below) for below in ("accent", "accent-strong", "danger")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "below"), TEXTS + SIGNALS + BUTTONS)
def test_text_stands_out(text, below, theme):
    assert contrast(COLOURS[text][theme], COLOURS[below][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("below", SURFACES)
def test_the_edge_of_a_field_can_be_seen(below, theme):
    assert contrast(COLOURS["line-strong"][theme], COLOURS[below][theme]) >= 3


def contrast(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(oklch: tuple[str, ...]) -> float:
    """Björn Ottosson's OKLab to linear sRGB, then the weights of WCAG."""
    lightness, chroma, hue = float(oklch[0]) / 100, float(oklch[1]), math.radians(float(oklch[2]))
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return sum(
        weight * min(1, max(0, part))
        for weight, part in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    )
