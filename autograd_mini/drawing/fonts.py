"""Letters that the built-in font of graphviz-pure lacks, and who can draw them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from typing import Final

__all__ = ["complaint", "uncovered", "without_font"]

BLOCKS: Final = (
    (0x20, 0x52F),  # Latin, Greek, Cyrillic
    (0x590, 0x5FF),  # Hebrew
    (0x1D00, 0x1DBF),
    (0x1E00, 0x20BE),  # more Latin and Greek, punctuation, superscripts
    (0x2100, 0x214F),
)
SYMBOLS: Final = frozenset("←↑→↓↔↕∂∆∏∑−∙√∞∟∩∫≈≉≠≡≢≤≥≮≯≰≱─│┌┐└┘├┤┬┴┼═║█▌▐░▒▓■□▪▫▬▲►▼◄◊○◌●◦")
"""Beyond the blocks, of what graphviz-pure 0.2.2 draws: tested against its pictures."""
MOST_NAMED: Final = 5
TIME_LIMIT: Final = 10.0


def uncovered(text: str) -> list[str]:
    """Return the letters of a text that graphviz-pure would draw as empty boxes.

    >>> uncovered("θ: ∂J/∂z = 中文中")
    ['中', '文']
    """
    return sorted(letter for letter in set(text) if letter.isprintable() and not _covered(letter))


def _covered(letter: str) -> bool:
    return letter in SYMBOLS or any(first <= ord(letter) <= last for first, last in BLOCKS)


def without_font(letters: Iterable[str]) -> list[str]:
    """Return those of the letters that no font of this machine has, where that can be asked.

    A `dot` without fontconfig (on Windows, on macOS) draws with the system's own fonts, which have
    them.
    """
    program = shutil.which("fc-list")
    return [] if program is None else [c for c in letters if not _is_listed(program, c)]


def _is_listed(program: str, letter: str) -> bool:
    try:
        listed = subprocess.run(
            [program, f":charset={ord(letter):x}", "family"],
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(listed.stdout.strip())


def complaint(letters: list[str], kind: str) -> str:
    """Return a line that says which letters a picture shows as boxes, and what to do.

    >>> complaint(["中"], "png").partition(";")[0]
    'no font here draws 中, which is an empty box in the PNG'
    """
    named = " ".join(letters[:MOST_NAMED]) + " …" * (len(letters) > MOST_NAMED)
    boxes = "which is an empty box" if len(letters) == 1 else "which are empty boxes"
    return (
        f"no font here draws {named}, {boxes} in the {kind.upper()}; save as .svg, which is drawn "
        "with its viewer's fonts, or install Graphviz and a font for them (apt install graphviz "
        "fonts-noto-cjk)"
    )
