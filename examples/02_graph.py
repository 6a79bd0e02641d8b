"""2. The graph: what was recorded, and backpropagation over it in ten lines.

Run it with `python examples/02_graph.py [folder for the picture, out by default]`.
"""

import sys
from pathlib import Path

import numpy as np

import autograd_mini as ag
from autograd_mini.graph import walk

# One unit of a network: weighted input z, activation a, the quadratic cost.
x, y = 2.0, 1.0
w = ag.Tensor(0.5, requires_grad=True, name="w")
b = ag.Tensor(-1.5, requires_grad=True, name="b")
z = w * x + b
a = np.tanh(z)
J = (a - y) ** 2 / 2
z.name, a.name, J.name = "z", "a", "J"

# A Node is a fact: this operation, on these inputs, gave this value. Nodes are numbered as they
# are made, so sorting by number puts every node after the ones it was made from.
nodes = walk(J.node)
number = {node: k for k, node in enumerate(nodes)}
for node in nodes:
    made_by = node.op.name if node.op else ("leaf" if node.tracked else "constant")
    inputs = " ".join(f"#{number[n]}" for n in node.inputs)
    name = node.name or "-"
    print(f"#{number[node]:<2} {made_by:<9} {inputs:<6} = {float(node.value):8.4f}  {name}")


def backward(output):
    """dJ/dnode for every node: each hands on its own, times the derivative of its operation."""
    cotangents = {output: np.float64(1.0)}
    for node in reversed(walk(output)):  # newest first: complete when its turn comes
        if node.op is None:
            continue
        arrays = [n.value for n in node.inputs]
        for parent, rule in zip(node.inputs, node.op.rules, strict=True):
            share = rule(cotangents[node], node.value, *arrays, **node.metadata)
            cotangents[parent] = cotangents.get(parent, 0.0) + share
    return cotangents


# The library's own walk, with the care that arrays of any shape need, finds the same numbers.
ours = [float(backward(J.node)[t.node]) for t in (w, b, z, a)]
theirs = [float(g) for g in ag.backprop(J, wrt=[w, b, z, a])]
for name, mine, library in zip("wbza", ours, theirs, strict=True):
    print(f"dJ/d{name} = {mine:.6f}, ag.backprop {library:.6f}")
print(f"the same: {np.allclose(ours, theirs, rtol=1e-15)}")

# The chain rule by hand: dJ/dz is the unit's error delta, and dJ/dw = x delta.
delta = (a.item() - y) * (1 - a.item() ** 2)
print(f"delta = (a - y) g'(z) = {delta:.6f}, x delta = {x * delta:.6f}")

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
ag.draw(J).save(folder / "02_graph.svg")
print("picture: 02_graph.svg")
