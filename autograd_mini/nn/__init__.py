"""The note's system: activations, networks, their costs, and logic gates made of units."""

from . import gates
from .activation import leaky_relu, log_softmax, logsumexp, relu, sigmoid, softmax, softplus
from .cost import logistic_cost, logistic_cost_literal, quadratic_cost, softmax_cost
from .network import Network

__all__ = ["Network", "gates", "leaky_relu", "log_softmax", "logistic_cost"]
__all__ += ["logistic_cost_literal", "logsumexp", "quadratic_cost", "relu", "sigmoid", "softmax"]
__all__ += ["softmax_cost", "softplus"]
