"""The reference, written from the code: python scripts/make_reference.py FOLDER.

One page for the commands, one for each file of values, and one for each config group of a training.
`docs/conf.py` calls this at every build.
"""

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from scripts.reference.commands import commands_page  # noqa: E402
from scripts.reference.groups import group_page, root_page, roots  # noqa: E402

TITLES = {
    "train": "A training run",
    "inference": "How a trained run is used",
    "kernel-regression": "A kernel regression",
}


def pages() -> dict[str, str]:
    """Every page's Markdown by its name, in the order of the table of contents."""
    known: set[str] = set()
    found = {"commands": commands_page()}
    for name, root in roots().items():
        found[name] = root_page(root, TITLES[name], known)
        for folder in root.groups:
            if name == "train":
                found[folder.name] = group_page(root, folder, known)
            else:
                found[name] += "\n" + group_page(root, folder, known, level=2)
    return found


def index_page(names: list[str]) -> str:
    """The page above all others of the reference."""
    return "\n".join(
        [
            "# Reference",
            "",
            "Every command and every setting, from the code itself. A setting is written as",
            "`KEY=VALUE` behind the command; `attnlab train --cfg job` prints all of them with the",
            "values that a training would have.",
            "",
            "```{toctree}",
            ":maxdepth: 1",
            "",
            *names,
            "```",
            "",
        ]
    )


def write(folder: Path) -> None:
    """Write all pages into `folder`; a page that is there already and the same is left alone."""
    written = pages()
    written = {"index": index_page(list(written))} | written
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.stem for path in folder.glob("*.md")} - set(written):
        (folder / f"{stale}.md").unlink()
    for name, text in written.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the reference's pages.")
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)
