"""A Sphinx extension: what the documents link to outside of docs/ is a page of the site too.

In the repository a link to `../tests/test_note.py` opens the file. Here it opens the same text,
highlighted, at the function that the link names; a link to a folder opens a list of its files.
And the build warns when a page would load something from another machine.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from offline import loaded_from_elsewhere
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

ROOT = Path(__file__).parent.parent
PAGES = "source"
log = getLogger(__name__)
LEXERS = {".py": "python", ".md": "markdown", ".toml": "toml"}


def outside(node: nodes.Element, docname: str, app: Sphinx) -> str | None:
    """Return the path, from the root of the repository, that a link out of docs/ leads to."""
    target = node.get("reftarget", "")
    if not target.startswith("../") or node.get("refdomain"):
        return None
    _, path = app.env.relfn2path(target.partition("#")[0], docname)
    found = Path(os.path.normpath(path))
    if found.is_dir() or (found.is_file() and found.suffix in LEXERS):
        return found.relative_to(ROOT).as_posix()
    return None


def keep(app: Sphinx, doctree: nodes.document) -> None:
    """Turn links out of docs/ into links to pages, before anything else looks for them."""
    docname = app.env.current_document.docname
    for kind in (addnodes.download_reference, addnodes.pending_xref):
        for node in list(doctree.findall(kind)):
            if path := outside(node, docname, app):
                link = nodes.reference("", "", *node.children, internal=True)
                link["source"] = path
                node.replace_self(link)


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give the links their addresses."""
    for link in doctree.findall(nodes.reference):
        if path := link.get("source"):
            app.site_sources.add(path)
            link["refuri"] = app.builder.get_relative_uri(docname, page(path))
            link["refuri"] += line_of(path, link.astext())


def page(path: str) -> str:
    """Return the name of a file's page."""
    return f"{PAGES}/{path.removesuffix('.py')}"


def line_of(path: str, name: str) -> str:
    """Return the fragment that leads to a function, if the link's words name one."""
    if path.endswith(".py") and name.isidentifier():
        text = (ROOT / path).read_text("utf-8")
        if found := re.search(rf"^\s*(?:def|class) {name}\b", text, re.MULTILINE):
            return f"#line-{text.count(chr(10), 0, found.end()) + 1}"
    return ""


def sources(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the pages, and those of the files of folders that are linked to."""
    wanted = set(app.site_sources)
    for path in list(wanted):
        wanted.update(f"{path}/{name}" for name in listed(path))
    for path in sorted(wanted):
        yield page(path), {"title": path, "body": f"<h1>{path}</h1>{body(app, path)}"}, "page.html"


def listed(path: str) -> list[str]:
    """Return the programs in a folder."""
    return sorted(file.name for file in (ROOT / path).glob("*.py")) if is_folder(path) else []


def is_folder(path: str) -> bool:
    return (ROOT / path).is_dir()


def body(app: Sphinx, path: str) -> str:
    """Return a file, highlighted, or the list of a folder."""
    if is_folder(path):
        here = page(path)
        rows = [(app.builder.get_relative_uri(here, page(f"{path}/{n}")), n) for n in listed(path)]
        links = (f'<li><a href="{uri}">{html.escape(name)}</a></li>' for uri, name in rows)
        return f"<ul>{''.join(links)}</ul>"
    text = (ROOT / path).read_text("utf-8")
    lexer = LEXERS[Path(path).suffix]
    shown: str = app.builder.highlighter.highlight_block(text, lexer, lineanchors="line")
    return shown


def check_offline(app: Sphinx, failed: Exception | None) -> None:
    """Warn of whatever a page would fetch."""
    if failed or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            for one in loaded_from_elsewhere(path.read_text("utf-8")):
                log.warning("%s loads from elsewhere: %s", path.relative_to(app.outdir), one)


def setup(app: Sphinx) -> dict[str, bool]:
    app.site_sources = set()
    app.connect("doctree-read", keep, priority=100)
    app.connect("doctree-resolved", resolve)
    app.connect("html-collect-pages", sources)
    app.connect("build-finished", check_offline)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
