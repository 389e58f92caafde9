"""Links between pages as they are written; the built site, which is slow, has the reference too."""

import re
from pathlib import Path

from tests.docs.pages import DOCS
from tests.runs import REPOSITORY

PAGES = [
    path
    for folder in (REPOSITORY, REPOSITORY / "data", DOCS)
    for path in (folder.rglob("*.md") if folder == DOCS else folder.glob("*.md"))
    if "reference" not in path.relative_to(folder).parts
]


def _anchors(page: Path) -> set[str]:
    """What its headings can be linked at: small letters, digits and hyphens."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_to_a_file_and_a_heading():
    broken, followed = [], 0
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            path, _, anchor = link.partition("#")
            if "://" in link or path.startswith("reference/"):
                continue
            target = page.parent / path if path else page
            followed += 1
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                broken.append(f"{page.relative_to(REPOSITORY)}: {link}")
    assert broken == []
    assert followed > 200


def test_every_page_is_in_the_table_of_contents():
    listed = (DOCS / "index.md").read_text(encoding="utf-8").splitlines()
    assert {path.stem for path in DOCS.glob("*.md")} - {"index"} <= set(listed)
