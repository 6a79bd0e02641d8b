"""4. Gates: units that compute logic, and what one layer can not do.

A sigmoid with large weights is a gate. Layers are the levels of an expression's syntax tree.
Run it with `python examples/04_gates_and_xnor.py [folder for the picture]` (needs Matplotlib).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.nn import gates

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
bits = np.array2string

# g(4.6) = 0.99: weights of 20 and 30 leave no doubt.
for name in ("AND", "OR", "NOR"):
    gate = getattr(gates, name)
    h = gate(X).detach().numpy().ravel()
    print(f"{name:<4} theta {bits(gate.theta[1].ravel(), precision=0):<16} h = {np.round(h)}")

# XNOR = OR(AND(x1, x2), NOR(x1, x2)): two levels, two layers.
xnor = gates.from_expression("(a and b) or not (a or b)")
forward = xnor.forward(X)
print(f"XNOR has layers of {[layer.shape[1] for layer in forward.a.values()]} units")
print("x1 x2 | AND NOR | XNOR")
hidden, h = forward.a[2].detach().numpy(), forward.a[3].detach().numpy()
for x, a, out in zip(X, hidden, h, strict=True):
    print(f" {x[0]:.0f}  {x[1]:.0f} |  {a[0]:.0f}   {a[1]:.0f}  |  {out[0]:.0f}")

# It can be learned, from random weights, by walking against the gradient ...
Y = np.array([1.0, 0.0, 0.0, 1.0])


def learn(widths, seed, steps=3000, rate=2.0):
    """Gradient descent, Theta := Theta - rate D; the cost that it reaches."""
    net = nn.Network(widths, seed=seed)
    cost = ag.value_and_grad(nn.logistic_cost)
    theta = net
    for _ in range(steps):
        _, D = cost(theta, X, Y)
        theta = nn.Network.from_theta(
            {layer: theta.theta[layer] - rate * D.theta[layer] for layer in theta.theta}
        )
    return float(nn.logistic_cost(theta, X, Y).item())


two_layers = min(learn([2, 2, 1], seed) for seed in range(3))
print(f"learned with a hidden layer: J = {two_layers:.4f}")

# ... but not with one layer. No line separates the groups; the best is h = 1/2, J = log 2.
one_layer = learn([2, 1], seed=0)
print(f"without: J = {one_layer:.4f}, log 2 = {np.log(2):.4f}")

# Why: in the plane of the inputs the groups stand crosswise; the hidden layer moves the corners,
# and one line is enough. Logic joins groups that geometry keeps apart.
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(8, 4), layout="constrained")
left, right = figure.subplots(1, 2)
for axes, points, names, title in (
    (left, X, ("x1", "x2"), "the input plane: no line will do"),
    (right, hidden, ("AND", "NOR"), "the hidden plane: one line"),
):
    for value, marker, colour in ((0, "o", "tab:blue"), (1, "s", "tab:orange")):
        axes.plot(*points[Y == value].T, marker, color=colour, ms=14, label=f"XNOR = {value}")
    axes.set(xlim=(-0.3, 1.3), ylim=(-0.3, 1.3), xlabel=names[0], ylabel=names[1], title=title)
    axes.set_aspect("equal")
right.plot([-0.3, 1.3], [0.8, -0.8], "k-")  # -10 + 20 AND + 20 NOR = 0
right.annotate("(0, 1) and (1, 0)\nboth land here", (0, 0), (-0.2, -0.22), va="center")
figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
figure.savefig(folder / "04_xnor.png", dpi=120)
J = nn.logistic_cost(xnor, X, Y)
J.name = "J"
ag.draw(J).save(folder / "04_xnor_graph.svg")
ag.draw(xnor).save(folder / "04_xnor_network.svg")
print("pictures: 04_xnor.png, 04_xnor_graph.svg, 04_xnor_network.svg")
