"""How the site is built: `sphinx-build -W docs site`. Nothing of it is fetched to be read."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import autograd_mini  # noqa: E402 - the copy beside these pages

project = "autograd_mini"
author = "the autograd_mini authors"
version = release = autograd_mini.__version__
html_title = f"{project} {version}"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "site_commands",
    "site_sources",
]
default_role = "code"  # `text` in a docstring is a word of Python, and not the one text there is
smartquotes = False  # g' is a derivative
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
pygments_dark_style = "a11y-high-contrast-dark"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
# Words of Chinese pages are searched as they stand.
language = "en"

# Headings are linked as the repository shows them, and numbered as the note numbers them.
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
nitpicky = True
