"""`python -m benchmarks` is `autograd-mini bench`, from the root of the repository."""

from __future__ import annotations

import sys

from autograd_mini.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["bench", *sys.argv[1:]]))
