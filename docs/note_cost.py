"""The note's pictures, chapter 3: the cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import note_model
import numpy as np
from sketch import BACKWARD, FORWARD, NOTE, Axes, Sketch, number

Names = dict[str, Any]
FIGURES: dict[str, Callable[[Names], str]] = {}
figure = partial(note_model.figure, figures=FIGURES)


@figure
def outputs(names: Names) -> Sketch:
    sheet = Sketch(560, 210, "h_Θ(x) ∈ R^K,   s_L = K")
    h, y = names["a"][4][0], names["Y"][0]
    sheet.table(60, 80, names["a"][3][0][:, np.newaxis], "a^(3)", strongest=2)
    sheet.arrow((116, 128), (190, 128), FORWARD)
    sheet.text(153, 118, "Θ^(3), g", 13, FORWARD)
    for k in (1, 2):
        y_at = 2 + 58 * k
        sheet.circle(224, y_at + 18, f"a_{k}^(4)", "output unit", 22)
        sheet.text(262, y_at + 23, f"(h_Θ(x))_{k} = {number(h[k - 1], 4)}", 14, anchor="start")
        sheet.text(430, y_at + 23, f"y_{k} = {y[k - 1]:.0f}", 14, NOTE, "start")
    sheet.text(224, 200, "K = 2", 13, NOTE)
    return sheet


@figure
def one_vs_all(names: Names) -> Sketch:
    sheet = Sketch(600, 190, "h_k = g(θ_kᵀ x),   J = Σ_k J(θ_k)")
    sheet.table(80, 80, names["Θ"], "Θ", cell=(56, 34))
    for k, colour in enumerate((FORWARD, BACKWARD), start=1):
        y = 80 + 34 * (k - 1)
        sheet.frame(80, y, 1, 4, colour, (56, 34))
        sheet.text(70, y + 22, f"θ_{k}ᵀ", 14, colour, "end")
        sheet.arrow((310, y + 17), (390, 66 + 56 * k - 12), colour)
        sheet.circle(412, 66 + 56 * k - 12, f"h_{k}", "output unit", 20)
        J_k = names["one_by_one"][k - 1][0]
        sheet.text(446, 66 + 56 * k - 7, f"J(θ_{k}) = {number(J_k, 4)}", 14, colour, "start")
    for j, head in enumerate(["j = 0", "1", "2", "3"]):
        sheet.text(108 + 56 * j, 166, head, 11, NOTE)
    return sheet


@figure
def cost(names: Names) -> Sketch:
    sheet = Sketch(600, 330, "cost(i) = −[ y log h + (1 − y) log(1 − h) ]")
    axes = Axes(sheet, (70, 60, 480, 210), (0, 1), (0, 4), [0, 0.25, 0.5, 0.75, 1], range(5), "h")
    h = np.linspace(np.exp(-4), 1 - np.exp(-4), 60)
    axes.curve(h, -np.log(h))
    axes.curve(h, -np.log(1 - h), BACKWARD)
    sheet.text(axes.x(0.1), axes.y(3), "y = 1: −log h", 13, FORWARD, "start")
    sheet.text(axes.x(0.9), axes.y(3), "y = 0: −log(1 − h)", 13, BACKWARD, "end")
    for one, y in zip(names["h"].ravel(), names["Y"].ravel(), strict=True):
        value = -np.log(one) if y else -np.log(1 - one)
        sheet.dot(*axes.place(one, value), FORWARD if y else BACKWARD)
    return sheet


@figure
def mean(names: Names) -> Sketch:
    sheet = Sketch(600, 290, "∂J/∂Θ_11 = (1/m) Σ_i ∂cost(i)/∂Θ_11")
    values = [float(D[0, 1]) for D in names["alone"]]
    bound = 1.35 * max(map(abs, values))
    axes = Axes(sheet, (80, 50, 420, 190), (0.4, 6.6), (-bound, bound), range(1, 7), [0], "i")
    for i, value in enumerate(values, start=1):
        top, bottom = max(value, 0.0), min(value, 0.0)
        sheet.box(axes.x(i) - 16, axes.y(top), 32, axes.y(bottom) - axes.y(top), "",
                  "#f3d9c9" if value < 0 else "#cfe3f0")  # fmt: skip
        sheet.text(axes.x(i), axes.y(top) - 5 if value > 0 else axes.y(bottom) + 14,
                   number(value, 3), 11, NOTE)  # fmt: skip
    average = float(names["together"][0, 1])
    axes.curve([0.4, 6.6], [average, average], BACKWARD, 2, "6 4")
    sheet.text(508, axes.y(average) + 4, f"D_11 = {number(average, 3)}", 12, BACKWARD, "start")
    return sheet


@figure
def bias(names: Names) -> Sketch:
    sheet = Sketch(720, 290)
    axes = Axes(sheet, (60, 60, 260, 170), (0, 10), (0.4, 1), range(0, 11, 2), [0.5, 0.7, 0.9],
                "λ", "h")  # fmt: skip
    points = np.arange(0, 10.5, 0.5)
    axes.curve(points, [names["best_bias"](λ) for λ in points], BACKWARD)
    axes.curve([0, 10], [0.9, 0.9], FORWARD, 2, "6 4")
    sheet.text(axes.x(6), axes.y(0.9) - 8, "λ: j ≥ 1", 13, FORWARD)
    sheet.text(axes.x(6), axes.y(0.69), "λ: j ≥ 0", 13, BACKWARD)
    added = names["with_λ"].theta[1] - names["without"].theta[1]
    sheet.table(430, 84, added, "(λ/m) Θ^(1)")
    sheet.frame(430, 84, 5, 1, BACKWARD)
    for j, head in enumerate(["j = 0", "1", "2", "3"]):
        sheet.text(454 + 48 * j, 222, head, 11, NOTE)
    return sheet
