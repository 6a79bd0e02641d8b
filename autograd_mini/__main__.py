"""``python -m autograd_mini`` is the command ``autograd-mini``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
