"""The note's pictures, chapter 4: backpropagation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import note_model
import numpy as np
from sketch import BACKWARD, FORWARD, GRID, NOTE, Axes, Sketch, number

from autograd_mini import closed_form

Names = dict[str, Any]
FIGURES: dict[str, Callable[[Names], str]] = {}
figure = partial(note_model.figure, figures=FIGURES)
SOFT = "#fbe9dd"


@figure
def delta_output(names: Names) -> Sketch:
    sheet = Sketch(620, 190, "δ^(4) = a^(4) − y")
    a, y = names["a"][4][0], names["Y"][0]
    for k in (1, 2):
        height = 76 + 70 * (k - 1)
        left, wide = 90.0, 360.0
        sheet.line([(left, height), (left + wide, height)], NOTE, 1.4)
        for end in (0, 1):
            sheet.line([(left + wide * end, height - 5), (left + wide * end, height + 5)], NOTE)
            sheet.text(left + wide * end, height + 22, str(end), 12, NOTE)
        sheet.arrow((left + wide * y[k - 1], height), (left + wide * a[k - 1], height), BACKWARD, 3)
        sheet.dot(left + wide * y[k - 1], height, NOTE, 5)
        sheet.dot(left + wide * a[k - 1], height, FORWARD, 5)
        sheet.text(left + wide * y[k - 1], height - 10, f"y_{k}", 13, NOTE)
        sheet.text(left + wide * a[k - 1], height - 10, f"a_{k}^(4)", 13, FORWARD)
        sheet.text(470, height + 5, f"δ_{k}^(4) = {number(a[k - 1] - y[k - 1], 4)}", 14, BACKWARD,
                   "start")  # fmt: skip
    return sheet


@figure
def delta_hidden(names: Names) -> Sketch:
    sheet = Sketch(800, 220, "δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l))")
    δ, x = {l: names["delta"][l][0] for l in (2, 3, 4)}, 20.0

    def column(values: Any, label: str, bold: bool) -> None:
        nonlocal x
        tall = 24 * len(values)
        sheet.table(x, 130 - tall / 2, values[:, np.newaxis], label, 3, (58, 24), 0.6)
        if bold:
            sheet.frame(x, 130 - tall / 2, len(values), 1, BACKWARD, (58, 24))
        x += 58

    def times(words: str) -> None:
        nonlocal x
        sheet.arrow((x + 72, 130), (x + 6, 130), BACKWARD)
        sheet.text(x + 39, 118, words, 13, BACKWARD)
        x += 78

    for l in (2, 3):
        column(δ[l], f"δ^({l})", True)
        times(f".* g'(z^({l}))")
        column(names["weights"][l].T @ δ[l + 1], f"∂cost/∂a^({l})", False)
        times(f"(Θ^({l}))ᵀ")
    column(δ[4], "δ^(4)", True)
    return sheet


@figure
def g_prime(names: Names) -> Sketch:
    sheet = Sketch(600, 320, "g'(z) = a .* (1 − a)")
    axes = Axes(sheet, (60, 50, 490, 210), (-4, 4), (0, 1), range(-4, 5), [0, 0.5, 1], "z", "a")
    z = np.linspace(-4, 4, 81)
    axes.curve(z, 1 / (1 + np.exp(-z)))
    for at, slope in zip(names["points"], names["found"], strict=True):
        a = 1 / (1 + np.exp(-at))
        axes.curve([at - 0.8, at + 0.8], [a - 0.8 * slope, a + 0.8 * slope], BACKWARD, 2)
        sheet.dot(*axes.place(at, a), BACKWARD)
    sheet.text(axes.x(0.2), axes.y(0.44), f"g'(0) = {names['found'][2]:.2f}", 12, BACKWARD, "start")
    return sheet


@figure
def column(names: Names) -> Sketch:
    sheet = Sketch(800, 290, "∂cost/∂a_j = Σ_i Θ_ij δ_i")
    weights, δ = names["weights"][2], names["recorded"][3][0]
    sheet.table(60, 96, weights, "Θ^(2)")
    sheet.frame(60, 120, 1, 5, FORWARD)
    sheet.frame(108, 96, 4, 1, BACKWARD)
    sheet.table(340, 96, δ[:, np.newaxis], "δ^(3)", 3, (56, 24))
    for j in range(1, 6):
        sheet.text(84 + 48 * (j - 1), 210, f"j = {j}", 11, NOTE)
    for i in range(1, 5):
        sheet.text(54, 113 + 24 * (i - 1), f"i = {i}", 11, NOTE, "end")
    sheet.text(132, 240, "j = 2:  Θᵀδ", 13, BACKWARD)
    sheet.text(260, 240, "i = 2:  Θ a", 13, FORWARD)
    for k, (x, words) in enumerate(((470, "a_j → z_i"), (650, "δ_i → ∂cost/∂a_j"))):
        sheet.text(x + 55, 270, words, 13, (FORWARD, BACKWARD)[k])
    for j in range(5):
        sheet.arrow((488, 70 + 40 * j), (566, 110), FORWARD, 1.3)
        sheet.circle(472, 70 + 40 * j, f"a_{j + 1}", "unit", 15, 11)
    sheet.circle(584, 110, "z_2", "unit", 17)
    for i in range(4):
        sheet.arrow((752, 90 + 40 * i), (672, 150), BACKWARD, 1.3)
        sheet.circle(768, 90 + 40 * i, f"δ_{i + 1}", "unit", 15, 11)
    sheet.circle(654, 150, "a_2", "unit", 17)
    return sheet


@figure
def outer(names: Names) -> Sketch:
    sheet = Sketch(600, 270, "∂cost/∂Θ_ij = a_j δ_i")
    a, δ = np.insert(names["a"][1][0], 0, 1), names["recorded"][2][0]
    sheet.table(230, 74, a, "a^(1)", 3, (60, 26))
    sheet.table(120, 120, δ[:, np.newaxis], "δ^(2)", 3, (60, 26))
    sheet.table(230, 120, np.outer(δ, a), "", 4, (60, 26))
    sheet.box(230 + 120, 120 + 52, 60, 26, border=BACKWARD, thick=2.4)
    sheet.text(484, 190, "i = 3, j = 2", 13, BACKWARD, "start")
    sheet.text(205, 190, "×", 16, NOTE)
    return sheet


@figure
def descent(names: Names) -> Sketch:
    sheet = Sketch(560, 340, "Θ := Θ − α ∂J/∂Θ")
    axes = Axes(sheet, (40, 40, 480, 282), (-4, 4), (-2.1, 2.6))
    turn = np.linspace(0, 2 * np.pi, 73)
    curvature = np.diag(names["bowl"])
    for J in (0.1, 0.4, 0.9, 1.6, 2.5, 3.25):
        x = np.sqrt(2 * J / curvature[0]) * np.cos(turn)
        y = np.sqrt(2 * J / curvature[1]) * np.sin(turn)
        axes.curve(x, y, "#b9c1c8", 1.1)
    at, G = names["start"], names["uphill"]
    sheet.arrow(axes.place(*at), axes.place(*(at + 0.28 * G)), BACKWARD, 2.6)
    sheet.text(*axes.place(-2.2, 2.3), "∂J/∂Θ", 14, BACKWARD, "start")
    for _ in range(9):
        step = at - 0.28 * curvature * at
        sheet.arrow(axes.place(*at), axes.place(*step), FORWARD, 1.8)
        at = step
    sheet.dot(*axes.place(*names["start"]), BACKWARD, 5)
    sheet.text(*axes.place(-1.7, 0.9), "−α ∂J/∂Θ", 14, FORWARD, "start", halo=True)
    return sheet


@figure
def gang(names: Names) -> Sketch:
    sheet = Sketch(720, 330, "∂cost/∂Θ_ij = a_j · g'(z_i) · Σ_k Θ_ki δ_k")
    i, j = names["i"], names["j"]
    sheet.arrow((138, 130), (316, 130), FORWARD, 2.4)
    sheet.text(228, 120, f"Θ_{i}{j}^(2)", 14, FORWARD)
    sheet.circle(100, 130, f"a_{j}^(2)", "unit", 36, 14)
    for k in (1, 2):
        end = (560, 90 + 80 * (k - 1))
        sheet.arrow((end[0] - 28, end[1]), (394, 130 + (8 if k == 2 else -8)), BACKWARD)
        weight = names["weights"][3][k - 1, i - 1]
        sheet.text(470, 98 + 66 * (k - 1), f"Θ_{k}{i}^(3) = {number(weight)}", 12, halo=True)
        sheet.circle(*end, f"δ_{k}^(4)", "output unit", 26, 13)
        sheet.text(594, end[1] + 4, number(names["recorded"][4][0, k - 1]), 12, NOTE, "start")
    sheet.circle(356, 130, f"z_{i}^(3)", "unit", 36, 14)
    said = [
        (100, "实力 strength", f"a_{j}", names["senior"], FORWARD),
        (356, "潜力 potential", f"g'(z_{i})", names["junior"], BACKWARD),
        (560, "人脉 connections", f"Σ_k Θ_k{i} δ_k", names["connections"], BACKWARD),
    ]
    for x, words, formula, value, colour in said:
        sheet.text(x, 222, words, 14, bold=True)
        sheet.text(x, 246, f"{formula} = {number(value, 4)}", 13, colour)
    sheet.text(228, 246, "×", 18, NOTE)
    sheet.text(458, 246, "×", 18, NOTE)
    product = names["senior"] * names["junior"] * names["connections"]
    sheet.text(360, 284, f"∂cost/∂Θ_{i}{j}^(2) = {number(product, 6)}", 15, BACKWARD)
    sheet.text(360, 312, f"洗白 going straight:  −∂cost/∂Θ_{i}{j}^(2) = {number(-product, 6)}", 15,
               FORWARD)  # fmt: skip
    return sheet


@figure
def algorithm(names: Names) -> Sketch:
    sheet = Sketch(820, 380)
    loop = [
        ("a^(1) := x^(i)", FORWARD),
        ("z^(l+1) := Θ^(l) a^(l),   a^(l+1) := g(z^(l+1))", FORWARD),
        ("δ^(L) := a^(L) − y^(i)", BACKWARD),
        ("δ^(l) := (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l))", BACKWARD),
        ("Δ^(l) := Δ^(l) + δ^(l+1) (a^(l))ᵀ", BACKWARD),
    ]
    sheet.text(40, 40, "Δ^(l) := 0", 14, anchor="start")
    sheet.box(24, 60, 380, 200, fill="#f7f9fa")
    sheet.text(40, 84, f"i = 1, ..., m        (m = {names['m']})", 14, NOTE, "start")
    for k, (words, colour) in enumerate(loop):
        sheet.text(64, 116 + 32 * k, words, 15, colour, "start")
    sheet.line([(404, 238), (424, 238), (424, 80), (408, 80)], NOTE)
    sheet.arrow((424, 80), (406, 80))
    sheet.text(40, 296, "D_ij^(l) := (1/m) Δ_ij^(l) + (λ/m) Θ_ij^(l)     j ≥ 1", 15, anchor="start")
    sheet.text(40, 326, "D_ij^(l) := (1/m) Δ_ij^(l)     j = 0", 15, anchor="start")
    sheet.text(40, 360, "D^(l) = ∂J/∂Θ^(l)", 15, BACKWARD, "start", bold=True)
    spine = ["a1", "z2", "a2", "z3", "a3", "z4", "a4", "J"]
    x, places = 620.0, {}
    for k, name in enumerate(spine):
        places[name] = (x, 36.0 + 44 * k)
    for k, name in enumerate(spine[:-1]):
        (_, y), (_, below) = places[name], places[spine[k + 1]]
        sheet.arrow((x - 5, y + 15), (x - 5, below - 15), FORWARD)
        if k:
            sheet.arrow((x + 5, below - 15), (x + 5, y + 15), BACKWARD)
    for l in (1, 2, 3):
        y = places[f"z{l + 1}"][1]
        sheet.box(476, y - 14, 50, 28, f"Θ^({l})", "#fdf1d6", "#b87700")
        sheet.arrow((528, y - 4), (x - 34, y - 4), FORWARD)
        sheet.arrow((x - 34, y + 5), (528, y + 5), BACKWARD)
        sheet.text(x + 44, y + 5, f"δ^({l + 1})/m = ∂J/∂z^({l + 1})", 13, BACKWARD, "start")
        sheet.text(500, y + 30, f"D^({l})", 12, BACKWARD)
    for name, at in places.items():
        kind = {"a1": "input", "J": "output unit", "a4": "output unit"}.get(name, "unit")
        sheet.box(at[0] - 32, at[1] - 14, 64, 28, name if name == "J" else f"{name[0]}^({name[1]})",
                  "#ffffff" if kind == "unit" else SOFT, "#0072b2")  # fmt: skip
    return sheet


@figure
def learning(names: Names) -> Sketch:
    sheet = Sketch(600, 280, "Θ := Θ − α D")
    ticks = [1e-3, 1e-2, 1e-1, 1]
    axes = Axes(sheet, (70, 50, 480, 170), (0, 2000), (1e-3, 1), range(0, 2001, 500), ticks, "",
                "J", log=True)  # fmt: skip
    axes.curve(range(0, 2000, 10), names["costs"][::10])
    return sheet


@figure
def slide_lambda(names: Names) -> Sketch:
    sheet = Sketch(620, 240, "(Δ/m + λΘ) − D = (1 − 1/m) λ Θ")
    sheet.table(60, 84, names["gap"][1], "l = 1")
    sheet.frame(60, 84, 5, 1, FORWARD)
    sheet.table(310, 84, names["gap"][2], "l = 2", cell=(44, 24))
    sheet.frame(310, 84, 4, 1, FORWARD, (44, 24))
    sheet.text(84, 226, "j = 0", 11, NOTE)
    sheet.text(332, 200, "j = 0", 11, NOTE)
    return sheet


@figure
def folded(names: Names) -> Sketch:
    sheet = Sketch(660, 190)
    row, x = names["net"].theta[1][0], np.insert(names["X"][0], 0, 1)
    sheet.table(90, 60, row, "Θ^(1)", cell=(54, 26))
    sheet.frame(90, 60, 1, 1, BACKWARD, (54, 26))
    sheet.table(90, 120, x, "", cell=(54, 26), strongest=4)
    sheet.text(80, 78, "i = 1", 12, NOTE, "end")
    sheet.text(80, 138, "a^(1)", 13, NOTE, "end")
    sheet.text(117, 164, "a_0 = 1", 12, BACKWARD)
    sheet.text(346, 108, "=", 18, NOTE)
    sheet.table(390, 60, row[:1], "bias", cell=(54, 26), strongest=1)
    sheet.frame(390, 60, 1, 1, BACKWARD, (54, 26))
    sheet.table(480, 60, row[1:], "weights", cell=(54, 26), strongest=1)
    sheet.table(480, 120, x[1:], "", cell=(54, 26), strongest=4)
    sheet.text(417, 138, "+", 18, NOTE)
    return sheet


@figure
def delta_is(names: Names) -> Sketch:
    sheet = Sketch(600, 310, "δ_j^(l) = ∂cost(i)/∂z_j^(l)")
    theta, X, Y = names["net"].theta, names["X"][:1], names["Y"][:1]
    z, unit = names["z"][2][0, 3], 3

    def cost(at: float) -> float:
        moved = {l: theta[l].copy() for l in theta}
        moved[1][unit, 0] += at - z
        return float(closed_form.cost(moved, X, Y))

    points = np.linspace(-4, 4, 41)
    costs = [cost(at) for at in points]
    low, high = min(costs) - 0.02, max(costs) + 0.02
    axes = Axes(sheet, (70, 50, 480, 200), (-4, 4), (low, high), range(-4, 5), (), "z_4^(2)",
                "cost(1)")  # fmt: skip
    axes.curve(points, costs)
    slope, here = names["recorded"][2][0, unit], cost(z)
    axes.curve([z - 2, z + 2], [here - 2 * slope, here + 2 * slope], BACKWARD, 2)
    sheet.dot(*axes.place(z, here), BACKWARD)
    sheet.text(axes.x(z) + 16, axes.y(here) + 22, f"δ_4^(2) = {number(slope, 4)}", 14, BACKWARD,
               "start", halo=True)  # fmt: skip
    return sheet


@figure
def question(names: Names) -> Sketch:
    sheet = Sketch(800, 412)
    a, y = names["a"][4][0, 0], names["Y"][0, 0]
    slope = names["g_prime"][4][0, 0]
    rows = [
        ("a_2^(3)", "z_2^(3)", "Θ_12 δ_1 + Θ_22 δ_2", names["slide_2"], names["g_prime"][3][0, 1],
         "δ_2^(3)"),
        ("a_1^(4)", "z_1^(4)", "(a − y) / (a (1 − a))", (a - y) / slope, slope, "δ_1^(4) = a − y"),
        ("a_1^(4)", "z_1^(4)", "a − y", a - y, slope, "δ_1^(4) = (a − y) g'(z)"),
    ]  # fmt: skip
    costs = ["", "−[ y log a + (1 − y) log(1 − a) ]", "½ (a − y)^2"]
    for k, (at_a, at_z, formula, value, g_prime, δ) in enumerate(rows):
        y_at = 76 + 132 * k
        sheet.box(12, y_at - 58, 776, 118, fill="#f7f9fa", border=GRID)
        sheet.circle(60, y_at, at_z, "unit" if k == 0 else "output unit", 26)
        sheet.arrow((88, y_at - 6), (330, y_at - 6), FORWARD)
        sheet.arrow((330, y_at + 7), (88, y_at + 7), BACKWARD)
        sheet.text(209, y_at - 14, "g", 14, FORWARD)
        sheet.text(209, y_at + 26, f"× g'(z) = {number(g_prime, 4)}", 14, BACKWARD)
        sheet.circle(358, y_at, at_a, "unit" if k == 0 else "output unit", 26)
        sheet.text(358, y_at + 48, f"∂cost/∂a = {formula} = {number(value, 4)}", 14, BACKWARD)
        sheet.text(20, y_at + 48, f"{δ} = {number(value * g_prime, 4)}", 14, BACKWARD, "start")
        if k == 0:
            for i in (1, 2):
                end = (660, y_at - 30 + 52 * (i - 1))
                sheet.arrow((end[0] - 22, end[1]), (386, y_at + (6 if i == 2 else -6)), BACKWARD)
                sheet.text(520, y_at - 22 + 40 * (i - 1), f"Θ_{i}2", 13, halo=True)
                sheet.circle(*end, f"δ_{i}", "output unit", 20)
        else:
            sheet.arrow((386, y_at - 6), (520, y_at - 6), FORWARD)
            sheet.arrow((520, y_at + 7), (386, y_at + 7), BACKWARD)
            sheet.box(524, y_at - 18, 250, 36, costs[k], "#e0f3ec", "#00805c")
    return sheet


@figure
def pairs(names: Names) -> Sketch:
    sheet = Sketch(720, 210)
    heads = ["a = g(z)", "cost(i)", "∂cost/∂a", "δ^(L)", "δ^(L) = a − y"]
    lefts = [40, 160, 330, 480, 610]
    for x, head in zip(lefts, heads, strict=True):
        sheet.text(x, 34, head, 14, NOTE, "start")
    said = [
        ("sigmoid", "logistic", "(a − y) / (a (1 − a))", "a − y"),
        ("softmax", "softmax", "−y_k / a_k", "a − y"),
        ("identity", "quadratic", "a − y", "a − y"),
        ("sigmoid", "quadratic", "a − y", "(a − y) g'(z)"),
    ]
    for k, row in enumerate(said):
        y = 66 + 38 * k
        sheet.line([(30, y - 24), (690, y - 24)], GRID)
        cancels = names["cancels"][row[:2]]
        for x, words in zip(lefts, row, strict=False):
            sheet.text(x, y, words, 14, anchor="start")
        sheet.text(650, y, "✓" if cancels else "✗", 18, FORWARD if cancels else BACKWARD)
    return sheet
