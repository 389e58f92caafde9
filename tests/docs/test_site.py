"""The site, built as `make docs` builds it: no warnings, no link that leads nowhere, no network.

What can be read off the pages without building them is in test_links.py, which is always run.
"""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import DOCS
from tests.runs import REPOSITORY

pytestmark = pytest.mark.slow
pytest.importorskip("sphinx", reason="pip install 'attnlab[docs]' brings what builds the site")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built pages."""
    folder = tmp_path_factory.mktemp("site")
    [recipe] = re.findall(r"\$\(BIN\)/sphinx-build (.*) docs/_build/html", _makefile())
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *recipe.split(), str(folder)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


def _makefile() -> str:
    return (REPOSITORY / "Makefile").read_text(encoding="utf-8")


class _Page(HTMLParser):
    """What a page can be linked at, and what it links to or loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors.add(values.get("id") or "")
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif values.get("src"):
            self.loaded.append(values["src"])
        elif tag == "link" and values.get("rel") not in ("index", "search", "next", "prev"):
            self.loaded.append(values["href"])


def test_every_page_is_built_and_in_the_table_of_contents(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    for path in DOCS.glob("*.md"):
        assert (site / f"{path.stem}.html").exists()
        if path.stem != "index":
            assert f'href="{path.stem}.html"' in index


def test_no_link_inside_the_site_leads_nowhere(site):
    pages = {path: _Page(path) for path in site.rglob("*.html")}
    broken, followed = [], 0
    for path, page in pages.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            fragment = unquote(parts.fragment)
            known = pages[target].anchors if target in pages else {fragment}
            followed += 1
            if not target.is_file() or (fragment and fragment not in known):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []
    assert followed > 500


def test_pictures_are_there_and_nothing_is_loaded_from_elsewhere(site):
    pictures = 0
    for path in site.rglob("*.html"):
        for loaded in _Page(path).loaded:
            assert not urlsplit(loaded).netloc, f"{path.name} loads {loaded}"
            pictures += loaded.endswith(".png")
    assert pictures >= 1
    for path in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*['\"]?https?:", path.read_text("utf-8")), path


@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_their_window(site, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in (
        "index",
        "chapter",
        "chapter.zh",
        "teaching",
        "tutorial",
        "reference/model",
        "reference/commands",
    ):
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.close()
    assert all(url.startswith(("file:", "data:")) for url in asked)
