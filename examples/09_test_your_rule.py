"""9. Test the derivative of an operation of your own: one call, or one property.

Run it with `python examples/09_test_your_rule.py`; needs Hypothesis (`pip install hypothesis`).
"""

import warnings

import numpy as np
from hypothesis import given, settings

import autograd_mini as ag
from autograd_mini.testing import arrays


@ag.primitive
def softsign(x):
    """x / (1 + |x|)."""
    return x / (1.0 + np.abs(x))


ag.rule(softsign, lambda g, y, x: g * (1.0 - np.abs(y)) ** 2)


# Five lines: every shape, precision and layout in memory that Hypothesis thinks of, both modes,
# first and second order.
@settings(deadline=None)
@given(x=arrays())
def test_softsign(x):
    ag.check_grads(softsign, (x,))


test_softsign()
print("softsign: right to second order, in every shape")

# A mistake of one in ten thousand, in a rule that looks right, is found and named.
ag.rule(softsign, lambda g, y, x: g * (1.0 - 0.9999 * np.abs(y)) ** 2)
try:
    ag.check_grads(softsign, (np.array([0.5, -1.0, 2.0]),))
except AssertionError as error:
    print(f"a mistake: {error}")

# At a kink there is nothing to check, and it says so instead of failing.
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    ag.check_grads(ag.nn.relu, (np.array([1.0, 0.0]),), order=1)
print(f"a kink: {said[0].message}")
