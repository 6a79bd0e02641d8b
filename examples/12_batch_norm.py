"""12. Batch normalisation, and its two faces: the batch's statistics in training, kept ones after.

Every unit's z is shifted and scaled to mean 0 and variance 1 over the batch (Ioffe and Szegedy
2015, https://arxiv.org/abs/1502.03167, algorithm 1); gamma and beta are learned. The gradient
flows through mean and variance too, and nobody has to derive it.
Run it with `python examples/12_batch_norm.py [epochs, 10 if not given]`.
"""

import sys
from itertools import pairwise

import numpy as np

import autograd_mini as ag
from autograd_mini.data import load_digits, split
from autograd_mini.nn import log_softmax
from autograd_mini.optimisers import gradient_descent

EPSILON = 1e-5
WIDTHS = [64, 32, 32, 32, 32, 10]


def normalise(z, mean, variance, gamma, beta):
    return gamma * (z - mean) / np.sqrt(variance + EPSILON) + beta


def forward(p, X, kept=None):
    """Scores (m, 10), and each layer's mean and variance: the batch's, or those that were kept."""
    a, statistics = X, []
    for l, layer in enumerate(p):
        z = a @ layer["weights"]
        if "gamma" in layer:
            mean, variance = kept[l] if kept else (z.mean(axis=0), z.var(axis=0))
            statistics.append((mean, variance))
            z = normalise(z, mean, variance, layer["gamma"], layer["beta"])
        else:
            z = z + layer["bias"]
        a = z if layer is p[-1] else np.maximum(z, 0)
    return a, statistics


def cost(p, X, labels):
    """The cross-entropy; beside it the batch's statistics, which have no gradient to give."""
    scores, statistics = forward(p, X)
    return -np.mean(log_softmax(scores)[np.arange(len(labels)), labels]), statistics


def initial(rng, normalised):
    """Weights too small by half, as they may be when nobody has tuned them."""
    p = []
    for s, t in pairwise(WIDTHS):
        layer = {"weights": 0.5 * rng.normal(size=(s, t)) / np.sqrt(s)}
        if normalised and t != WIDTHS[-1]:
            layer |= {"gamma": np.ones(t), "beta": np.zeros(t)}
        else:
            layer |= {"bias": np.zeros(t)}
        p.append(layer)
    return p


def train(p, X, labels, epochs, rng, rate, share=0.1):
    """Gradient descent, keeping a running mean of the statistics for later."""
    kept = forward(p, X)[1]
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(X)), len(X) // 32):
            D, now = ag.grad(cost, has_aux=True)(p, X[batch], labels[batch])
            for layer, d in zip(p, D, strict=True):
                moved, _ = gradient_descent(list(layer.values()), list(d.values()), rate=rate)
                layer.update(zip(layer, moved, strict=True))
            kept = [
                tuple((1 - share) * old + share * new for old, new in zip(*pair, strict=True))
                for pair in zip(kept, now, strict=True)
            ]
    return kept


def accuracy(p, X, labels, kept):
    return 100 * np.mean(forward(p, X, kept)[0].argmax(axis=1) == labels)


def by_hand(g, z, gamma):
    """The gradient of `normalise` in z that papers print: four lines of algebra."""
    deviation = np.sqrt(z.var(axis=0) + EPSILON)
    x = (z - z.mean(axis=0)) / deviation
    return gamma / deviation * (g - g.mean(axis=0) - x * (g * x).mean(axis=0))


def main(epochs):
    rng = np.random.default_rng(0)
    z, g, gamma = rng.normal(size=(8, 3)), rng.normal(size=(8, 3)), rng.normal(size=3)
    D = ag.grad(lambda z: np.sum(g * normalise(z, z.mean(axis=0), z.var(axis=0), gamma, 0.0)))(z)
    print(f"gradient = the one derived by hand: {np.allclose(D, by_hand(g, z, gamma), atol=1e-12)}")

    X, X_test, y, y_test = split(*load_digits(), seed=rng)
    X, X_test = 16 * X, 16 * X_test  # the pixels as they are in the file
    for rate in (0.02, 0.2, 0.5):
        for name in ("without", "with"):
            p = initial(np.random.default_rng(1), name == "with")
            kept = train(p, X, y, epochs, np.random.default_rng(2), rate)
            print(f"rate {rate:4}, {name:7} normalisation: cost {cost(p, X, y)[0]:.3f}, ", end="")
            print(f"test accuracy {accuracy(p, X_test, y_test, kept):.2f} %")

    alone = [accuracy(p, X_test[[i]], y_test[[i]], kept) for i in range(len(X_test))]
    print(f"the last, one image at a time, by the kept statistics {np.mean(alone):.2f} %")
    alone = [accuracy(p, X_test[[i]], y_test[[i]], None) for i in range(len(X_test))]
    print(f"the last, one image at a time, by its own             {np.mean(alone):.2f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
