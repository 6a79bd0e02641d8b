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


def gradient_norms(activation, seed):
    """The norm of dJ/dTheta^(l) for l = 1, 2, ..., 9."""
    net = nn.Network(widths, activation=activation, seed=seed)
    _, D = ag.value_and_grad(nn.logistic_cost)(net, X, Y)
    return [np.linalg.norm(D.theta[layer]) for layer in sorted(D.theta)]


norms = {
    activation: np.array([gradient_norms(activation, seed) for seed in range(SEEDS)])
    for activation in ("sigmoid", "relu")
}
for activation, rows in norms.items():
    ratio = rows[:, 0] / rows[:, -1]
    print(
        f"{activation:<8} first layer / last layer: median {np.median(ratio):.1e}, "
        f"{ratio.min():.1e} to {ratio.max():.1e} over {SEEDS} seeds"
    )

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(8, 3.6), layout="constrained")
for axes, (activation, rows) in zip(figure.subplots(1, 2, sharey=True), norms.items(), strict=True):
    layers = np.arange(1, rows.shape[1] + 1)
    axes.semilogy(layers, rows.T, color="tab:gray", alpha=0.35, lw=0.8)
    axes.semilogy(layers, np.median(rows, axis=0), "o-", color="tab:red", lw=2)
    axes.set(xlabel="layer l", title=activation, xticks=layers)
    axes.grid(alpha=0.3)
figure.axes[0].set_ylabel("norm of dJ/dTheta(l), 20 seeds")
figure.savefig(folder / "06_sigmoid_or_relu.png", dpi=120)
print("picture: 06_sigmoid_or_relu.png")
