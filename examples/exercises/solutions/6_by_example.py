"""Exercise 6. The algorithm of the slide: one example after the other, Delta is the sum.

x, a and delta are vectors here: delta^(l) = Theta^T delta^(l+1) .* g'.

Check:

    autograd-mini check --against examples/exercises/solutions/6_by_example.py --layers 3-5-4-2
"""

import numpy as np


def g(z):
    return 1 / (1 + np.exp(-z))


def gradients(theta, X, Y, lam):
    m, L = len(X), len(theta) + 1
    Delta = {layer: np.zeros(theta[layer].shape) for layer in theta}
    for x, y in zip(X, Y, strict=True):
        a = {1: x}
        for layer in range(1, L):
            a[layer + 1] = g(theta[layer] @ np.append(1, a[layer]))
        delta = {L: a[L] - y}
        for layer in range(L - 1, 1, -1):
            slope = a[layer] * (1 - a[layer])
            delta[layer] = (theta[layer].T @ delta[layer + 1])[1:] * slope
        for layer in range(1, L):
            Delta[layer] += np.outer(delta[layer + 1], np.append(1, a[layer]))
    D = {layer: Delta[layer] / m for layer in theta}
    for layer in theta:
        D[layer][:, 1:] += lam / m * theta[layer][:, 1:]
    return D
