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
from autograd_mini.training import accuracy

# 1,797 images of 8x8 pixels, inside the package; a fifth of each digit is kept for the test.
images, labels = load_digits()
# Split, weights and batches each have a seed: those of `autograd-mini train`, so its figures too.
seeds = [np.random.default_rng(seed) for seed in np.random.SeedSequence(0).spawn(5)]
X, X_test, Y, Y_test = split(images, labels, seed=seeds[0])
net = nn.Network([64, 25, 10], seed=seeds[1])
lam = 0.1

# First the proof: the recorded gradient of the regularised cost is the one of the formulas.
_, D = ag.value_and_grad(nn.logistic_cost)(net, X, Y, lam)
formulas = closed_form.gradients(net.theta, X, np.eye(10)[Y], lam)
worst = max(abs(D.theta[l] - formulas[l]).max() / abs(formulas[l]).max() for l in formulas)
print(f"recorded graph against closed form, largest relative difference: {worst:.0e}")

# Then the training: any optimiser along -dJ/dTheta. Beside it, a network without hidden layer.
how = {"lam": lam, "optimizer": "momentum", "epochs": 200, "progress": False}
history = ag.fit(net, X, Y, seed=seeds[3], **how)
print(f"cost: {history['cost'][0]:.3f} at first, {history['cost'][-1]:.3f} at last")
beside = nn.Network([64, 10], seed=seeds[2])
ag.fit(beside, X, Y, seed=seeds[4], **how)

said = net(X_test).detach().numpy().argmax(axis=1)
print(f"test accuracy: {100 * np.mean(said == Y_test):.2f} %,", end=" ")
print(f"without the hidden layer {100 * accuracy(beside, X_test, Y_test):.2f} %")

# Every hidden unit has 64 weights: as a picture, where it wants ink (blue) and where none (orange).
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
figure = Figure(figsize=(14, 4.8), layout="constrained")
left, middle, right = figure.subplots(1, 3)
ag.plots.weight_tiles(net, ax=left)
order = np.argsort(said == Y_test, kind="stable")[:42]  # its mistakes first
ag.plots.digits(X_test[order], said[order], Y_test[order], ax=middle)
ag.plots.confusion_matrix(Y_test, said, ax=right)
figure.savefig(folder / "07_digits.png", dpi=110)
print("picture: 07_digits.png")
