"""1. One number: the derivative of code.

A derivative needs no formula, only the program that computes the function.
Run it with `python examples/01_scalar.py`.
"""

import numpy as np

import autograd_mini as ag


def f(x):
    """Plain NumPy: this function has never heard of the library."""
    return np.sin(x) * np.exp(-x / 5)


# `ag.grad` makes the derivative of it, right to the last digits ...
slope = ag.grad(f)
by_hand = np.cos(2.0) * np.exp(-0.4) - np.sin(2.0) * np.exp(-0.4) / 5
print(f"f'(2) = {slope(2.0):.15f}")
print(f"error of ag.grad: {abs(slope(2.0) - by_hand):.0e}")

# ... where a difference quotient has lost half of them.
quotient = (f(2.0 + 1e-8) - f(2.0)) / 1e-8
print(f"error of a difference quotient: {abs(quotient - by_hand):.0e}")

# The derivative is a program too, so it has a derivative.
fourth = ag.grad(ag.grad(ag.grad(ag.grad(np.sin))))
print(f"the fourth derivative of sin is sin: {fourth(1.0):.12f} = {np.sin(1.0):.12f}")

# How: a Tensor remembers the operation that made it and what it was made from. Going back from
# the result, every operation multiplies by its own derivative: the chain rule.
w = ag.Tensor(3.0, requires_grad=True, name="w")
J = (2.0 * w - 10.0) ** 2
J.backward()
print(f"J = {J.item()}, dJ/dw = 2 (2w - 10) 2 = {w.grad}")

# And what it is for: walk against the gradient, and J becomes small.
cost = ag.value_and_grad(lambda w: (2.0 * w - 10.0) ** 2)
w = 3.0
for step in range(5):
    J, D = cost(w)
    print(f"step {step}: w = {w:.4f}, J = {J:.4f}")
    w = w - 0.1 * D
print(f"the minimum is at w = 5; five steps lead to {w:.4f}")
