"""The finished SVG, made ready for a page: who is who, and colours that follow the theme."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Final

from .labels import clean
from .model import Diagram
from .steps import called
from .style import DARK, INK
from .svg import to_svg

__all__ = ["inlined", "variable"]

SVG: Final = "http://www.w3.org/2000/svg"
TAG: Final = f"{{{SVG}}}"


def variable(colour: str) -> str:
    """Return the name of the CSS variable that holds a colour.

    >>> variable("#0072b2")
    '--c-0072b2'
    """
    return f"--c-{colour.removeprefix('#')}"


def inlined(diagram: Diagram) -> str:
    """Return the SVG with `data-vertex` and `data-edge` on its groups, to be put into a page."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ET.fromstring(to_svg(diagram))
    names = called(diagram)
    order = {vertex.key: index for index, vertex in enumerate(diagram.vertices)}
    kinds = {vertex.key: vertex.kind for vertex in diagram.vertices}
    for group in root.iter(f"{TAG}g"):
        title = group.find(f"{TAG}title")
        name, key = group.attrib.pop("id", ""), "" if title is None else title.text or ""
        if title is not None:  # a tooltip with our key would tell nothing
            group.remove(title)
        if group.get("class") == "node":
            group.set("data-vertex", str(order[key]))
            group.set("tabindex", "0")
            group.set("role", "button")
            group.set("aria-label", f"{kinds[key]} {clean(names[key])}")
        elif group.get("class") == "edge":
            group.set("data-edge", str(int(name.removeprefix("edge")) - 1))
    for element in root.iter():
        _themed(element)
    for measure in ("width", "height"):
        root.attrib.pop(measure, None)
    root.set("id", "picture")
    return ET.tostring(root, encoding="unicode")


def _themed(element: ET.Element) -> None:
    style = []
    for name in ("fill", "stroke"):
        colour = element.get(name)
        if colour in DARK:
            style.append(f"{name}:var({variable(colour)})")
            del element.attrib[name]
            if colour == INK["gradient"]:
                element.set("class", "gradient")
    if element.tag in (f"{TAG}text", f"{TAG}tspan") and not style and "fill" not in element.attrib:
        style = [] if element.tag == f"{TAG}tspan" else [f"fill:var({variable('black')})"]
    if style:
        element.set("style", ";".join(style))
