"""Tests whose functions can not be compiled, or are not the same then: a reason for each.

They are run with `--jit-everything` too, and must fail there: what passes is no exception.
"""

from __future__ import annotations

READS = "a value is read: the number of elements, the rank, or which branch is taken"
TENSOR = "known difference: beside a captured Tensor, plain and Tensor results are told otherwise"
DTYPE = "known difference: the cost of float32 numbers is float64 in a program"

_RULE = "test_derivatives.py::test_a_tangent_of_every_rule_is_the_difference_of_the_function"
_KEYWORDS = "test_rules_keywords.py::test_value_and_gradient"
_PIECEWISE = "[np.piecewise(x, [x < 0, x >= 1], [lambda v: -v, lambda v: v * v, 5.0])]"
_COSTS = "test_costs.py::test_float32_is_kept_throughout"
EXCEPTIONS = {
    f"{_RULE}[bincount]": READS,
    f"{_RULE}[lstsq]": READS,
    f"{_RULE}[quantile, weighted]": READS,
    f"{_RULE}[trim_zeros]": READS,
    f"{_KEYWORDS}{_PIECEWISE}": READS,
    f"{_KEYWORDS}[np.linalg.lstsq(x.T, V, rcond=None)[0]]": READS,
    "test_derivatives.py::test_a_tangent_is_a_tensor_where_its_output_is": TENSOR,
    "test_transforms.py::test_recorded_gradients_are_the_callers_own": TENSOR,
    "test_transforms.py::test_a_captured_tracked_leaf_makes_the_derivative_recorded": TENSOR,
    f"{_COSTS}[logistic_cost-sigmoid]": DTYPE,
    f"{_COSTS}[logistic_cost_literal-sigmoid]": DTYPE,
    f"{_COSTS}[quadratic_cost-sigmoid]": DTYPE,
    f"{_COSTS}[quadratic_cost-identity]": DTYPE,
    f"{_COSTS}[softmax_cost-softmax]": DTYPE,
}
