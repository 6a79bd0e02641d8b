"""Exercise 6. The algorithm of the slide: one example after the other, Delta is the sum.

x, a and delta are vectors here: delta^(l) = Theta^T delta^(l+1) .* g'.

Fill in every `...`. Check:

    autograd-mini check --against examples/exercises/6_by_example.py --layers 3-5-4-2
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
            delta[layer] = ...  # without the entry of a_0
        for layer in range(1, L):
            Delta[layer] += ...  # an outer product, bias first
    D = {layer: Delta[layer] / m for layer in theta}
    for layer in theta:
        D[layer][:, 1:] += lam / m * theta[layer][:, 1:]
    return D
