"""7. Handwritten digits: a 64-25-10 network, trained, and what its hidden units look for.

Run it with `python examples/07_digits.py [folder for the picture]` (needs Matplotlib).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd_mini as ag
from autograd_mini import closed_form, nn
from autograd_mini.data import load_digits, split

# 1,797 images of 8x8 pixels, inside the package; a fifth of each digit is kept for the test.
images, labels = load_digits()
X, X_test, Y, Y_test = split(images, labels, seed=0)
net = nn.Network([64, 25, 10], seed=0)
lam = 0.1

# First the proof: the recorded gradient of the regularised cost is the one of the formulas.
_, D = ag.value_and_grad(nn.logistic_cost)(net, X, Y, lam)
formulas = closed_form.gradients(net.theta, X, np.eye(10)[Y], lam)
worst = max(abs(D.theta[l] - formulas[l]).max() / abs(formulas[l]).max() for l in formulas)
print(f"recorded graph against closed form, largest relative difference: {worst:.0e}")

# Then the training: any optimiser along -dJ/dTheta.
history = ag.fit(net, X, Y, lam=lam, optimizer="momentum", epochs=100, progress=False)
print(f"cost: {history['cost'][0]:.3f} at first, {history['cost'][-1]:.3f} at last")

said = net(X_test).detach().numpy().argmax(axis=1)
print(f"test accuracy: {np.mean(said == Y_test):.1%}".replace("%", " %"))

# Every hidden unit has 64 weights: as a picture, what it wants bright and what dark.
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(9, 4.6), layout="constrained")
left, right = figure.subfigures(1, 2)
for axes, weights in zip(left.subplots(5, 5).flat, net.theta[1], strict=True):
    limit = abs(weights[1:]).max()
    axes.imshow(weights[1:].reshape(8, 8), cmap="RdBu", vmin=-limit, vmax=limit)
    axes.axis("off")
left.suptitle("the 25 hidden units")

wrong = np.flatnonzero(said != Y_test)[:9]
for axes, i in zip(right.subplots(3, 3).flat, wrong, strict=False):
    axes.imshow(X_test[i].reshape(8, 8), cmap="gray_r")
    axes.set_title(f"{Y_test[i]}, taken for {said[i]}", fontsize=9)
for axes in right.axes:
    axes.axis("off")
right.suptitle("some of its mistakes")
figure.savefig(folder / "07_digits.png", dpi=110)
print("picture: 07_digits.png")
