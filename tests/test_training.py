"""`ag.fit`: the step it takes, the best weights, Ctrl-C, its errors; and the history it returns."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import threading
import warnings
import xml.etree.ElementTree as ET
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import closed_form, optimisers
from autograd_mini.charts.lines import HEIGHT, WIDTH
from autograd_mini.data import load_digits, logic_table, one_hot
from autograd_mini.full_batch import METHODS, FullBatch
from autograd_mini.history import History
from autograd_mini.nn import Network, logistic_cost
from autograd_mini.optimisers import gradient_descent
from autograd_mini.training import accuracy

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (7, 3))
Y = one_hot(np.array([0, 1, 2, 0, 1, 2, 0]), 3)


def theta(net: Network) -> dict[int, Any]:
    return {layer: np.array(matrix) for layer, matrix in net.theta.items()}


def bits(net: Network) -> bytes:
    return b"".join(matrix.tobytes() for matrix in net.theta.values())


def net_of(*sizes: int, **settings: Any) -> Network:
    return Network(list(sizes), seed=1, **settings)


def fit(net: Network, *data: Any, **settings: Any) -> History:
    return ag.fit(net, *(data or (X, Y)), **{"progress": False} | settings)


# -- what a step is


@pytest.mark.parametrize("lam", [0.0, 3.0])
def test_one_full_step_is_theta_minus_alpha_d(lam: float) -> None:
    """Θ := Θ - α D, D from the closed form."""
    net = net_of(3, 4, 3)
    before = theta(net)
    D = closed_form.gradients(before, X, Y, lam)
    fit(net, lam=lam, optimizer="gradient-descent", rate=0.01, epochs=1, batch_size=None)
    for layer in before:
        np.testing.assert_allclose(
            net.theta[layer], before[layer] - 0.01 * D[layer], rtol=0, atol=1e-15
        )


def test_lambda_enters_a_batch_as_it_enters_all_examples() -> None:
    """A batch's step is along its mean data gradient plus (λ/m) Θ, with m of all examples."""
    net, lam, seed = net_of(3, 4, 3), 3.0, 5
    expected = theta(net)
    order = np.random.default_rng(seed).permutation(7)
    for batch in (order[:4], order[4:]):
        data = closed_form.gradients(expected, X[batch], Y[batch], 0.0)
        for layer, matrix in expected.items():
            weights = matrix * (np.arange(matrix.shape[1]) > 0)
            expected[layer] = matrix - 0.01 * (data[layer] + lam / 7 * weights)
    fit(net, lam=lam, optimizer="gradient-descent", rate=0.01, epochs=1, batch_size=4, seed=seed)
    for layer, matrix in expected.items():
        np.testing.assert_allclose(net.theta[layer], matrix, rtol=0, atol=1e-15)


def test_the_history_tells_j_over_all_examples() -> None:
    net = net_of(3, 4, 3)
    first = logistic_cost(net, X, Y, 2.0).item()
    history = fit(net, lam=2.0, epochs=3, batch_size=2)
    assert history["cost"][0] == first
    assert history["cost"][history.best] == logistic_cost(net, X, Y, 2.0).item()
    assert history["accuracy"][history.best] == accuracy(net, X, Y)
    assert history["epoch"].tolist() == [0, 1, 2, 3]
    assert history.settings["lam"] == 2.0


@pytest.mark.parametrize("optimizer", ["gradient-descent", "momentum", "adam"])
def test_xnor_is_learned(optimizer: str) -> None:
    inputs, outputs = logic_table("xnor")
    rate = 0.1 if optimizer == "adam" else 1.0
    net = net_of(2, 4, 1)
    history = fit(
        net, inputs, outputs, optimizer=optimizer, rate=rate, epochs=1500, batch_size=None
    )
    assert history["accuracy"][-1] == 1.0
    assert history["cost"][history.best] < 0.1


@pytest.mark.parametrize(
    ("cost", "output", "labels"),
    [
        ("logistic", "sigmoid", Y), ("quadratic", "sigmoid", Y), ("softmax", "softmax", Y),
        ("quadratic", "identity", Y), ("softmax", "softmax", Y.argmax(axis=1)),
        ("logistic", "sigmoid", Y.argmax(axis=1)), (logistic_cost, "sigmoid", Y),
    ],
)  # fmt: skip
def test_every_cost_falls(cost: Any, output: str, labels: Any) -> None:
    history = fit(net_of(3, 5, 3, output=output), X, labels, cost=cost, epochs=60)
    assert history["cost"][-1] < 0.7 * history["cost"][0]


def test_an_optimiser_of_ones_own() -> None:
    calls = []

    def own(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        calls.append((state, rate))
        moved, _ = gradient_descent(parameters, gradients, None, rate=rate)
        return moved, {"calls": len(calls)}

    history = fit(net_of(3, 3), optimizer=own, epochs=2, batch_size=None)
    assert calls == [(None, 0.01), ({"calls": 1}, 0.01)]
    assert history.settings["optimizer"] == "own"


@pytest.mark.parametrize("method", [*METHODS])
def test_a_full_batch_method_goes_down_an_iteration_an_epoch(method: str) -> None:
    net, twin = net_of(3, 4, 3), net_of(3, 4, 3)
    history = fit(net, optimizer=method, lam=0.1, epochs=9, jit=False)
    run = FullBatch(
        ag.value_and_grad(lambda p: logistic_cost(Network.__unflatten__(twin, p), X, Y, 0.1)),
        [parameter.detach().numpy() for parameter in twin.parameters],
        method,
    )
    assert history["cost"][1:].tolist() == [it.cost for it, _ in zip(run, range(9), strict=False)]
    assert history["cost"].tolist() == sorted(history["cost"], reverse=True)
    assert (history.best, history.ended) == (9, "epochs")
    assert history.settings["batch_size"] is history.settings["rate"] is None
    run.close()
    assert not [thread for thread in threading.enumerate() if "conversation" in thread.name]


def test_a_full_batch_method_that_is_at_the_bottom_ends_the_run() -> None:
    net = net_of(3, 3)
    history = fit(net, optimizer="l-bfgs", lam=1.0, epochs=10_000)
    assert history.ended == "converged"
    assert history.best == len(history) - 1 < 200
    again = fit(net, optimizer="l-bfgs", lam=1.0, epochs=10_000)
    assert (again.ended, again["cost"][-1]) == ("converged", pytest.approx(history["cost"][-1]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate": 0.1}, "rate=0.1; l-bfgs finds its own, leave rate out"),
        ({"clip": 1.0}, "clip=1.0; l-bfgs finds its own, leave clip out"),
        ({"batch_size": 5}, "batch_size=5; l-bfgs takes all examples a step, leave it out"),
    ],
)
def test_a_full_batch_method_has_no_use_for_it(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(net_of(3, 3), optimizer="l-bfgs", **given)


def test_without_scipy_the_cure_is_named_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    net = net_of(3, 3)
    before = bits(net)
    with pytest.raises(ImportError, match=r'pip install "autograd-mini\[scipy\]"'):
        fit(net, optimizer="l-bfgs")
    assert bits(net) == before


# -- schedules, clipping


def test_a_schedule_gives_the_rate_of_every_step() -> None:
    net, rates = net_of(3, 4, 3), [0.5, 0.0, 0.25, 0.125]
    expected, asked = theta(net), []

    def rate(step: int) -> float:
        asked.append(step)
        return rates[step]

    for alpha in rates:
        D = closed_form.gradients(expected, X, Y, 1.0)
        expected = {layer: matrix - alpha * D[layer] for layer, matrix in expected.items()}
    history = fit(net, optimizer="gradient-descent", rate=rate, lam=1.0, epochs=4, batch_size=None)
    assert asked == [0, 1, 2, 3]
    assert history.settings["rate"] == "rate"
    assert history.best == 4
    for layer, matrix in expected.items():
        np.testing.assert_allclose(net.theta[layer], matrix, rtol=0, atol=1e-15)


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "1", None])
def test_a_schedule_that_gives_no_rate_is_told(value: Any) -> None:
    with pytest.raises(ValueError, match="as the rate of step 2; expected a finite number, 0 or"):
        fit(net_of(3, 3), rate=lambda step: 0.1 if step < 2 else value, epochs=5, batch_size=None)


def test_a_clipped_step_is_no_longer_than_asked() -> None:
    net = net_of(3, 4, 3)
    before = np.concatenate([p.detach().numpy().ravel() for p in net.parameters])
    history = fit(net, optimizer="gradient-descent", rate=1.0, clip=1e-3, epochs=1, batch_size=None)
    after = np.concatenate([p.detach().numpy().ravel() for p in net.parameters])
    assert np.linalg.norm(after - before) == pytest.approx(1e-3, rel=2e-3)
    assert history.settings["clip"] == 1e-3


def test_an_optimisers_own_rate_is_taken() -> None:
    nets = [net_of(3, 4, 3) for _ in range(4)]
    fit(nets[0], optimizer=optimisers.adam.using(rate=0.05, beta1=0.8), epochs=2)
    fit(nets[1], optimizer=optimisers.adam.using(beta1=0.8), rate=0.05, epochs=2)
    fit(nets[2], optimizer=optimisers.momentum, epochs=2)
    fit(nets[3], optimizer="momentum", epochs=2)
    assert bits(nets[0]) == bits(nets[1])
    assert bits(nets[2]) == bits(nets[3])


# -- validation, early stopping, callbacks


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("labels", [Y, Y.argmax(axis=1), Y.astype(int)])
def test_a_share_of_every_class_is_kept_aside(labels: Any, seed: int) -> None:
    inputs, targets = np.tile(X, (10, 1)), np.concatenate([labels] * 10)
    seen = []

    def cost(net: Network, X: Any, Y: Any, lam: float) -> Any:
        seen.append((np.asarray(X), np.asarray(Y)))
        return logistic_cost(net, X, Y, lam)

    history = fit(net_of(3, 3), inputs, targets, cost=cost, validation=0.2, epochs=0, seed=seed)
    (X_train, Y_train), (X_kept, Y_kept) = seen[-2:]
    assert history.columns[-2:] == ["validation_cost", "validation_accuracy"]
    classes = Y_kept if Y_kept.ndim == 1 else Y_kept.argmax(axis=1)
    assert np.bincount(classes).tolist() == [6, 4, 4]
    assert len(X_train) == len(Y_train) == 56
    rows = sorted(map(tuple, np.concatenate([X_train, X_kept]).tolist()))
    assert rows == sorted(map(tuple, inputs.tolist()))
    assert history.settings["validation"] == 0.2


@pytest.mark.parametrize("targets", [np.linspace(0, 1, 7), RNG.uniform(0, 1, (7, 3))])
def test_targets_that_are_no_classes_are_split_as_well(targets: Any) -> None:
    net = Network([3, 1 if targets.ndim == 1 else 3], output="identity", seed=0)
    assert "validation_cost" in fit(
        net, X, targets, cost="quadratic", validation=0.3, epochs=1
    ).columns  # fmt: skip


def test_a_share_that_leaves_nothing_is_told() -> None:
    with pytest.raises(ValueError, match=r"fit: validation=0\.1: split: 0\.1 of 7 examples"):
        fit(net_of(3, 3), validation=0.1)


def test_patience_ends_a_run_that_gets_no_better() -> None:
    net = net_of(3, 4, 3)
    history = fit(net, optimizer=climbing, rate=0.1, epochs=50, batch_size=None, patience=4)
    assert (history.ended, history.best, len(history)) == ("patience", 3, 8)
    assert not history.interrupted
    assert logistic_cost(net, X, Y).item() == history["cost"][3]


def test_callbacks_see_the_run_and_end_it() -> None:
    seen: list[Any] = []

    def told(state: Any) -> None:
        weights = [p.detach().numpy().copy() for p in state.net.parameters]
        seen.append((state.epoch, dict(state.row), weights, state.best, state.step.count))

    net = net_of(3, 4, 3)
    history = fit(
        net, optimizer="momentum", epochs=9, batch_size=4,
        callbacks=[lambda state: state.epoch >= 3, told],
    )  # fmt: skip
    assert (history.ended, history.interrupted) == ("callback", False)
    assert [row for _, row, *_ in seen] == history.rows[1:]
    assert [(epoch, steps) for epoch, _, _, _, steps in seen] == [(1, 2), (2, 4), (3, 6)]
    for epoch, row, weights, _, _ in seen:
        now = Network.__unflatten__(net, weights)
        assert logistic_cost(now, X, Y).item() == row["cost"] == history["cost"][epoch]


def test_an_optimiser_that_writes_into_its_arrays_leaves_the_best_weights_alone() -> None:
    def inside(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        state = state or {"steps": 0}
        for parameter, gradient in zip(parameters, gradients, strict=True):
            np.add(parameter, (-rate if state["steps"] < 3 else rate) * gradient, out=parameter)
        return parameters, {"steps": state["steps"] + 1}

    net = net_of(3, 4, 3)
    history = fit(net, optimizer=inside, rate=0.1, epochs=8, batch_size=None)
    assert history.best == 3
    assert logistic_cost(net, X, Y).item() == history["cost"][3]


# -- the same numbers


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    nets = [net_of(3, 4, 3) for _ in range(3)]
    histories = [
        fit(net, epochs=5, batch_size=2, seed=seed)
        for net, seed in zip(nets, (7, 7, 8), strict=True)
    ]
    assert histories[0].rows == histories[1].rows
    assert bits(nets[0]) == bits(nets[1])
    assert bits(nets[0]) != bits(nets[2])


def test_the_weights_stay_the_same_tensors_in_float32() -> None:
    net = net_of(3, 4, 3, dtype=np.float32)
    before = net.parameters
    seen = set()

    def spy(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        seen.update(array.dtype for array in [*parameters, *gradients])
        return gradient_descent(parameters, gradients, state, rate=rate)

    fit(net, optimizer=spy, epochs=2, batch_size=3)
    assert seen == {np.dtype(np.float32)}
    assert all(now is then for now, then in zip(net.parameters, before, strict=True))
    assert all(parameter.dtype == np.float32 for parameter in net.parameters)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters)


def test_the_data_are_not_changed() -> None:
    inputs, outputs = X.copy(), Y.copy()
    fit(net_of(3, 4, 3), inputs, outputs, epochs=2, batch_size=2)
    assert np.array_equal(inputs, X)
    assert np.array_equal(outputs, Y)


# -- the best weights


def climbing(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
    """Descend for three epochs, then climb."""
    steps = 1 + (state or {"steps": 0})["steps"]
    sign = 1.0 if steps <= 3 else -1.0
    moved, _ = gradient_descent(parameters, gradients, None, rate=sign * rate)
    return moved, {"steps": steps}


def test_the_best_weights_are_kept() -> None:
    net = net_of(3, 4, 3)
    history = fit(net, optimizer=climbing, rate=0.1, epochs=8, batch_size=None)
    assert history.best == 3
    assert history["cost"].argmin() == 3
    assert logistic_cost(net, X, Y).item() == history["cost"][3]


def test_validation_data_choose_the_best_epoch() -> None:
    net = net_of(3, 4, 3)
    wrong = one_hot((Y.argmax(axis=1) + 1) % 3, 3)  # the better on one, the worse on the other
    history = fit(net, validation=(X, wrong), epochs=30, batch_size=None)
    assert history.columns == [
        "epoch", "cost", "accuracy", "validation_cost", "validation_accuracy"
    ]  # fmt: skip
    assert history["cost"].argmin() > history["validation_cost"].argmin() == history.best
    assert logistic_cost(net, X, wrong).item() == history["validation_cost"][history.best]


def test_a_cost_that_is_no_number_ends_the_run_with_the_best_weights() -> None:
    net = net_of(3, 4, 3)

    def leaping(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        steps = 1 + (state or {"steps": 0})["steps"]
        moved, _ = gradient_descent(parameters, gradients, None, rate=rate)
        return [np.nan * p if steps == 3 else p for p in moved], {"steps": steps}

    twin = net_of(3, 4, 3)
    fit(twin, optimizer="gradient-descent", rate=0.1, epochs=2, batch_size=None)
    with pytest.raises(
        FloatingPointError, match=r"cost became nan in epoch 3 with rate=0.1; give a"
    ):
        fit(net, optimizer=leaping, rate=0.1, epochs=9, batch_size=None)
    assert bits(net) == bits(twin)


def test_a_rate_beyond_measure_is_a_clear_error() -> None:
    net = Network([3, 4, 3], "relu", "identity", seed=1)
    before = bits(net)
    with pytest.raises(FloatingPointError, match="give a smaller rate"):
        fit(net, cost="quadratic", optimizer="gradient-descent", rate=1e200, epochs=5)
    assert bits(net) == before


def test_the_parameters_have_one_layout_whatever_an_optimiser_gives() -> None:
    """From a file they come in C order; another one may give BLAS's last bits another value."""
    layouts = []

    def fortran(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        moved, _ = gradient_descent(parameters, gradients, None, rate=rate)
        return [np.asfortranarray(parameter) for parameter in moved], {}

    def look(state: Any) -> None:
        layouts.extend(parameter.flags.c_contiguous for parameter in state.step.parameters)

    fit(net_of(3, 4, 3), optimizer=fortran, epochs=2, callbacks=[look])
    assert all(layouts)
    assert len(layouts) == 8


# -- Ctrl-C


def interrupting(at: int, times: int = 1) -> Any:
    """Gradient descent that gets Ctrl-C in its step `at`."""
    steps = 0

    def step(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        nonlocal steps
        steps += 1
        if steps == at:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return gradient_descent(parameters, gradients, state, rate=rate)

    return step


@pytest.mark.parametrize("at", [1, 4, 5, 6])
def test_ctrl_c_ends_after_the_batch_and_keeps_the_best_weights(at: int) -> None:
    net = net_of(3, 4, 3)
    history = fit(net, optimizer=interrupting(at), rate=0.5, epochs=2, batch_size=3)
    # Three batches an epoch; what was learned in the epoch that was not finished counts too.
    assert history.interrupted == (at < 6)
    assert len(history) == 1 + (at + 2) // 3
    assert history["cost"][history.best] == logistic_cost(net, X, Y).item()
    assert history["cost"][history.best] < history["cost"][0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_breaks_off_with_the_best_weights() -> None:
    net = net_of(3, 4, 3)
    twin = net_of(3, 4, 3)
    fit(twin, optimizer="gradient-descent", rate=0.5, epochs=2, batch_size=None)
    with pytest.raises(KeyboardInterrupt):
        fit(net, optimizer=interrupting(3, times=2), rate=0.5, epochs=9, batch_size=None)
    assert bits(net) == bits(twin)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_somebody_elses_handler_is_left_alone() -> None:
    caught = []

    def handler(number: int, frame: Any) -> None:
        caught.append(number)

    before = signal.signal(signal.SIGINT, handler)
    try:
        history = fit(net_of(3, 3), optimizer=interrupting(2), epochs=3, batch_size=None)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught == [signal.SIGINT]
    assert not history.interrupted


def test_it_trains_in_another_thread() -> None:
    histories = []
    thread = threading.Thread(target=lambda: histories.append(fit(net_of(3, 3), epochs=2)))
    thread.start()
    thread.join()
    assert len(histories[0]) == 3


# -- progress


def test_the_bar_shows_cost_and_accuracy() -> None:
    told = io.StringIO()
    with redirect_stderr(told):
        history = fit(net_of(3, 4, 3), epochs=3, progress="digits")
    assert "digits: 100%" in told.getvalue()
    assert f"cost={history['cost'][-1]:.4f}" in told.getvalue()
    assert f"accuracy={history['accuracy'][-1]:.2%}" in told.getvalue()
    assert "3/3" in told.getvalue()


def test_the_bar_shows_validation_and_goes_on_from_where_it_was(tmp_path: Path) -> None:
    told = io.StringIO()
    given = {"validation": 0.5, "checkpoint": tmp_path / "c.npz", "optimizer": "momentum"}
    fit(net_of(3, 4, 3), epochs=2, **given)
    with redirect_stderr(told):
        history = fit(net_of(3, 4, 3), epochs=4, progress="digits", resume=True, **given)
    assert f"validation={history['validation_accuracy'][-1]:.2%}" in told.getvalue()
    assert "50%" in told.getvalue().split("\r")[1]  # two of four were done
    assert "4/4" in told.getvalue()


CELL = """
import sys
import autograd_mini as ag
net = ag.nn.Network([2, 4, 1], seed=0)
X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [1, 0, 0, 1]
history = ag.fit(net, X, y, epochs=5, batch_size=None, progress="XNOR")
print("ipywidgets" in sys.modules)
"""


@pytest.mark.slow
def test_in_a_notebook_the_bar_is_one_line_below_its_cell() -> None:
    """In a real kernel, without widgets: a line that is written anew, and nothing on stderr."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    with warnings.catch_warnings(action="ignore"):  # of the client's own event loop
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    (bar,) = [each for each in outputs if each.output_type == "display_data"]
    assert [*bar.data] == ["text/plain"]
    assert "XNOR: 100%" in bar.data["text/plain"]
    assert "5/5" in bar.data["text/plain"]
    assert "accuracy=" in bar.data["text/plain"]
    assert [each.text for each in outputs if each.output_type == "stream"] == ["False\n"]


def test_without_progress_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    fit(net_of(3, 3), epochs=2)
    assert capfd.readouterr() == ("", "")


def test_tqdm_is_loaded_only_for_a_bar() -> None:
    program = (
        "import sys, autograd_mini as ag\n"
        "ag.fit(ag.nn.Network([2, 1]), [[0., 1.]], [1], epochs=1, progress=False)\n"
        "print([name for name in ('tqdm', 'matplotlib') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


# -- errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lam": -1.0}, "lam=-1.0; expected a finite number, 0 or more"),
        ({"lam": np.nan}, "lam=nan; expected"),
        ({"lam": "1"}, "lam='1'; expected"),
        ({"rate": 0}, "rate=0; expected a finite number above 0"),
        ({"rate": np.inf}, "rate=inf"),
        ({"epochs": -1}, "epochs=-1; expected a whole number, 0 or more"),
        ({"epochs": 2.5}, "epochs=2.5"),
        ({"epochs": True}, "epochs=True"),
        ({"batch_size": 0}, "batch_size=0; expected a whole number above 0, or None"),
        ({"cost": "hinge"}, "cost='hinge'; expected one of 'logistic'"),
        (
            {"optimizer": "magic"},
            "optimizer='magic'; expected one of 'gradient-descent', 'momentum'",
        ),
        ({"cost": "softmax"}, "softmax"),
        ({"clip": 0.0}, "clip=0.0; expected a finite number above 0, or None"),
        ({"patience": 0}, "patience=0; expected a whole number above 0, or None"),
        ({"validation": 1.5}, r"validation=1.5; expected \(X, Y\), or a share between 0 and 1"),
        ({"callbacks": [3]}, "callbacks=3; expected a function"),
        ({"optimizer": ["adam"]}, r"optimizer=\['adam'\]; expected one of"),
        ({"validation": (X[:, :2], Y)}, r"X has shape \(7, 2\)"),
        ({"validation": (X, Y[:3])}, r"\(3, 3\)"),
    ],
)
def test_bad_settings_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(net_of(3, 4, 3), **settings)


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (X[0], Y[0], r"X has shape \(3,\); expected \(m, 3\)"),
        (X[:0], Y[:0], r"X has shape \(0, 3\)"),
        (X[:, :2], Y, r"X has shape \(7, 2\)"),
        (X, Y[:, :2], r"\(7, 2\)"),
        (X, np.full(7, 3), "3"),
        (np.where(np.eye(7, 3) > 0, np.nan, X), Y, "nan"),
        (X, np.where(np.eye(7, 3) > 0, np.inf, Y), "inf"),
    ],
)
def test_bad_data_are_refused_before_anything_is_changed(
    inputs: Any, labels: Any, message: str
) -> None:
    net = net_of(3, 4, 3)
    before = bits(net)
    with pytest.raises(ValueError, match=message):
        fit(net, inputs, labels)
    assert bits(net) == before


def test_only_networks_are_trained() -> None:
    with pytest.raises(TypeError, match=r"fit trains an nn\.Network, got list"):
        fit([1.0])  # type: ignore[arg-type]


# -- accuracy


def test_accuracy_counts_what_is_right() -> None:
    one = Network.from_theta([np.array([[0.0, 1.0]])])  # h >= 1/2 where x >= 0
    assert accuracy(one, [[1.0], [-1.0], [2.0], [3.0]], [1, 0, 0, 1]) == 0.75
    assert accuracy(one, [[1.0], [-1.0]], [[1], [1]]) == 0.5
    two = Network.from_theta([np.array([[0.0, 1.0], [0.0, -1.0]])])
    assert accuracy(two, [[1.0], [-1.0]], [0, 0]) == 0.5
    assert accuracy(two, [[1.0], [-1.0]], [[1, 0], [0, 1]]) == 1.0
    assert accuracy(two, [[1.0], [0.0]], [[1, 0], [1, 1]]) == 1.0  # several ones: each on its side


def test_test_data_are_shown_and_choose_nothing() -> None:
    nets = [net_of(3, 4, 3) for _ in range(2)]
    plain = fit(nets[0], epochs=8, batch_size=2)
    beside = fit(nets[1], epochs=8, batch_size=2, test=(X, np.roll(Y, 1, axis=1)))
    assert beside.columns == [*plain.columns, "test_accuracy"]
    assert beside.best == plain.best
    assert beside["cost"].tolist() == plain["cost"].tolist()
    assert (beside["test_accuracy"] + beside["accuracy"]).max() <= 1 + 1e-12
    for ours, others in zip(*(net.parameters for net in nets), strict=True):
        assert np.array_equal(ours.detach().numpy(), others.detach().numpy())


# -- history


COLUMNS = ["epoch", "cost", "accuracy", "validation_cost", "validation_accuracy"]
HISTORY = History(
    [
        dict(zip(COLUMNS, row, strict=True))
        for row in [(0, 7.0, 0.1, 8.0, 0.0), (1, 0.5, 0.8, 0.7, 0.7), (2, 0.2, 0.9, 0.9, 0.8)]
    ],
    best=1,
    settings={"lam": 0.1},
)  # fmt: skip


def test_the_history_is_a_table() -> None:
    assert HISTORY["cost"].tolist() == [7.0, 0.5, 0.2]
    assert [row["epoch"] for row in HISTORY] == [0, 1, 2]
    assert len(HISTORY) == 3
    lines = str(HISTORY).splitlines()
    assert lines[0].split() == HISTORY.columns
    assert lines[2].split() == ["1", "0.5000", "0.8000", "0.7000", "0.7000", "best"]
    assert {len(line.removesuffix("  best")) for line in lines} == {len(lines[0])}
    with pytest.raises(KeyError, match="no column 'loss'; there are epoch, cost"):
        HISTORY["loss"]
    long = History([{"epoch": k, "cost": 1.0} for k in range(1001)], best=777)
    assert [int(line.split()[0]) for line in str(long).splitlines()[1:]] == sorted(
        {*range(0, 1001, 50), 777}
    )


def test_the_history_is_json() -> None:
    content = json.loads(HISTORY.to_json())
    assert content["rows"] == HISTORY.rows
    assert (content["best"], content["interrupted"]) == (1, False)
    assert content["settings"] == {"lam": 0.1}


SVG = "{http://www.w3.org/2000/svg}"


def points(svg: str) -> list[list[tuple[float, float]]]:
    lines = ET.fromstring(svg).iter(f"{SVG}polyline")
    return [
        [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]  # type: ignore[misc]
        for line in lines
    ]


def test_the_curves_are_drawn_where_the_numbers_are() -> None:
    svg = HISTORY.svg()
    assert svg == HISTORY.svg()
    cost, validation_cost, share, _ = points(svg)
    assert [x for x, _ in cost] == [0, WIDTH / 2, WIDTH]
    assert 0 <= cost[0][1] < cost[1][1] < cost[2][1] <= HEIGHT  # downwards is larger
    assert validation_cost[0][1] < cost[0][1]
    # A logarithmic axis: equal factors are equal distances.
    assert (cost[1][1] - cost[0][1]) / (cost[2][1] - cost[1][1]) == pytest.approx(
        np.log(14) / np.log(2.5), abs=0.01
    )
    # A linear one: 0.1, 0.8, 0.9.
    assert (share[0][1] - share[1][1]) / (share[1][1] - share[2][1]) == pytest.approx(7, abs=0.05)
    texts = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert {"cost J", "accuracy", "training", "validation", "0.2", "10"} <= {*texts}
    assert "epoch (dotted: the best, 1)" in texts


def test_the_axis_of_accuracy_begins_near_the_data() -> None:
    share = [0.1, 0.9, *np.linspace(0.975, 1.0, 28)]
    rows = [
        {"epoch": k, "cost": 1.0, "accuracy": a, "test_accuracy": a - 0.02}
        for k, a in enumerate(share)
    ]
    history = History(rows, best=29)
    _, ours, tests = points(history.svg())
    assert ours[-1] == (WIDTH, 0)
    assert tests[-1][1] > HEIGHT / 4  # 2 points apart are seen
    for line in (ours, tests):
        assert line[0][1] == HEIGHT  # it comes up from below the axis
        assert 1 < line[0][0] < 2 * WIDTH / 29
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
    texts = {text.text for text in ET.fromstring(history.svg()).iter(f"{SVG}text")}
    assert {"training", "test", "1"} <= texts
    low, high = history.plot().axes[1].get_ylim()
    assert 0.9 < low < 0.96
    assert 1.0 < high < 1.01


@pytest.mark.parametrize(
    "costs",
    [
        [0.5],
        [0.5, 0.5],
        [0.0, 0.0],
        [1e-12, 1.0],
        [1e9, 3e9, 2e9],
        [5e-324, 1.0],
        [1e-200, 1e200],
        [0.7, 0.70001],
    ],
)
def test_curves_of_any_numbers_stay_inside_their_axes(costs: list[float]) -> None:
    rows = [{"epoch": k, "cost": cost, "accuracy": 1.0} for k, cost in enumerate(costs)]
    for line in points(History(rows).svg()):
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)


def test_the_history_plots_with_matplotlib() -> None:
    figure = HISTORY.plot()
    cost, share = figure.axes
    assert cost.get_yscale() == "log"
    assert cost.lines[0].get_ydata().tolist() == [7.0, 0.5, 0.2]
    assert share.lines[1].get_ydata().tolist() == [0, 0.7, 0.8]
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    assert drawn.getvalue().startswith(b"\x89PNG")


def test_without_matplotlib_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    cure = 'pip install "autograd-mini[plot]"; history.svg() needs nothing'
    with pytest.raises(ImportError, match=re.escape(cure)):
        HISTORY.plot()
    assert HISTORY.svg().startswith("<svg")


# -- digits


def test_a_few_epochs_learn_digits() -> None:
    inputs, labels = load_digits()
    net = net_of(64, 25, 10)
    history = fit(net, inputs, labels, lam=0.1, optimizer="momentum", epochs=5)
    assert history["accuracy"][-1] > 0.9


def test_a_row_of_the_history_takes_one_pass_and_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cost and accuracy are read from one forward pass; a user's own cost is given examples."""
    X, y = np.linspace(-1.0, 1.0, 34).reshape(17, 2), np.arange(17) % 2
    forward, seen = ag.nn.Network.forward, []

    def counted(net: Any, X: Any, *more: Any) -> Any:
        seen.append(len(X))
        return forward(net, X, *more)

    def digest(*data: Any) -> Any:
        raise AssertionError("only a checkpoint needs a digest of the data")

    def own(net: Any, X: Any, Y: Any, lam: float) -> Any:
        assert isinstance(X, np.ndarray | ag.Tensor)
        return ag.nn.logistic_cost(net, X, Y, lam)

    monkeypatch.setattr(ag.nn.Network, "forward", counted)
    monkeypatch.setattr("autograd_mini.training.run.about", digest)
    settings: dict[str, Any] = {"epochs": 2, "batch_size": 5, "progress": False, "jit": False}
    one = ag.fit(ag.nn.Network([2, 3, 1], seed=0), X, y, **settings)
    assert seen.count(17) == 1 + 3, "the examples are looked at, then a row at each end of an epoch"
    other = ag.fit(ag.nn.Network([2, 3, 1], seed=0), X, y, cost=own, **settings)
    for name in ("cost", "accuracy"):
        assert np.array_equal(one[name], other[name])
