r"""A `Diagram` as DOT, Graphviz's language: the same diagram, the same bytes.

A recorded graph is left to Graphviz to lay out. A network is not (its crossings would be minimised
by shuffling the units): its DOT carries the places of our own layout.

Texts are HTML-like labels where they can be. Two readers see them, so two escapes are due: XML's
own, and `\N`, `\G` and the like, which Graphviz expands there too, even behind a reference.
"""

from __future__ import annotations

from html import escape
from math import hypot

from .arrows import prepared
from .labels import SIZES, Line, clean, label_size, lines, plain_width
from .layered import LABEL_SIZE, Box, Plan, Route, plan
from .legend import dot_legend, legend_size
from .model import Diagram, Edge, Mark, Scope, Vertex, nested
from .scenery import dot_ring, dot_scenery
from .style import INK, STYLES, arrow, ink, looks, outline, stroke
from .themes import themed_dot
from .tiles import dot_tiles

__all__ = ["to_dot"]

HEADER = """\
digraph "autograd_mini" {{
  graph [{layout} bgcolor="white" fontname="Helvetica" fontsize=10
         fontcolor="{note}" pad=0.15 labelloc="b" labeljust="l"{label}];
  node [fontname="Helvetica" fontsize=12 margin="0.11,0.06"];
  edge [fontname="Helvetica" fontsize=9 fontcolor="{ink}" color="{ink}" arrowsize=0.6];
"""
LAID_OUT = 'layout="nop2" outputorder="edgesfirst"'
TO_LAY_OUT = "rankdir=TB nodesep=0.25 ranksep=0.28"


def to_dot(diagram: Diagram, with_rooms: bool = False) -> str:
    r"""Return the DOT program of a diagram, with tiles or with rooms where they will be put.

    >>> from autograd_mini.drawing.model import Vertex
    >>> text = to_dot(Diagram((Vertex("n0", "value", 'a "b" <c> \\N'),), ()))
    >>> "a &quot;b&quot; &lt;c&gt; \\\\N" in text
    True
    """
    diagram = prepared(diagram)
    rooms = {v.key: k for k, v in enumerate(diagram.vertices)} if with_rooms else {}
    laid = plan(diagram) if diagram.direction == "right" else None
    told, legend = clean(diagram.caption, 200), legend_size(diagram)
    wide = max(plain_width(told, 10), diagram.room, legend[0])
    below = dot_legend(diagram, wide)
    caption = f" label={_cell(_text(told) or ' ', wide, below=below)}" if told or below else ""
    layout = LAID_OUT if laid else TO_LAY_OUT
    parts = [HEADER.format(layout=layout, label=caption, note=INK["note"], ink=INK["edge"])]
    parts += [f"  {statement}\n" for statement in dot_scenery(diagram.scenery)]
    parts += [f"  {told}\n" for vertex in diagram.vertices for told in dot_ring(vertex)]
    scopes = 0
    for step, path, vertex in nested(diagram):
        indent = "  " * (len(path) + 1)
        if step == "vertex":
            parts.append(f"{indent}{_vertex(vertex, laid, rooms.get(vertex.key))}\n")
        elif step == "open":
            parts.append(_opening(scopes, path, laid))
            scopes += 1
        else:
            parts.append("  " * len(path) + "}\n")
    if laid:
        parts += [f"  {_connection(*at)}\n" for at in zip(laid.routes, laid.labels(), strict=True)]
    else:
        parts += [f"  {_edge(edge)}\n" for edge in diagram.edges]
    return themed_dot("".join(parts) + "}\n", diagram.theme)


def _text(text: str) -> str:
    return escape(text).replace("\\", "\\\\")


def _opening(index: int, path: Scope, laid: Plan | None) -> str:
    indent = "  " * len(path)
    frame = laid.frames.get(path) if laid else None
    return (
        f'{indent}subgraph "cluster_{index}" {{\n'
        f'{indent}  graph [style="rounded,filled" color="{INK["scope"]}" labelloc="t"\n'
        f'{indent}         fillcolor="{INK["scope fill"]}" label={_name(clean(path[-1]))}'
        f"{_framed(frame) if frame else ''}];\n"
    )


def _framed(frame: Box) -> str:
    left, top, right, bottom = frame
    at = f"{(left + right) / 2:.1f},{-top - 9:.1f}"
    return f' bb="{left:.1f},{-bottom:.1f},{right:.1f},{-top:.1f}" lp="{at}"'


def _vertex(vertex: Vertex, laid: Plan | None, room: int | None) -> str:
    style = looks(vertex)
    wide, high = outline(vertex)
    drawn = ["filled"] + ["rounded"] * (style.shape == "box") + ["dashed"] * style.dashed
    settings = [f"shape={style.shape}", f'fontcolor="{style.text}"']
    if style.shape != "plain":
        settings += [f'style="{",".join(drawn)}" fillcolor="{style.fill}" color="{style.border}"']
        settings += [f"penwidth={style.thick:g}"]
    if style.shape in ("ellipse", "circle"):
        settings += [f"width={wide / 72:.3f} margin=0.02"]
    if laid:
        left, top, right, bottom = laid.boxes[vertex.key]
        settings += [f'pos="{(left + right) / 2:.1f},{-(top + bottom) / 2:.1f}"']
        if style.shape != "plain":
            settings += [f"width={wide / 72:.3f}"] * (style.shape == "box")
            settings += [f"height={high / 72:.3f} fixedsize=true"]
    return f'"{vertex.key}" [{" ".join(settings)} label={_label(vertex, room)}];'


def _label(vertex: Vertex, room: int | None) -> str:
    """Return a plain label for a round shape (only those stay centred in any font), or a cell."""
    written = lines(vertex)
    if STYLES[vertex.kind].shape in ("ellipse", "circle"):
        return '"' + "\\n".join(_text(line.text) for line in written) + '"'
    told = [f'{_line(line, vertex.mark)}<BR ALIGN="LEFT"/>' for line in written if not line.heats]
    wide = label_size(vertex)[0]
    tiles = "".join(dot_tiles(line, wide, room) for line in written if line.heats)
    return _cell("".join(told) or " ", wide, below=f"<TR>{tiles}</TR>" if tiles else "")


def _cell(text: str, width: float, looks: str = "", below: str = "") -> str:
    """Return a label with room for its text in wider fonts than those it is measured with.

    Below it may stand rows of two cells.
    """
    span = ' COLSPAN="2"' if below else ""
    return (
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{looks}><TR>'
        f'<TD ALIGN="LEFT" BALIGN="LEFT" WIDTH="{width:.0f}"{span}>{text}</TD></TR>{below}</TABLE>>'
    )


def _name(text: str) -> str:
    return _cell(_text(text), plain_width(text, 10))


def _line(line: Line, mark: Mark) -> str:
    text = _text(line.text) or " " * (not line.gradient)
    size = f'POINT-SIZE="{SIZES[line.role]:g}"'
    if line.role == "title":
        return f"<B>{text}</B>"
    if line.role == "note":
        return f'<FONT {size} COLOR="{ink("note", mark)}">{text}</FONT>'
    gradient = f'<FONT COLOR="{ink("gradient", mark)}">{_text(line.gradient)}</FONT>'
    return f'<FONT FACE="Courier" {size}>{text}{gradient if line.gradient else ""}</FONT>'


def _edge(edge: Edge) -> str:
    settings = []
    if edge.derivative:  # which Graphviz keeps room for
        settings.append(
            f'label=<&#160;{_text(clean(edge.derivative))}> fontcolor="{arrow(edge)[0]}"'
        )
    elif edge.label:
        settings.append(f"headlabel=<{_text(clean(edge.label))}> labeldistance=1.6")
    if edge.mark or edge.way != "forward":
        colour, width = arrow(edge)
        settings.append(f'color="{colour}" penwidth={width:g}')
    if edge.way != "forward":
        settings.append(f'dir={"back" if edge.way == "back" else "none"} style="dashed"')
    told = f" [{' '.join(settings)}]" if settings else ""
    return f'"{edge.source}" -> "{edge.target}"{told};'


def _connection(route: Route, at: tuple[float, float]) -> str:
    """Return a network's connection: straight, coloured by its sign, its weight upon it."""
    (x, y), (u, v) = route.straight()
    colour, width, dashed = stroke(route.edge.strength)
    far = hypot(u - x, v - y)
    end_x, end_y = u - 6 * (u - x) / far, v - 6 * (v - y) / far  # the arrowhead begins there
    thirds = [(x + (end_x - x) * t / 3, y + (end_y - y) * t / 3) for t in range(4)]
    curve = " ".join(f"{a:.1f},{-b:.1f}" for a, b in thirds)
    settings = [f'pos="e,{u:.1f},{-v:.1f} {curve}" color="{colour}" penwidth={width:.2f}']
    settings += ['style="dashed"'] * dashed
    if route.edge.label:
        text = _text(clean(route.edge.label))
        label = _cell(f'<FONT POINT-SIZE="{LABEL_SIZE:g}">{text}</FONT>', 0, ' BGCOLOR="white"')
        settings.append(f'label={label} fontcolor="{colour}" lp="{at[0]:.1f},{-at[1]:.1f}"')
    return f'"{route.edge.source}" -> "{route.edge.target}" [{" ".join(settings)}];'
