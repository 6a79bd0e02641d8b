"""How well colours are told apart: contrast as WCAG 2 defines it, and as the colour-blind see."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

Colour = np.ndarray[Any, np.dtype[np.float64]]

SIGHT: Final[dict[str, list[list[float]]]] = {
    "full": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
"""Of linear RGB: Machado, Oliveira and Fernandes (2009), severity 1."""
TO_XYZ: Final = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]


def linear(colour: str) -> Colour:
    """A colour #rrggbb as linear RGB."""
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """From 1 (none) to 21 (black on white)."""
    dark, light = sorted(float(np.dot(TO_XYZ[1], linear(colour))) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: Colour) -> Colour:
    """Linear RGB in CIE L*a*b*, white being that of daylight."""
    ratio = np.asarray(TO_XYZ) @ rgb / [0.95047, 1.0, 1.08883]
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: str, other: str) -> float:
    """The least distance in L*a*b* of two colours, however one sees; 2.3 can just be noticed."""
    return min(
        float(np.linalg.norm(np.subtract(*(lab(_seen(colour, kind)) for colour in (one, other)))))
        for kind in SIGHT
    )


def _seen(colour: str, kind: str) -> Colour:
    return np.clip(np.asarray(SIGHT[kind]) @ linear(colour), 0.0, 1.0)
