"""One self-contained HTML file of content, script and style.

The JavaScript modules and the style sheet beside this file are inlined. A content security policy
allows this script and style by their hashes and nothing else: the page makes no request, and no
text of a sentence can become code.
"""

import base64
import hashlib
import re
from html import escape
from pathlib import Path
from string import Template

from attnlab.studies.explorer.content import Explorer

_HERE = Path(__file__).parent

_MODULES = ("elements", "state", "colours", "views", "panels", "controls", "main")
"""The modules, each after those that it imports."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z]+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async function|function|const|let|class)", re.MULTILINE)


def explorer_page(explorer: Explorer) -> str:
    """The page as HTML, deterministic."""
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
        content=explorer.as_json(),
        script=script,
    )


def _script() -> str:
    """All modules as one, without their imports and exports."""
    texts = (_read(f"{name}.js") for name in _MODULES)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    """Source expression of an inline script or style in a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
