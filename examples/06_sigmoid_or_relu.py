"""6. "sigmoid? no, ReLU!": how much gradient reaches the first layer of a deep network.

g' of the sigmoid is at most 1/4, and every layer multiplies by it. ReLU's is 1 or 0.
Run it with `python examples/06_sigmoid_or_relu.py [folder for the picture]` (needs Matplotlib).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.data import load_digits

SEEDS = 20
images, labels = load_digits()
few = labels < 4
X, Y = images[few], labels[few]  # handwritten 0, 1, 2, 3
widths = [64, *[32] * 8, 4]  # the pixels, eight hidden layers, four classes


def network(activation, seed):
    return nn.Network(widths, activation=activation, seed=seed)


gradient = ag.grad(nn.logistic_cost)
gradients = {
    activation: [gradient(network(activation, seed), X, Y) for seed in range(SEEDS)]
    for activation in ("sigmoid", "relu")
}
for activation, found in gradients.items():
    ratio = np.array([np.linalg.norm(D.theta[1]) / np.linalg.norm(D.theta[9]) for D in found])
    print(
        f"{activation:<8} first layer / last layer: median {np.median(ratio):.1e}, "
        f"{ratio.min():.1e} to {ratio.max():.1e} over {SEEDS} seeds"
    )

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(12, 3.6), layout="constrained")
left, *others = figure.subplots(1, 3)
ag.plots.gradient_norms(gradients, ax=left)
for axes, activation in zip(others, gradients, strict=True):
    ag.plots.activation_histograms(network(activation, seed=0), X, ax=axes)
    axes.set_title(f"{activation}, at the start", pad=16)
figure.savefig(folder / "06_sigmoid_or_relu.png", dpi=120)
print("picture: 06_sigmoid_or_relu.png")
