"""The note's pictures, chapters 0 to 2: the model and its gates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sketch import BACKWARD, FORWARD, NOTE, Axes, Sketch, number

import autograd_mini as ag

Names = dict[str, Any]
FIGURES: dict[str, Callable[[Names], str]] = {}


def figure(
    draw: Callable[[Names], Sketch], figures: dict[str, Callable[[Names], str]] = FIGURES
) -> Callable[[Names], Sketch]:
    """Put a function on the list, under its own name; it gets what the cells have computed."""
    figures[draw.__name__] = lambda names: draw(names).svg()
    return draw


@figure
def depth(names: Names) -> Sketch:
    sheet = Sketch(720, 320, "‖∂J/∂Θ^(l)‖")
    for k, (g, rows) in enumerate(names["norms"].items()):
        ticks = [10.0**p for p in range(-6, 2)]
        box = (70 + 340 * k, 56, 270, 200)
        axes = Axes(sheet, box, (1, 9), (3e-7, 30), range(1, 10), ticks, "l", g, log=True)
        for row in rows:
            axes.curve(range(1, 10), row, "#b9c1c8", 0.8)
        axes.curve(range(1, 10), np.median(rows, axis=0), BACKWARD, 2.6)
    return sheet


@figure
def network(names: Names) -> Sketch:
    sheet = Sketch(760, 330, "a^(2) = g(Θ^(1) a^(1) + bias^(1))")
    sizes = names["sizes"]
    place = sheet.layers(sizes, 50, 400, 60, 264)
    for j in (1, 2, 3):
        sheet.line([place[1, j], place[2, 2]], FORWARD, 2.2)
    for l, i in place:
        if (l, i) == (2, 2) or l == 1:
            sheet.circle(*place[l, i], f"a_{i}^({l})", "input" if l == 1 else "unit", 17, 11)
    sheet.circle(*place[2, 2], "a_2^(2)", "unit", 19, 12)
    for l in (1, 2, 3):
        x = (place[l, 1][0] + place[l + 1, 1][0]) / 2
        shape = " × ".join(map(str, names["net"].theta[l].shape))
        sheet.text(x, 306, f"Θ^({l})", 14)
        sheet.text(x, 324, shape, 11, NOTE)
    sheet.table(500, 110, names["net"].theta[1], "Θ^(1)")
    sheet.frame(500, 134, 1, 4, FORWARD)
    for j, head in enumerate(["bias", "j = 1", "j = 2", "j = 3"]):
        sheet.text(524 + 48 * j, 248, head, 11, NOTE)
    for i in range(1, 6):
        sheet.text(494, 127 + 24 * (i - 1), f"i = {i}", 11, NOTE, "end")
    return sheet


@figure
def forward(names: Names) -> Sketch:
    sheet = Sketch(760, 230, "a^(j+1) = g(Θ^(j) a^(j) + bias^(j))")
    x, z, a = 30.0, names["z"], names["a"]
    for l in (1, 2, 3, 4):
        columns = [("a^(1) = x", a[1])] if l == 1 else [(f"z^({l})", z[l]), (f"a^({l})", a[l])]
        for k, (label, values) in enumerate(columns):
            column = values[0][:, np.newaxis]
            sheet.table(x, 140 - 12 * len(column), column, label, cell=(52, 24), strongest=2)
            x += 52
            if l < 4 or k == 0:
                step = f"Θ^({l})" if k == len(columns) - 1 else "g"
                room = 62 if step != "g" else 40
                sheet.arrow((x + 4, 140), (x + room - 4, 140), FORWARD)
                sheet.text(x + room / 2 - 3, 130, step, 13, FORWARD)
                x += room
    return sheet


@figure
def unit(names: Names) -> Sketch:
    sheet = Sketch(620, 230, "h_θ(x) = g(θᵀx)")
    x = [1.0, *names["X"][0]]
    θ = names["net"].theta[1][1]
    for k in range(4):
        at = (90, 66 + 44 * k)
        sheet.circle(*at, "1" if k == 0 else f"x_{k}", "bias" if k == 0 else "input")
        sheet.text(64, at[1] + 4, number(x[k]), 12, NOTE, "end")
        sheet.arrow((110, at[1]), (282, 132), FORWARD if θ[k] > 0 else BACKWARD)
        middle = (168, at[1] + 0.34 * (132 - at[1]) + 4)
        sheet.text(*middle, f"Θ_2{k} = {number(θ[k])}", 12, halo=True)
    sheet.circle(310, 132, "Σ", "unit", 26, 18)
    sheet.text(310, 180, f"z_2^(2) = {number(θ @ x)}")
    sheet.arrow((336, 132), (438, 132), FORWARD)
    sheet.text(386, 122, "g", 14)
    sheet.circle(466, 132, number(names["a2"][1]), "output unit", 26, 13)
    sheet.text(466, 180, "a_2^(2) = h_θ(x)")
    return sheet


@figure
def last_layer(names: Names) -> Sketch:
    sheet = Sketch(640, 320, "∂J/∂Θ^(3) = (1/m) Σ_i (h^(i) − y^(i)) (a^(3))ᵀ")
    place = sheet.layers(names["sizes"], 60, 460, 64, 270)
    x = place[3, 1][0]
    sheet.line([(x + 40, 48), (x + 40, 290)], BACKWARD, 1.6, "6 4")
    sheet.text((60 + x) / 2, 308, "x → a^(3)", 14, NOTE)
    sheet.text(x + 130, 308, "h_k = g(θ_kᵀ a^(3))", 14, FORWARD)
    for k in (1, 2):
        sheet.text(place[4, k][0] + 26, place[4, k][1] + 4, f"h_{k} − y_{k}", 14, BACKWARD, "start")
    return sheet


@figure
def sigmoid(_: Names) -> Sketch:
    sheet = Sketch(640, 420, "g(z) = 1 / (1 + e^{−z})")
    z = np.linspace(-8, 8, 81)
    g = 1 / (1 + np.exp(-z))
    above = Axes(sheet, (60, 56, 540, 130), (-8, 8), (0, 1.1), range(-8, 9, 2), [0, 0.5, 1])
    above.curve(z, g)
    for at, value in ((4.6, 0.99), (-4.6, 0.01)):
        sheet.line([above.place(at, 0), above.place(at, value)], BACKWARD, 1.4, "4 3")
        sheet.dot(*above.place(at, value), BACKWARD)
        sheet.text(above.x(at), above.y(value) - 10 if at < 0 else above.y(value) + 22,
                   f"g({number(at, 1)}) = {value}", 12, BACKWARD, halo=True)  # fmt: skip
    below = Axes(sheet, (60, 240, 540, 130), (-8, 8), (0, 1.1), range(-8, 9, 2), [0, 0.25, 1], "z")
    below.curve([-8, 0, 0, 8], [0, 0, 1, 1], NOTE, 2, "6 4")
    below.curve(z, g * (1 - g), BACKWARD)
    sheet.text(below.x(4), below.y(1) + 18, "ReLU: g'(z)", 12, NOTE)
    sheet.text(below.x(-2.6), below.y(0.25) + 4, "sigmoid: g'(z) = a (1 − a)", 12, BACKWARD, "end")
    return sheet


@figure
def and_gate(names: Names) -> Sketch:
    sheet = Sketch(520, 230, "h = g(−30 + 20 x_1 + 20 x_2)")
    for k, weight in enumerate(ag.nn.gates.AND.theta[1][0]):
        at, colour = (60.0, 70 + 60.0 * k), FORWARD if weight > 0 else BACKWARD
        sheet.arrow((80, at[1]), (214, 130), colour, 1.8, "" if weight > 0 else "5 3")
        sheet.text(140, at[1] + 0.45 * (130 - at[1]) + 4, number(weight, 0), 13, colour, halo=True)
        sheet.circle(*at, f"x_{k}" if k else "+1", "input" if k else "bias", 20)
    sheet.circle(240, 130, "AND", "output unit", 28)
    for k, head in enumerate(("x_1", "x_2", "z", "h")):
        sheet.text(330 + 46 * k, 66, head, 13, NOTE)
    rows = zip(names["corners"], names["gate_z"], names["gate_h"], strict=True)
    for i, (x, z, h) in enumerate(rows):
        for k, value in enumerate((*x, z, h)):
            colour = FORWARD if i == 3 else NOTE
            sheet.text(330 + 46 * k, 96 + 28 * i, number(value, 0), 14, colour, bold=k == 3)
    return sheet


@figure
def xnor(names: Names) -> Sketch:
    sheet = Sketch(760, 300, "XNOR(x_1, x_2) = OR(AND(x_1, x_2), NOR(x_1, x_2))")
    leaves = [(50.0, 80.0 + 48 * k) for k in range(4)]
    gates, root = [(170.0, 104.0), (170.0, 200.0)], (280.0, 152.0)
    for k, leaf in enumerate(leaves):
        sheet.arrow((leaf[0] + 18, leaf[1]), (gates[k // 2][0] - 25, gates[k // 2][1]))
        sheet.circle(*leaf, f"x_{1 + k % 2}", "input")
    for at, word in zip(gates, ("AND", "NOR"), strict=True):
        sheet.arrow((at[0] + 24, at[1]), (root[0] - 25, root[1]))
        sheet.circle(*at, word, "unit", 24)
    sheet.circle(*root, "OR", "output unit", 24)
    for l, x in enumerate((50, 170, 280), start=1):
        sheet.text(x, 280, f"l = {l}", 12, NOTE)
        sheet.text(400 + 150 * (l - 1), 280, f"l = {l}", 12, NOTE)
    theta, words = names["xnor"].theta, {2: ("AND", "NOR"), 3: ("OR",)}
    where = {1: [(400, 70), (400, 150), (400, 230)], 2: [(550, 60), (550, 132), (550, 212)],
             3: [(700, 152)]}  # fmt: skip
    for l in (1, 2):
        for i, row in enumerate(theta[l]):
            end = where[l + 1][i + (l == 1)]
            for j, weight in enumerate(row):
                start = where[l][j]
                colour = FORWARD if weight > 0 else BACKWARD
                dash = "" if weight > 0 else "5 3"
                sheet.arrow((start[0] + 18, start[1]), (end[0] - 25, end[1]), colour, 1.6, dash)
                t = 0.3 + 0.38 * i if l == 1 else 0.45
                at = (start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]))
                sheet.text(at[0], at[1] + 4, number(weight, 0), 12, colour, halo=True)
    for l in (1, 2):
        sheet.circle(*where[l][0], "+1", "bias")
    for j in (1, 2):
        sheet.circle(*where[1][j], f"x_{j}", "input")
        sheet.circle(*where[2][j], words[2][j - 1], "unit", 24)
    sheet.circle(*where[3][0], "OR", "output unit", 24)
    return sheet


@figure
def planes(names: Names) -> Sketch:
    sheet = Sketch(680, 340)
    y = names["Y_xnor"].ravel()
    for k, (points, labels) in enumerate(
        [(names["corners"], ("x_1", "x_2")), (names["levels"][2], ("AND", "NOR"))]
    ):
        box = (60 + 340 * k, 40, 240, 240)
        axes = Axes(sheet, box, (-0.3, 1.3), (-0.3, 1.3), (0, 1), (0, 1), *labels)
        if k == 1:
            axes.curve([-0.3, 0.8], [0.8, -0.3], NOTE, 2)
            sheet.text(axes.x(0.3), axes.y(0.3) - 4, "−10 + 20 AND + 20 NOR = 0", 11, NOTE, "start",
                       halo=True)  # fmt: skip
        for place, value in zip(points, y, strict=True):
            colour = FORWARD if value else BACKWARD
            sheet.dot(*axes.place(*place), colour, 11)
            sheet.text(axes.x(place[0]), axes.y(place[1]) + 5, f"{value:.0f}", 13, "#ffffff")
        if k == 1:
            sheet.text(axes.x(0) + 16, axes.y(0) + 22, "(0, 1), (1, 0)", 11, NOTE, "start")
    return sheet
