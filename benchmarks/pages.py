"""How long a page takes to write and to open, and how large it is: `python -m benchmarks.pages`.

It needs chromium, chromedriver and selenium, as the tests of pages do. To open is from the start of
the navigation to the end of the load event, by which the picture is drawn: the best of five.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

import autograd_mini as ag
from tests.browser import driven, missing

OPENED = "const t = performance.timing; return t.loadEventEnd - t.navigationStart"
ROUNDS = 5


def chain(length: int) -> Any:
    """A parameter and `length` operations in a row."""
    x: Any = ag.Tensor(0.5, requires_grad=True, name="x")
    for _ in range(length):
        x = np.tanh(x)
    return x


def network() -> Any:
    """The cost of a network of 64, 25 and 10 units for five examples."""
    net = ag.nn.Network([64, 25, 10], seed=0)
    examples = np.random.default_rng(0).random((5, 64))
    return ag.nn.logistic_cost(net, examples, np.arange(5), lam=1.0)


PAGES: dict[str, Callable[[], Any]] = {
    "64-25-10, all nodes": lambda: ag.draw(network(), budget=None),
    "500 nodes, all drawn": lambda: ag.draw(chain(499), budget=None),
    "1,000 nodes, all drawn": lambda: ag.draw(chain(999), budget=None),
    "1,000 nodes, folded": lambda: ag.draw(chain(999)),
    "100,000 nodes, folded": lambda: ag.draw(chain(99_999)),
}


def measured(driver: Any, picture: Any, path: Path) -> tuple[float, int, float]:
    """Return the seconds to write a page, its bytes, and the seconds to open it."""
    start = perf_counter()
    picture.save(path)
    written = perf_counter() - start
    taken = []
    for _ in range(ROUNDS):
        driver.get(path.as_uri())
        taken.append(driver.execute_script(OPENED))
    return written, path.stat().st_size, min(taken) / 1000


def main() -> None:
    """Print a line for each page."""
    if told := missing():
        raise SystemExit(told)
    with TemporaryDirectory() as folder:
        browser = driven(Path(folder) / "profile")
        driver = next(browser)
        print(f"{'page':24} {'write':>8} {'size':>9} {'open':>8}")
        for name, build in PAGES.items():
            written, size, opened = measured(driver, build(), Path(folder) / "page.html")
            print(f"{name:24} {written:6.2f} s {size / 1e6:6.2f} MB {opened:6.2f} s", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
