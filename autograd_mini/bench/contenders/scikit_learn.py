"""scikit-learn's `MLPClassifier`: plain gradient descent, an epoch a `partial_fit`.

It orders examples its own way, so it is given them in the order of the others. It adds up the cost
of the batches on the way.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..rows import Array, Training, Watched
from . import Contender, Step

sklearn: Any = import_module("sklearn")
MLPClassifier: Any = import_module("sklearn.neural_network").MLPClassifier

HIDDEN = {"sigmoid": "logistic", "relu": "relu", "tanh": "tanh"}


def contenders(threads: int) -> list[Contender]:
    return [
        Contender("scikit-learn", sklearn.__version__, {Training: training, Watched: watched}, read)
    ]


def read(result: Any) -> tuple[float, list[Array]]:
    return result  # type: ignore[no-any-return]


def training(p: Training) -> Step:
    model = classifier(p)

    def epochs() -> Any:
        for order in p.orders:
            model.partial_fit(p.network.X[order], p.network.Y[order])
        return 0.0, parameters(model)

    return epochs


def watched(p: Watched) -> Step:
    training, net = p.training, p.training.network
    model, rows = classifier(training), np.arange(len(net.X))

    def watch() -> tuple[float, float]:
        h = model.predict_proba(net.X)
        cost = -np.mean(np.log(h[rows, net.Y]))
        return float(cost), float(np.mean(h.argmax(axis=1) == net.Y))

    def epochs() -> Any:
        watch()
        for order in training.orders:
            model.partial_fit(net.X[order], net.Y[order])
            cost, _ = watch()
        return cost, parameters(model)

    return epochs


def parameters(model: Any) -> list[Array]:
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return [a for W, b in pairs for a in (W.T, b)]


def classifier(p: Training) -> Any:
    """Return a model with the given weights."""
    net = p.network
    model = MLPClassifier(
        hidden_layer_sizes=[len(b) for b in net.biases[:-1]], activation=HIDDEN[net.hidden],
        solver="sgd", learning_rate_init=net.rate, momentum=0.0, nesterovs_momentum=False,
        alpha=0.0, batch_size=p.size, shuffle=False, random_state=0,
    )  # fmt: skip
    # A first call makes its own weights; ours are written into them.
    model.partial_fit(p.first.X, p.first.Y, classes=np.arange(len(net.biases[-1])))
    for own, given in zip(model.coefs_, net.weights, strict=True):
        own[...] = given.T
    for own, given in zip(model.intercepts_, net.biases, strict=True):
        own[...] = given
    return model
