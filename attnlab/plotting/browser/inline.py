"""A page's HTML, style sheet and scripts as one self-contained file.

JavaScript modules are joined into one. A content security policy allows this script and style by
their hashes and nothing else: the page makes no request, and no text in it can become code.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

SHARED = Path(__file__).parent
"""The folder of what pages share: base.css, elements.js and colours.js."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z_]+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async function|function|const|let|class)", re.MULTILINE)


def inlined_page(
    template: Path, styles: Sequence[Path], modules: Sequence[Path | str], **parts: str
) -> str:
    """The page as HTML, deterministic.

    `template` has a place `$name` for each of `parts`, which stand there as they are, and for the
    policy, style and script. Each of the `modules`, a file or a script's text, follows those that
    it imports.
    """
    texts = (_read(each) if isinstance(each, Path) else each for each in modules)
    script = "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)
    rules = "\n".join(map(_read, styles))
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash_of(script)}",
            f"style-src {_hash_of(rules)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return Template(_read(template)).substitute(
        parts, policy=escape(policy), style=rules, script=script
    )


def script_json(text: str) -> str:
    """JSON in ASCII as it can stand inside a script element."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    """Source expression of an inline script or style in a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
