"""Light and dark: the same picture, every colour replaced by its counterpart in style.py."""

from __future__ import annotations

import re
from typing import Final

from .model import Theme
from .style import DARK

__all__ = ["themed_dot", "themed_svg"]

COLOUR: Final = re.compile(r'="(#[0-9a-f]{6}|white|black)"')
"""As the value of an attribute: within a text every quote is escaped."""


def themed_dot(dot: str, theme: Theme) -> str:
    """Return DOT in a theme's colours; "auto" is light, since DOT can not ask its reader.

    >>> themed_dot('color="#0072b2"', "dark")
    'color="#56b4e9"'
    """
    return COLOUR.sub(_dark, dot) if theme == "dark" else dot


def themed_svg(svg: str, theme: Theme) -> str:
    """Return an SVG that was drawn light in a theme; "auto" asks its reader by a media query.

    >>> themed_svg('<svg><rect fill="white"/></svg>', "dark")
    '<svg><rect fill="#14181d"/></svg>'
    """
    if theme == "light":
        return svg
    if theme == "dark":
        return COLOUR.sub(_dark, svg).replace("<svg ", '<svg fill="#eef2f6" ', 1)
    used = set(COLOUR.findall(svg))
    rules = [
        f'[{name}="{light}"]{{{name}:{dark}}}'
        for light, dark in DARK.items()
        for name in ("fill", "stroke")
        if light in used
    ]
    rules.append(f"text:not([fill]){{fill:{DARK['black']}}}")
    style = f"<style>@media (prefers-color-scheme:dark){{{''.join(rules)}}}</style>"
    end = svg.index(">") + 1
    return svg[:end] + "\n" + style + svg[end:]


def _dark(match: re.Match[str]) -> str:
    return f'="{DARK.get(match[1], match[1])}"'
