"""3. Logistic regression: a cost in plain NumPy, any optimiser, and what every unit does.

Run it with `python examples/03_logistic_regression.py [folder for the picture]` (needs SciPy and
Matplotlib: `pip install "autograd-mini[plot,scipy]"`).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

import autograd_mini as ag
from autograd_mini import nn

# Two groups of points in the plane.
rng = np.random.default_rng(0)
m = 200
y = (np.arange(m) % 2).astype(float)
X = rng.normal(size=(m, 2)) + np.outer(2 * y - 1, [1.2, 0.6])
lam = 1.0


def J(theta):
    """The regularised logistic cost, the bias theta[0] left out of the penalty.

    log h = -log(1 + e^-z) and log(1 - h) = -log(1 + e^z), so nothing overflows.
    """
    z = theta[0] + X @ theta[1:]
    fit = np.mean(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    return fit + lam / (2 * m) * np.sum(theta[1:] ** 2)


# SciPy asks for the cost and its gradient: that is what `value_and_grad` returns.
found = minimize(ag.value_and_grad(J), np.zeros(3), jac=True, method="BFGS")
theta = found.x
print(f"J = {found.fun:.6f} after {found.nit} iterations, theta = {np.round(theta, 4)}")

# The formula of the textbook, D = (1/m) X^T (h - y) + (lam/m) theta, nowhere written above:
start = np.array([0.3, -1.0, 2.0])
h = 1 / (1 + np.exp(-start[0] - X @ start[1:]))
by_hand = np.r_[np.mean(h - y), X.T @ (h - y) / m + lam / m * start[1:]]
print(f"gradient = the textbook's: {np.allclose(ag.grad(J)(start), by_hand, rtol=1e-12)}")

# A network without hidden layer is logistic regression: the same cost from the same numbers.
net = nn.Network.from_theta([theta[None, :]])
cost = nn.logistic_cost(net, X, y, lam=lam).item()
print(f"a network [2, 1] with this theta costs {cost:.6f}")
right = np.mean((net(X).detach().numpy().ravel() > 0.5) == (y == 1))
print(f"{right:.1%} of the points are on their side of the line")

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(5, 4.2), layout="constrained")
axes = figure.add_subplot(xlabel="x1", ylabel="x2", title="h = 0.5 is a line")
for label, colour in ((0, "tab:blue"), (1, "tab:orange")):
    axes.plot(*X[y == label].T, "o", color=colour, alpha=0.6, label=f"y = {label}")
edge = np.array([X[:, 0].min(), X[:, 0].max()])
axes.plot(edge, -(theta[0] + theta[1] * edge) / theta[2], "k-")
axes.set_ylim(X[:, 1].min() - 0.3, X[:, 1].max() + 0.3)
axes.legend()
figure.savefig(folder / "03_logistic_regression.png", dpi=120)
print("picture: 03_logistic_regression.png")
