"""How the site is built, from the root of the repository: `sphinx-build -c docs . site`.

The root is the source, and not this folder, so that a link to `../README.md` or `../examples/naive.py` leads to the
same on the site as on a code host.
"""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from sphinx.domains.python import PyObject  # type: ignore[attr-defined]  # it has no other public place

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "paymentoptions_async"
version = release = version_of("paymentoptions-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "README*.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "THREAT_MODEL.md",
    "benchmarks/RESULTS.md",
]
exclude_patterns = [
    ".*", "build", "dist", "examples", "node_modules", "paymentoptions_async", "site", "tests", "venv",
]  # fmt: skip

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["root"]
html_copy_source = False
html_show_copyright = False

# A heading has the same anchor as on a code host.
myst_heading_anchors = 3

# Docstrings are written as Markdown is: what stands between backticks is code, and a link where it is a name of ours.
default_role = "py:obj"
napoleon_use_ivar = True
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False
maximum_signature_line_length = 88

# Types that are no names of ours lead nowhere, since no other site is asked for its names; nor do private ones.
nitpick_ignore_regex = [(r"py:obj", r"(?s).*"), (r"py:.*", r"(?!paymentoptions_async).*"), (r"py:.*", r".*\._\w+")]

# How Python shows a default that is a function or made anew at each call.
_NO_VALUE = re.compile(r"<(?:[^<>]|<[^<>]*>)*>|\bNOTHING\b")


def _plain_defaults(
    _app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    return signature and _NO_VALUE.sub("...", signature), returns


def _without_aliases(_app: Sphinx, _what: str, _name: str, obj: Any, _skip: bool, _options: Any) -> bool | None:
    """Leave out the members that a `NamedTuple` documents by itself: its class has told them as attributes."""
    return True if re.fullmatch(r"Alias for field number \d+", obj.__doc__ or "") else None


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", _plain_defaults)
    app.connect("autodoc-skip-member", _without_aliases)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"  # as our docstrings name them
