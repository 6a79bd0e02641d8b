"""Exercise 5. The quadratic cost, J = (1/2m) sum |a - y|^2, whose g' does not cancel.

Check:

    autograd-mini check --against examples/exercises/solutions/5_quadratic.py --cost quadratic
"""

import numpy as np


def g(z):
    return 1 / (1 + np.exp(-z))


def with_bias(a):
    """Put a_0 = 1 before the activations of each example."""
    return np.insert(a, 0, 1, axis=1)


def gradients(theta, X, Y, lam):
    m = len(X)
    a2 = g(with_bias(X) @ theta[1].T)
    a3 = g(with_bias(a2) @ theta[2].T)
    delta3 = (a3 - Y) * a3 * (1 - a3)
    delta2 = delta3 @ theta[2][:, 1:] * a2 * (1 - a2)
    D = {1: delta2.T @ with_bias(X) / m, 2: delta3.T @ with_bias(a2) / m}
    for layer in (1, 2):
        D[layer][:, 1:] += lam / m * theta[layer][:, 1:]
    return D
