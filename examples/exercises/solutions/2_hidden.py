"""Exercise 2. One hidden layer: delta on its way back.

delta^(2) = (Theta^(2))^T delta^(3) .* g'(z^(2)); the bias unit has no delta.

Check:

    autograd-mini check --against examples/exercises/solutions/2_hidden.py --lam 0
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
    delta3 = a3 - Y
    delta2 = delta3 @ theta[2][:, 1:] * a2 * (1 - a2)
    return {1: delta2.T @ with_bias(X) / m, 2: delta3.T @ with_bias(a2) / m}
