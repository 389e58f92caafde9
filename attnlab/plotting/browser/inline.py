"""A page's HTML, style sheets and scripts as one self-contained file.

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


_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$style</style>
</head>
<body>
$body$script</body>
</html>
""")


def inlined_page(
    title: str,
    template: Path,
    styles: Sequence[Path | str],
    modules: Sequence[Path | str] = (),
    **parts: str,
) -> str:
    """The page as HTML, deterministic.

    `title` is plain text. `template`, the body, may have a place `$title`, and has a place `$name`
    for each of `parts`, which stand there as they are. Styles and modules are files or texts; each
    of the modules follows those that it imports. A page without modules has no script.
    """
    rules = "\n".join(map(_text, styles))
    allowed, script = [f"style-src {_hash_of(rules)}"], ""
    if modules:
        code = "\n".join(_EXPORT.sub("", _IMPORT.sub("", _text(each))) for each in modules)
        allowed.insert(0, f"script-src {_hash_of(code)}")
        script = f'<script type="module">{code}</script>\n'
    policy = ["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"]
    return _PAGE.substitute(
        title=escape(title),
        policy=escape("; ".join(policy)),
        style=rules,
        body=Template(_text(template)).substitute(parts, title=escape(title)),
        script=script,
    )


def script_json(text: str) -> str:
    """JSON in ASCII as it can stand inside a script element."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(part: Path | str) -> str:
    return part.read_text(encoding="utf-8") if isinstance(part, Path) else part


def _hash_of(text: str) -> str:
    """Source expression of an inline script or style in a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
