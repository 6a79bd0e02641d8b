"""What a page would fetch from another machine: nothing of what is made here does."""

from __future__ import annotations

import re

ELSEWHERE = r"[\"']?\s*(?:https?:)?//[^\"'\s>)]+"
# What a reader may follow is not loaded: <a href>, and links of a head that only tell.
LOADED = re.compile(
    rf"<(?:script|img|iframe|video|audio|source|embed|object|image|use)\b[^>]*?\s"
    rf"(?:src|srcset|data|href|xlink:href)\s*=\s*{ELSEWHERE}"
    rf"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|icon|preload|prefetch|preconnect|modulepreload))"
    rf"[^>]*?\bhref\s*=\s*{ELSEWHERE}"
    rf"|url\(\s*{ELSEWHERE}"
    rf"|@import\s+{ELSEWHERE}",
    re.IGNORECASE,
)


def loaded_from_elsewhere(text: str) -> list[str]:
    """Return what a page, a style sheet or a picture would fetch from another machine."""
    return LOADED.findall(text)
