"""What the documents tell people to type or write works."""

import re
import subprocess

from attnlab import launch
from tests.runs import REPOSITORY


def test_the_documented_ways_to_start_several_processes_are_shell_and_settings():
    page = (REPOSITORY / "docs" / "distributed.md").read_text(encoding="utf-8")
    scripts = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    assert len(scripts) == 3
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    node = launch.compose(launch.TRAIN, ["model=transformer", "data=multi30k"])
    told = set(re.findall(r"`distributed\.(\w+)`", page))
    assert told == set(node.distributed)


def test_no_page_waits_for_something_to_be_filled_in():
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]
    assert len(pages) > 10
    for page in pages:
        found = re.findall(r"@[A-Z]{3,}@|\bT[O]DO\b|\bX{3}\b", page.read_text(encoding="utf-8"))
        assert not found, page
