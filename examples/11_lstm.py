"""11. An LSTM learns a sentence by heart, letter after letter.

After "a" comes " " once and "y" another time: who sees the last letter only has to guess, and a
guess costs bits. The cell c carries on what came before (Hochreiter and Schmidhuber 1997; the
forget gate is from Gers, Schmidhuber and Cummins 2000).
Run it with `python examples/11_lstm.py [steps, 200 if not given]`.
"""

import sys

import numpy as np

import autograd_mini as ag
from autograd_mini.nn import log_softmax, sigmoid
from autograd_mini.optimisers import adam

TEXT = "a chain of slopes is a slope: multiply along a way, add up where ways meet."


def step(p, x, h, c):
    """The input x, the output h and the memory c of a moment before: the next h and c."""
    n = len(c)
    z = x @ p["of x"] + h @ p["of h"] + p["bias"]
    admit, keep, show = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n])
    c = keep * c + admit * np.tanh(z[3 * n :])
    return show * np.tanh(c), c


def cost(p, X, labels):
    """The mean surprise at the letter that comes, in bits; X the letters before, one a row."""
    h = c = np.zeros(len(p["of h"]))
    outputs = []
    for x in X:
        h, c = step(p, x, h, c)
        outputs.append(h)
    log_h = log_softmax(np.stack(outputs) @ p["to letters"] + p["bias of letters"])
    return -np.mean(log_h[np.arange(len(labels)), labels]) / np.log(2)


def write(p, letters, count):
    """Begin with the text's first letter; then the likeliest letter, again and again."""
    h = c = np.zeros(len(p["of h"]))
    written = [letters.index(TEXT[0])]
    while len(written) < count:
        h, c = step(p, np.eye(len(letters))[written[-1]], h, c)
        written.append(int(np.argmax(h @ p["to letters"] + p["bias of letters"])))
    return "".join(letters[i] for i in written)


def initial(rng, letters, units):
    """Small weights; the forget gate open at first, so that memories last."""
    p = {
        "of x": 0.3 * rng.normal(size=(letters, 4 * units)),
        "of h": rng.normal(size=(units, 4 * units)) / np.sqrt(units),
        "bias": np.zeros(4 * units),
        "to letters": rng.normal(size=(units, letters)) / np.sqrt(units),
        "bias of letters": np.zeros(letters),
    }
    p["bias"][units : 2 * units] = 1.0
    return p


def bits_of_pairs(numbers):
    """The mean surprise of who knows how often each letter follows each other."""
    pairs = np.zeros((numbers.max() + 1, numbers.max() + 1))
    np.add.at(pairs, (numbers[:-1], numbers[1:]), 1)
    share = (pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1))[pairs > 0]
    return -np.sum(pairs[pairs > 0] * np.log2(share)) / pairs.sum()


def main(steps):
    letters = sorted(set(TEXT))
    numbers = np.array([letters.index(letter) for letter in TEXT])
    X, labels = np.eye(len(letters))[numbers[:-1]], numbers[1:]
    p, state = initial(np.random.default_rng(0), len(letters), units=32), None
    print(f"{len(TEXT)} letters, {len(letters)} different; bits of surprise at each letter")
    print(f"  knowing nothing          {np.log2(len(letters)):.3f}")
    print(f"  knowing the last letter  {bits_of_pairs(numbers):.3f}")
    for k in range(steps + 1):
        bits, D = ag.value_and_grad(cost)(p, X, labels)
        if k % (steps // 4) == 0:
            print(f"  LSTM after {k:3d} steps     {bits:.3f}   {write(p, letters, len(TEXT))!r}")
        moved, state = adam(list(p.values()), list(D.values()), state, rate=0.01)
        p = dict(zip(p, moved, strict=True))
    print(f"it has learned the text by heart: {write(p, letters, len(TEXT)) == TEXT}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
