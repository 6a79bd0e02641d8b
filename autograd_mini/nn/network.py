"""The note's network: layers 1 .. L, and Θ^(l) with its bias from layer l to layer l+1.

Whatever belongs to a layer is in a mapping keyed by the note's own layer number: `weights[1]` and
`biases[1]` lead from layer 1 to layer 2, whose `z[2]` and `a[2]` they make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from typing import Any, Self, TypeVar

import numpy as np

from ..context import TRACKED, context
from ..op import OPS
from ..rules.linear import affine
from ..tensor import Tensor, apply, wrap
from ..transforms import backprop
from .activation import leaky_relu, relu, sigmoid, softmax, softplus
from .initialisation import initial_weights

__all__ = ["COSTS", "HIDDEN", "OUTPUT", "Forward", "Layers", "Network", "as_floats", "checked"]

T = TypeVar("T")
Array = np.ndarray[Any, Any]
Function = Callable[[Any], Any]
Names = str | Sequence[str]
Thetas = Mapping[int, Any] | Sequence[Any]

# identity is an operation too, so that ∂J/∂a and ∂J/∂z are two nodes in every network.
HIDDEN: dict[str, Function] = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": relu}
HIDDEN |= {"leaky_relu": leaky_relu, "softplus": softplus, "identity": np.positive}
OUTPUT: dict[str, Function] = {"sigmoid": sigmoid, "softmax": softmax, "identity": np.positive}
_AFFINE = OPS[affine]
COSTS: dict[str, Callable[..., Any]] = {}
"""What `Network.deltas` differentiates; `cost`, the next file, fills it."""


class Layers(dict[int, T]):
    """A dict keyed by the note's layer number, which says what it has when asked for another.

    Examples
    --------
    >>> Layers([(2, "of layer 2"), (3, "of layer 3")], "z")[1]
    Traceback (most recent call last):
    KeyError: 'layer 1 is the input; it has no z'
    """

    def __init__(self, of_layers: Iterable[tuple[int, T]] = (), label: str = "value") -> None:
        self.label = label
        if of_layers:
            self.update(of_layers)

    def __missing__(self, layer: Any) -> T:
        if layer == 1 and 2 in self:
            raise KeyError(f"layer 1 is the input; it has no {self.label}")
        raise KeyError(f"no {self.label}[{layer!r}]; there is {self.label} of layers {[*self]}")


@dataclass(slots=True)
class Forward:
    """One forward pass: mappings of Tensors named z2, z3, ... and a2, a3, ...; `a[1]` is X."""

    z: Layers[Tensor]
    a: Layers[Tensor]


class Network:
    """Layers of units: z^(l+1) = Θ^(l) a^(l) + bias^(l), a^(l+1) = g(z^(l+1)), h = a^(L).

    Parameters
    ----------
    sizes : sequence of int
        Units per layer, s_1 .. s_L, input and output included, bias units not counted.
    activation : str or sequence of str
        g of the hidden layers, one for all or one each: sigmoid, tanh, relu, leaky_relu, softplus,
        identity.
    output : str
        g of layer L: sigmoid, softmax, identity.
    seed : int, numpy.random.Generator or None
        Draws the initial weights (see `initial_weights`); biases start at 0.
    dtype : float64 or float32

    Attributes
    ----------
    weights, biases
        Mappings of Tensors that require gradients, `weights[l]` of shape (s_{l+1}, s_l) and
        `biases[l]` of shape (s_{l+1},), for l = 1 .. L−1.
    sizes, activation, output
        As given, as tuples; an activation for each hidden layer.

    Raises
    ------
    ValueError
        For fewer than two layers, a layer without units, an unknown activation, the wrong number
        of them, or another dtype.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net = ag.nn.Network([2, 2, 1])
    >>> net
    Network([2, 2, 1], activation='sigmoid', output='sigmoid', dtype=float64)
    >>> X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [1, 0, 0, 1]
    >>> net(X).shape
    (4, 1)
    >>> cost, gradient = ag.value_and_grad(ag.nn.logistic_cost)(net, X, Y)
    >>> gradient.weights[1].shape, gradient.theta[1].shape
    ((2, 2), (2, 3))
    """

    def __init__(self, sizes: Sequence[int], activation: Names = "sigmoid", output: str = "sigmoid",
                 seed: Any = 0, dtype: Any = np.float64) -> None:  # fmt: skip
        sizes = [index(size) for size in sizes]
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes={sizes}; expected s_1 .. s_L: two or more, each at least 1")
        if np.dtype(dtype) not in (np.float64, np.float32):
            raise ValueError(f"dtype={np.dtype(dtype)}; expected float64 or float32")
        names = _names(activation, output, len(sizes) - 2)
        weights = initial_weights(sizes, names, seed, dtype)
        self._set([(W, np.zeros(len(W), dtype)) for W in weights], names)

    @classmethod
    def from_theta(
        cls, theta: Thetas, activation: Names = "sigmoid", output: str = "sigmoid"
    ) -> Self:
        """Make a network of folded matrices, Θ^(l) of shape (s_{l+1}, s_l + 1), bias first.

        Parameters
        ----------
        theta
            [Θ^(1), Θ^(2), ...], or a mapping from 1, 2, ... to them. Float32 stays float32. They
            are copied, but for Tensors that require a gradient: it goes through to them.

        Raises
        ------
        ValueError
            When the shapes do not fit each other or a name is unknown.
        TypeError
            For matrices that are not real numbers.

        Examples
        --------
        >>> AND = Network.from_theta([[[-30, 20, 20]]])
        >>> AND([[0, 1], [1, 1]]).detach().numpy().round(4)
        array([[0.],
               [1.]])
        >>> AND.theta[1]
        array([[-30.,  20.,  20.]])
        """
        folded = _read_theta(theta)
        net = cls.__new__(cls)
        names = _names(activation, output, len(folded) - 1)
        net._set([(Θ[:, 1:], Θ[:, 0]) for Θ in folded], names)
        return net

    def _set(self, pairs: Sequence[tuple[Array, Array]], names: tuple[str, ...]) -> None:
        self.weights = Layers[Tensor]((), "weights")
        self.biases = Layers[Tensor]((), "biases")
        for l, (weights, bias) in enumerate(pairs, 1):
            self.weights[l] = _parameter(weights, f"theta{l}")
            self.biases[l] = _parameter(bias, f"bias{l}")
        self.sizes = (pairs[0][0].shape[1], *(len(bias) for _, bias in pairs))
        self.activation, self.output = names[:-1], names[-1]

    _repr_mimebundle_ = Tensor._repr_mimebundle_  # what a notebook shows

    @property
    def parameters(self) -> list[Tensor]:
        """Weights and bias of layer 1, of layer 2, ...: what an optimiser moves."""
        return [tensor for l, W in self.weights.items() for tensor in (W, self.biases[l])]

    @property
    def theta(self) -> Layers[Any]:
        """The folded matrices, `theta[l]` of shape (s_{l+1}, s_l + 1), bias first: new arrays.

        Inside a transform, where the weights have a history, they are Tensors that keep it.
        """
        return Layers(((l, _fold(self.biases[l], W)) for l, W in self.weights.items()), "theta")

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.weights[1].dtype  # type: ignore[no-any-return]

    def __call__(self, X: Any) -> Tensor:
        """Return h = a^(L): (m, s_L) for X of shape (m, s_1), (s_L,) for one example (s_1,)."""
        return self.forward(X).a[len(self.sizes)]

    def forward(self, X: Any, with_output: bool = True) -> Forward:
        """Return every z and a of one pass, as Tensors in mappings keyed by layer.

        Without output it ends at z^(L), which is all that some costs need.

        Examples
        --------
        >>> run = Network([2, 3, 1]).forward([0.5, -0.5])
        >>> run.z[2].name, run.a[3].shape
        ('z2', (1,))
        """
        a = self._input(X)
        run = Forward(Layers((), "z"), Layers([(1, a)], "a"))
        functions = [*map(HIDDEN.__getitem__, self.activation), OUTPUT[self.output]]
        now, scope = context.now, context.now.scope
        try:
            for l, g in enumerate(functions, 2):
                now.scope = (*scope, f"layer {l}")  # `with ag.scope(...)` costs three times as much
                run.z[l] = z = apply(_AFFINE, (a, self.weights[l - 1], self.biases[l - 1]))
                z.node.name = f"z{l}"
                if with_output or l < len(self.sizes):
                    run.a[l] = a = apply(OPS[g], (z,))
                    a.node.name = f"a{l}"
        finally:
            now.scope = scope
        return run

    def _input(self, X: Any) -> Any:
        X = checked("X", as_floats("X", X, self.dtype), np.isfinite, "finite numbers")
        if X.shape[-1:] != ((n := self.sizes[0]),) or X.ndim > 2:
            expected = f"(m, {n}), one example a row, or ({n},) for a single one"
            raise ValueError(f"X has shape {X.shape}; this {self!r} expects {expected}")
        return X if isinstance(X, Tensor) else wrap(X, "a1")

    def deltas(self, X: Any, Y: Any, cost: str = "logistic") -> Layers[Array]:
        """Return δ^(l) = ∂cost(i)/∂z^(l) of every example i, read from the recorded graph.

        Parameters
        ----------
        X, Y
            As for the costs.
        cost
            "logistic", "quadratic", "softmax" or "logistic_literal".

        Returns
        -------
        Layers
            `delta[l]` of shape (m, s_l) for l = 2 .. L: m·∂J/∂z^(l), row by row.

        Raises
        ------
        ValueError
            For an unknown cost, and what the cost itself raises.

        Examples
        --------
        >>> net = Network([2, 2, 1])
        >>> X, Y = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[0.0], [1.0]])
        >>> delta = net.deltas(X, Y)
        >>> bool(np.allclose(delta[3], net(X).detach().numpy() - Y))  # δ^(L) = a^(L) − y
        True
        """
        if cost not in COSTS:
            raise ValueError(f"cost={cost!r}; expected one of {', '.join(COSTS)}")
        # A graph is needed under `no_grad` too.
        mode, context.now.mode = context.now.mode, context.now.mode | TRACKED
        try:
            run = self.forward(X)
            J = COSTS[cost](self, run, Y)
        finally:
            context.now.mode = mode
        m = run.z[2].shape[0] if run.z[2].ndim == 2 else 1
        found = backprop(J, wrt=run.z, cotangent=m, record=_have_history(self.parameters))
        return Layers(found.items(), "delta")

    def __flatten__(self) -> tuple[list[Any], Self]:
        """Return the parameters, and the network: how transforms look into it."""
        return self.parameters, self

    @classmethod
    def __unflatten__(cls, like: Self, parameters: Sequence[Any]) -> Self:
        """Return a network of these parameters (arrays, a gradient's, become Tensors)."""
        net = cls.__new__(cls)
        vars(net).update(vars(like))
        tensors = [wrap(p) if isinstance(p, np.ndarray) else p for p in parameters]
        net.weights = Layers(enumerate(tensors[0::2], 1), "weights")
        net.biases = Layers(enumerate(tensors[1::2], 1), "biases")
        return net

    def __repr__(self) -> str:
        g = self.activation[0] if len({*self.activation}) == 1 else [*self.activation]
        names = f"activation={g!r}, output={self.output!r}, dtype={self.dtype}"
        return f"{type(self).__name__}({[*self.sizes]}, {names})"


def _read_theta(theta: Thetas) -> list[Array]:
    """Return the folded matrices in one dtype, once their shapes are found to fit."""
    given = dict(theta) if isinstance(theta, Mapping) else dict(enumerate(theta, 1))
    folded = {layer: _array(given[layer]) for layer in sorted(given)}
    shapes = {layer: matrix.shape for layer, matrix in folded.items()}
    fit = all(len(s) == 2 and s[0] > 0 and s[1] > 1 for s in shapes.values()) and bool(shapes)
    fit = fit and all(after[1] == before[0] + 1 for before, after in pairwise(shapes.values()))
    if not fit or [*shapes] != [*range(1, len(shapes) + 1)]:
        expected = "Θ^(1), Θ^(2), ... of shapes (s_{l+1}, s_l + 1), the bias in column 0"
        raise ValueError(f"theta has shapes {shapes}; expected {expected}")
    dtype = np.float32 if all(Θ.dtype == np.float32 for Θ in folded.values()) else np.float64
    return [as_floats(f"theta[{layer}]", matrix, dtype) for layer, matrix in folded.items()]


def _array(value: Any) -> Any:
    return value if isinstance(value, Tensor) else np.asarray(value)


def _parameter(value: Any, name: str) -> Tensor:
    """Return a leaf of its own, or the value itself if it has a derivative to hand on."""
    tracked = isinstance(value, Tensor) and value.requires_grad
    return value if tracked else Tensor(value, requires_grad=True, name=name)


def as_floats(name: str, value: Any, dtype: Any) -> Any:
    """Return real numbers in the network's dtype (the same array or Tensor if it has that)."""
    array = _array(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers")
    return array if array.dtype == dtype else array.astype(dtype)


def checked(name: str, array: Any, is_right: Function, expected: str) -> Any:
    """Return an array; raise for the first number in it that is not right.

    A Tensor that a transform or a compiler follows is not looked into.
    """
    values = array.node.value if isinstance(array, Tensor) else array
    followed = values is not array and (array.requires_grad or context.now.mode > TRACKED)
    if not followed and np.count_nonzero(right := is_right(values)) != right.size:
        at = tuple(np.argwhere(~right)[0].tolist())
        wrong = f"{np.count_nonzero(~right)} of {right.size} are not"
        raise ValueError(f"{name}{[*at] or ''} is {values[at]}; expected {expected} ({wrong})")
    return array


def _names(activation: Names, output: str, hidden: int) -> tuple[str, ...]:
    """Return the name of g of each layer 2 .. L."""
    given = [activation] if isinstance(activation, str) else list(activation)
    names = given * hidden if isinstance(activation, str) else given
    if len(names) != hidden or not {*given} <= {*HIDDEN}:
        each = f"; one for all, or a list of {hidden}, one for each hidden layer"
        raise ValueError(f"activation={activation!r}; expected {', '.join(HIDDEN)}{each}")
    if output not in OUTPUT:
        raise ValueError(f"output={output!r}; expected {', '.join(OUTPUT)}")
    return (*names, output)


def _fold(bias: Tensor, weights: Tensor) -> Any:
    parts: list[Any] = [bias, weights]
    if not _have_history(parts):
        parts = [part.detach().numpy() for part in parts]
    return np.concatenate([parts[0][:, np.newaxis], parts[1]], axis=1)


def _have_history(tensors: Sequence[Tensor]) -> bool:
    """Tell whether a transform or an operation would miss a derivative dropped here."""
    return any(t.requires_grad and t.node.cell is None for t in tensors)
