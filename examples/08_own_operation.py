"""8. An operation of your own: a function, and one line for its derivative.

Run it with `python examples/08_own_operation.py [folder for the picture, out by default]`.
"""

import sys
from pathlib import Path

import numpy as np

import autograd_mini as ag


# A function that works on arrays in a way that can not be recorded: it edits in place.
@ag.primitive
def softsign(x):
    """x / (1 + |x|), in one buffer."""
    y = np.abs(x)
    y += 1.0
    return np.divide(x, y)


# The rule: from the output's cotangent g to the argument's. dy/dx = (1 - |y|)^2.
ag.rule(softsign, lambda g, y, x: g * (1.0 - np.abs(y)) ** 2)

# It is an operation like any other now: arrays in, arrays out; Tensors in, Tensors out.
x = np.array([-2.0, -0.5, 1.0, 3.0])
print(f"softsign    {np.round(softsign(x), 4)}")


def total(x):
    """A scalar, so that it has a gradient."""
    return np.sum(softsign(x) ** 3)


D = ag.grad(total)(x)
h = 1e-6
numeric = np.array([(total(x + h * e) - total(x - h * e)) / (2 * h) for e in np.eye(4)])
print(f"gradient    {np.round(D, 4)}")
print(f"agrees with central differences: {np.allclose(D, numeric, atol=1e-8)}")

# The rule is plain NumPy, so it is differentiated in its turn: every order comes with it.
second = ag.grad(ag.grad(softsign))
print(f"softsign''(2) = {second(2.0):.6f}, by hand -2 / (1 + 2)^3 = {-2 / 27:.6f}")

# It has a name in the graph.
t = ag.Tensor(x, requires_grad=True, name="x")
J = total(t)
J.name = "J"
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
ag.draw(J).save(folder / "08_own_operation.svg")
print("picture: 08_own_operation.svg")
