"""Records what PyTorch's optimisers do, step by step: tests/trajectories.npz.

Run it as ``python tests/record_trajectories.py`` where PyTorch and NumPy are installed (the file
says of which version it is); the tests compare with the file and need no PyTorch. The gradients
are sums and products of exact numbers, so they are the same bits on both sides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("trajectories.npz")
STEPS = 50
SHAPES = [(2, 2), (2,), ()]
SIZE = 7


def start() -> list[np.ndarray[Any, Any]]:
    return cut(np.arange(SIZE) / 4 - 0.75)


def cut(vector: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Seven numbers as arrays of the three shapes."""
    return [vector[:4].reshape(2, 2), vector[4:6], vector[6].reshape(())]


def gradient(step: int, parameter: Any, which: int) -> Any:
    """A bowl of which every number has its own curvature, and a jolt that changes with the step."""
    curvature = cut(np.array([0.5, 2.0, 0.125, 1.0, 3.0, 0.0, 0.25]))[which]
    jolts = (np.arange(1, SIZE + 1) * (step + 1) * 7919) % 1009 / 512 - 1
    jolts *= 4.0 if step % 10 == 3 else 0.25
    if step % 10 == 7:
        jolts[:] = 0.0
    return curvature * parameter + cut(jolts)[which]


def cases(torch: Any) -> dict[str, tuple[Any, Any, Any]]:
    """Names, and what makes optimiser, schedule and clipping of each."""
    optim, schedules = torch.optim, torch.optim.lr_scheduler
    clip = torch.nn.utils

    def warm_cosine(made: Any) -> Any:
        warm = schedules.LinearLR(made, start_factor=0.125, total_iters=8)
        then = schedules.CosineAnnealingLR(made, T_max=42, eta_min=0.001)
        return schedules.SequentialLR(made, [warm, then], milestones=[8])

    def descent(**settings: Any) -> Any:
        return lambda p: optim.SGD(p, **settings)

    return {
        "gradient-descent": (descent(lr=0.125), None, None),
        "gradient-descent, step decay": (
            descent(lr=0.25), lambda o: schedules.StepLR(o, step_size=12, gamma=0.5), None
        ),
        "momentum": (descent(lr=0.1, momentum=0.9), None, None),
        "momentum, cosine": (
            descent(lr=0.2, momentum=0.5),
            lambda o: schedules.CosineAnnealingLR(o, T_max=50, eta_min=0.01), None,
        ),
        "nesterov": (descent(lr=0.1, momentum=0.9, nesterov=True), None, None),
        "nesterov, warm-up and cosine": (
            descent(lr=0.2, momentum=0.8, nesterov=True), warm_cosine, None
        ),
        "rmsprop": (lambda p: optim.RMSprop(p, lr=0.02), None, None),
        "rmsprop, momentum": (
            lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-6, momentum=0.7), None, None
        ),
        "rmsprop, centred": (lambda p: optim.RMSprop(p, lr=0.02, centered=True), None, None),
        "rmsprop, centred, momentum": (
            lambda p: optim.RMSprop(p, lr=0.01, alpha=0.8, centered=True, momentum=0.9), None, None
        ),
        "adam": (lambda p: optim.Adam(p, lr=0.05), None, None),
        "adam, other numbers": (
            lambda p: optim.Adam(p, lr=0.1, betas=(0.7, 0.95), eps=1e-3), None, None
        ),
        "adam, clipped by norm": (
            lambda p: optim.Adam(p, lr=0.05), None, lambda p: clip.clip_grad_norm_(p, 2.5)
        ),
        "momentum, clipped by value": (
            descent(lr=0.1, momentum=0.9), None, lambda p: clip.clip_grad_value_(p, 0.75)
        ),
        "adamw": (lambda p: optim.AdamW(p, lr=0.05, weight_decay=0.1), None, None),
        "adamw, warm-up and cosine": (
            lambda p: optim.AdamW(p, lr=0.1, betas=(0.8, 0.99)), warm_cosine, None
        ),
    }  # fmt: skip


def recorded(torch: Any, make: Any, schedule: Any, clip: Any) -> np.ndarray[Any, Any]:
    """Every parameter after every step, (STEPS, SIZE)."""
    parameters = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in start()]
    optimiser = make(parameters)
    scheduler = schedule(optimiser) if schedule else None
    path = []
    for step in range(STEPS):
        for which, p in enumerate(parameters):
            p.grad = torch.tensor(gradient(step, p.detach().numpy(), which), dtype=torch.float64)
        if clip:
            clip(parameters)
        optimiser.step()
        if scheduler:
            scheduler.step()
        path.append(np.concatenate([p.detach().numpy().ravel() for p in parameters]))
    return np.array(path)


if __name__ == "__main__":
    import warnings

    import torch

    # The sequence of two schedules calls the second in a way that PyTorch itself warns of.
    warnings.filterwarnings("ignore", category=UserWarning, module="torch")
    tables = {name: recorded(torch, *made) for name, made in cases(torch).items()}
    np.savez_compressed(FILE, PyTorch=torch.__version__, **tables)
