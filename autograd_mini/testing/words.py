"""What a mistake is called, what it looks like, the note's line against it; in two languages.

The words themselves are in words.toml, beside this file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, NamedTuple

LANGUAGES = ("en", "zh")


class Told(NamedTuple):
    """A text in English and in Chinese."""

    en: str
    zh: str


class Line(NamedTuple):
    """A line of the note: where it stands, the formula, a word beside it."""

    section: str
    line: str
    beside: Told

    def text(self, index: int) -> str:
        """Return the line in the language of this index."""
        return f"{self.section}: {' '.join(self.line.split())} ({self.beside[index]})"


class Words(NamedTuple):
    """One mistake in words: its name, what it looks like, the formulas, the note's line."""

    name: Told
    looks: Told
    wrong: str
    right: str
    note: Line


def _told(texts: Mapping[str, Mapping[str, str]]) -> dict[str, Told]:
    return {key: Told(**text) for key, text in texts.items()}


def _mistakes(texts: Mapping[str, Any], note: dict[str, Line]) -> dict[str, Words]:
    return {
        key: Words(
            Told(**text["name"]), Told(**text["looks"]), text["wrong"], text["right"],
            note[text["note"]],
        )
        for key, text in texts.items()
    }  # fmt: skip


_TEXT = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))
NOTE = {
    key: Line(text["section"], text["line"], Told(text["en"], text["zh"]))
    for key, text in _TEXT["note"].items()
}
WORDS = _mistakes(_TEXT["mistakes"], NOTE)
DETAILS = _told(_TEXT["details"])
LABELS = _told(_TEXT["labels"])
SENTENCES = _told(_TEXT["sentences"])
