"""Exercise 4. Any number of layers: the loop, from the last layer back to the second.

Fill in every `...`. Check:

    autograd-mini check --against examples/exercises/4_any_depth.py --layers 3-5-4-2
"""

import numpy as np


def g(z):
    return 1 / (1 + np.exp(-z))


def with_bias(a):
    """Put a_0 = 1 before the activations of each example."""
    return np.insert(a, 0, 1, axis=1)


def gradients(theta, X, Y, lam):
    m, L = len(X), len(theta) + 1
    a = {1: X}
    for layer in range(1, L):
        a[layer + 1] = g(with_bias(a[layer]) @ theta[layer].T)
    delta = {L: ...}  # delta of the output
    for layer in range(L - 1, 1, -1):
        delta[layer] = ...  # from delta[layer + 1]
    D = {}
    for layer in range(1, L):
        D[layer] = ...  # from delta[layer + 1] and a[layer]
        D[layer][:, 1:] += lam / m * theta[layer][:, 1:]
    return D
