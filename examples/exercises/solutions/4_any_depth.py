"""Exercise 4. Any number of layers: the loop, from the last layer back to the second.

Check:

    autograd-mini check --against examples/exercises/solutions/4_any_depth.py --layers 3-5-4-2
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
    delta = {L: a[L] - Y}
    for layer in range(L - 1, 1, -1):
        delta[layer] = delta[layer + 1] @ theta[layer][:, 1:] * a[layer] * (1 - a[layer])
    D = {}
    for layer in range(1, L):
        D[layer] = delta[layer + 1].T @ with_bias(a[layer]) / m
        D[layer][:, 1:] += lam / m * theta[layer][:, 1:]
    return D
