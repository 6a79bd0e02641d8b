"""10. A convolutional network on handwritten digits: LeCun's LeNet at the size of 8x8 pixels.

A convolution is one product for every window of the image, and NumPy has windows and products:
nothing here is known to the library. The gradient comes by itself.
Run it with `python examples/10_lenet.py [epochs, 12 if not given]`.
"""

import sys

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import autograd_mini as ag
from autograd_mini.data import load_digits, split
from autograd_mini.nn import log_softmax
from autograd_mini.optimisers import adam


def convolve(a, filters, bias):
    """Images (m, h, w, c) and filters (c, 3, 3, f) to (m, h, w, f), with zeros around the image."""
    a = np.pad(a, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(a, (3, 3), axis=(1, 2))  # (m, h, w, c, 3, 3)
    return np.tensordot(windows, filters, axes=3) + bias


def pool(a):
    """The largest of every 2x2: (m, h, w, c) to (m, h/2, w/2, c)."""
    m, h, w, c = a.shape
    return a.reshape(m, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))


def lenet(p, images):
    """Images (m, 8, 8, 1) to scores (m, 10), the logarithms of odds."""
    a = np.tanh(convolve(images, p["filters 1"], p["bias 1"]))  # (m, 8, 8, 6)
    a = pool(np.tanh(convolve(a, p["filters 2"], p["bias 2"])))  # (m, 4, 4, 16)
    a = np.tanh(a.reshape(len(a), -1) @ p["weights 3"] + p["bias 3"])  # (m, 32)
    return a @ p["weights 4"] + p["bias 4"]


def cost(p, images, labels):
    """The cross-entropy -(1/m) sum log h_y."""
    log_h = log_softmax(lenet(p, images))
    return -np.mean(log_h[np.arange(len(labels)), labels])


def initial(rng):
    """Weights of variance 1 / (number of inputs), biases of zero."""
    shapes = {"filters 1": (1, 3, 3, 6), "filters 2": (6, 3, 3, 16)}
    shapes |= {"weights 3": (256, 32), "weights 4": (32, 10)}
    p = {}
    for name, shape in shapes.items():
        p[name] = rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        p[f"bias {name[-1]}"] = np.zeros(shape[-1])
    return p


def accuracy(p, images, labels):
    return 100 * np.mean(lenet(p, images).argmax(axis=1) == labels)


def main(epochs):
    rng = np.random.default_rng(0)
    images, labels = load_digits()
    X, X_test, y, y_test = split(images.reshape(-1, 8, 8, 1), labels, seed=rng)
    p, state = initial(rng), None
    print(f"{sum(w.size for w in p.values()):,} parameters, {len(X)} images to learn from")
    print(f"at first: cost {cost(p, X, y):.3f}, test accuracy {accuracy(p, X_test, y_test):.2f} %")
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(X)), len(X) // 32):
            D = ag.grad(cost)(p, X[batch], y[batch])  # a dict, like p
            moved, state = adam(list(p.values()), list(D.values()), state, rate=0.002)
            p = dict(zip(p, moved, strict=True))
    print(f"at last:  cost {cost(p, X, y):.3f}, test accuracy {accuracy(p, X_test, y_test):.2f} %")

    # What the first layer looks for, and that a shifted image gives shifted features.
    a = convolve(X_test[:1], p["filters 1"], p["bias 1"])
    shifted = convolve(np.roll(X_test[:1], 1, axis=1), p["filters 1"], p["bias 1"])
    inner = np.allclose(a[:, 1:6], shifted[:, 2:7])
    print(f"an image moved by a pixel gives the same features, moved by a pixel: {inner}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
