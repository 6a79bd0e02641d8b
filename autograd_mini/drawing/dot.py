r"""A `Diagram` as DOT, Graphviz's language: the same diagram, the same bytes.

Texts are HTML-like labels. Two readers see them, so two escapes are due: XML's own, and `\N`, `\G`
and the like, which Graphviz expands there too (even behind a character reference).
"""

from __future__ import annotations

from html import escape

from .labels import SIZES, Line, clean, label_size, lines
from .model import Diagram, Edge, Scope, Vertex, nested
from .style import INK, STYLES, outline, stroke

__all__ = ["to_dot"]

HEADER = """\
digraph "autograd_mini" {{
  graph [rankdir={rankdir} bgcolor="white" fontname="Helvetica" fontsize=10 fontcolor="{note}"
         nodesep=0.25 ranksep={ranksep} pad=0.15 labelloc="b" labeljust="l"{label}];
  node [fontname="Helvetica" fontsize=12 margin="0.11,0.06"];
  edge [fontname="Helvetica" fontsize=9 fontcolor="{ink}" color="{ink}" arrowsize=0.6];
"""


def to_dot(diagram: Diagram) -> str:
    r"""Return the DOT program of a diagram.

    >>> from autograd_mini.drawing.model import Vertex
    >>> text = to_dot(Diagram((Vertex("n0", "value", 'a "b" <c> \\N'),), ()))
    >>> "a &quot;b&quot; &lt;c&gt; \\\\N" in text
    True
    """
    across = diagram.direction == "right"
    caption = f" label=<{_text(clean(diagram.caption, 200))}>" if diagram.caption else ""
    parts = [
        HEADER.format(
            rankdir="LR" if across else "TB",
            ranksep=1.1 if across else 0.28,
            label=caption,
            note=INK["note"],
            ink=INK["edge"],
        )
    ]
    scopes = 0
    for step, path, vertex in nested(diagram):
        indent = "  " * (len(path) + 1)
        if step == "vertex":
            parts.append(f"{indent}{_vertex(vertex)}\n")
        elif step == "open":
            parts.append(_opening(scopes, path))
            scopes += 1
        else:
            parts.append("  " * len(path) + "}\n")
    parts += [f"  {_edge(edge, across)}\n" for edge in diagram.edges]
    return "".join(parts) + "}\n"


def _text(text: str) -> str:
    return escape(text).replace("\\", "\\\\")


def _opening(index: int, path: Scope) -> str:
    indent = "  " * len(path)
    return (
        f'{indent}subgraph "cluster_{index}" {{\n'
        f'{indent}  graph [style="rounded,filled" color="{INK["scope"]}" labelloc="t"\n'
        f'{indent}         fillcolor="{INK["scope fill"]}" label=<{_text(clean(path[-1]))}>];\n'
    )


def _vertex(vertex: Vertex) -> str:
    style = STYLES[vertex.kind]
    width = label_size(vertex)[0]
    drawn = ["filled"] + ["rounded"] * (style.shape == "box") + ["dashed"] * style.dashed
    settings = [f"shape={style.shape}", f'fontcolor="{style.text}"']
    if style.shape != "plain":
        settings += [f'style="{",".join(drawn)}" fillcolor="{style.fill}" color="{style.border}"']
        settings += [f"penwidth={style.thick:g}"]
    if style.shape in ("ellipse", "circle"):
        settings += [f"width={outline(vertex)[0] / 72:.3f} margin=0.02"]
    return f'"{vertex.key}" [{" ".join(settings)} label={_label(vertex, width)}];'


def _label(vertex: Vertex, width: float) -> str:
    """Return the label: centred lines in round shapes, elsewhere a cell with room for any font."""
    written = lines(vertex)
    if STYLES[vertex.kind].shape in ("ellipse", "circle"):
        return f"<{'<BR/>'.join(map(_line, written)) or ' '}>"
    text = "".join(f'{_line(line)}<BR ALIGN="LEFT"/>' for line in written) or " "
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>'
        f'<TD ALIGN="LEFT" BALIGN="LEFT" WIDTH="{width:.0f}">{text}</TD></TR></TABLE>>'
    )


def _line(line: Line) -> str:
    text = _text(line.text) or " "
    size = f'POINT-SIZE="{SIZES[line.role]:g}"'
    if line.role == "title":
        return f"<B>{text}</B>"
    if line.role == "note":
        return f'<FONT {size} COLOR="{INK["note"]}">{text}</FONT>'
    colour = f' COLOR="{INK["gradient"]}"' if line.role == "gradient" else ""
    return f'<FONT FACE="Courier" {size}{colour}>{text}</FONT>'


def _edge(edge: Edge, across: bool) -> str:
    colour, width, dashed = stroke(edge.strength)
    settings = []
    if edge.label:
        where = "label" if across else "headlabel"
        settings.append(f"{where}=<{_text(clean(edge.label))}> labeldistance=1.6")
    if edge.strength is not None:
        settings.append(f'color="{colour}" fontcolor="{colour}" penwidth={width:.2f}')
        settings.append("fontsize=12" + ' style="dashed"' * dashed)
    written = f" [{' '.join(settings)}]" if settings else ""
    return f'"{edge.source}" -> "{edge.target}"{written};'
