"""One HTML file out of content, script and style: no network, no server, nothing else needed.

The files beside this one are real modules and a real style sheet; here they are put together. A
content security policy allows this very script and this very style, by their hashes, and nothing
else: no request leaves the page, and no text of a sentence can become code.
"""

import base64
import hashlib
import re
from html import escape
from pathlib import Path
from string import Template

from attnlab.studies.explorer.content import Explorer
from attnlab.studies.explorer.payload import as_json

_HERE = Path(__file__).parent

_MODULES = (
    "elements",
    "payload",
    "state",
    "colours",
    "words",
    "lines",
    "matrix",
    "pointing",
    "heads",
    "looks",
    "candidates",
    "controls",
    "main",
)
"""The modules in an order in which each stands behind those that it imports."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z]+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async function|function|const|let|class)", re.MULTILINE)


def explorer_page(explorer: Explorer) -> str:
    """The page as HTML; the same content gives the same text."""
    script = _script()
    style = _read("explorer.css")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash_of(script)}",
            f"style-src {_hash_of(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return Template(_read("page.html")).substitute(
        policy=escape(policy),
        title=escape(explorer.title),
        style=style,
        content=as_json(explorer),
        script=script,
    )


def _script() -> str:
    """All modules as one: what they import from each other is then simply there."""
    texts = (_read(f"{name}.js") for name in _MODULES)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    """As a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
