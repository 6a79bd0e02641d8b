"""Draw the README's pictures: the graph that its first program records, and XNOR.

Run it with `python docs/make_pictures.py [folder, docs by default]`.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

import autograd_mini as ag

DOCS = Path(__file__).parent

readme = (DOCS.parent / "README.md").read_text("utf-8")
program = re.search(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
names = {}
with contextlib.redirect_stdout(io.StringIO()):
    exec(program[1], names)  # noqa: S102 - our own README
names["z"].name, names["J"].name = "z", "J"
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
ag.draw(names["J"]).save(folder / "graph.svg")
ag.draw(ag.nn.gates.from_expression("(a and b) or not (a or b)")).save(folder / "xnor.svg")
