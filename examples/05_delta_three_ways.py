"""5. The error delta of every layer, three ways: from the graph, by formula, by complex numbers.

delta^(l) = dcost(i)/dz^(l), one row for each example i. Nobody told the library a formula for it.
Run it with `python examples/05_delta_three_ways.py`.
"""

import numpy as np

import autograd_mini as ag
from autograd_mini import closed_form, nn

rng = np.random.default_rng(5)
net = nn.Network([3, 4, 4, 2], seed=5)
m = 6
X = rng.normal(size=(m, 3))
Y = np.eye(2)[rng.integers(0, 2, m)]
theta = net.theta  # weights with the bias folded in as column 0

# 1. From the recorded graph: the cotangents of z2, z3, z4.
recorded = net.deltas(X, Y)

# 2. By the formulas: delta^(L) = a - y, delta^(l) = (Theta^T delta^(l+1)) .* g'(z^(l)).
formulas = closed_form.deltas(theta, X, Y)


# 3. By a step of 1e-30 into the complex plane: no subtraction, so no digits are lost. The bias of
#    unit j adds to z_j; moved for a single example, it moves that example's cost alone.
def complex_step(layer, example, unit):
    """Im cost(i) / h with z of one unit and one example moved by ih."""
    moved = {k: theta[k].astype(complex) for k in theta}
    moved[layer - 1][unit, 0] += 1e-30j
    one = slice(example, example + 1)
    return closed_form.cost(moved, X[one], Y[one]).imag / 1e-30


print("layer  unit      graph        formula      complex step   (example 1)")
worst = 0.0
for layer in sorted(recorded):
    for unit in range(recorded[layer].shape[1]):
        rows = [
            (recorded[layer][i, unit], formulas[layer][i, unit], complex_step(layer, i, unit))
            for i in range(m)
        ]
        print(f"  {layer}     {unit + 1}   " + " ".join(f"{value:14.10f}" for value in rows[0]))
        worst = max(worst, *(np.ptp(row) for row in rows))
print(f"largest difference over all examples: {worst:.0e}")

# The slide that draws delta without g' shows dcost/da, one node earlier on the way back. Both
# stand in the graph: dcost/dz = dcost/da .* g'(z).
run = net.forward(X)
J = np.sum(-Y * np.log(run.a[4]) - (1 - Y) * np.log(1 - run.a[4]))  # the note's formula, literally
at_a, at_z = ag.backprop(J, wrt=[run.a[2], run.z[2]])
a2 = run.a[2].detach().numpy()
print(f"hidden: dcost/dz = dcost/da .* g'(z): {np.allclose(at_z, at_a * a2 * (1 - a2))}")

# At the output g' is multiplied too, but cancels with the logarithm's derivative ...
at_a, at_z = ag.backprop(J, wrt=[run.a[4], run.z[4]])
h = run.a[4].detach().numpy()
print(f"output: dcost/da = (a - y) / (a (1 - a)): {np.allclose(at_a, (h - Y) / (h * (1 - h)))}")
print(f"output: dcost/dz = a - y: {np.allclose(at_z, h - Y)}")

# ... and with the quadratic cost it does not.
quadratic = net.deltas(X, Y, cost="quadratic")[4]
print(f"quadratic: delta = (a - y) .* g'(z): {np.allclose(quadratic, (h - Y) * h * (1 - h))}")
