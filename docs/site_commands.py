"""A Sphinx extension: `{command-help}` shows what a sub-command says about itself."""

from __future__ import annotations

import contextlib
import io
import os

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from autograd_mini.cli import main


def help_of(words: str) -> str:
    """Return what `autograd-mini WORDS --help` prints, 80 columns wide."""
    out = io.StringIO()
    os.environ["COLUMNS"] = "80"
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([*words.split(), "--help"])
    return out.getvalue().rstrip()


class CommandHelp(SphinxDirective):
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        block = nodes.literal_block("", help_of(" ".join(self.arguments)), language="text")
        return [block]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
