"""The reference, written from the code: python scripts/make_reference.py FOLDER.

One page for each config group, one for the settings outside of groups, one for how trained runs are
used, and one for the commands. `docs/conf.py` calls this at every build.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from attnlab.resources import shipped_folder  # noqa: E402
from scripts.reference.commands import commands_page  # noqa: E402
from scripts.reference.comments import read_values  # noqa: E402
from scripts.reference.groups import file_page, group_names, group_page  # noqa: E402


def pages() -> dict[str, str]:
    """Every page's Markdown by its name, in the order of the table of contents."""
    configs = shipped_folder("configs")
    defaults: dict[str, str | None] = {}
    for entry in read_values(configs / "train.yaml").defaults:
        if isinstance(entry, dict):
            defaults.update(entry)
    known: set[str] = set()
    found = {"commands": commands_page()}
    for name, title in (("train", "A training run"), ("inference", "How a trained run is used")):
        found[name] = file_page(name, configs / f"{name}.yaml", title, known)
    for group in group_names(configs):
        found[group] = group_page(group, configs / group, defaults.get(group), known)
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
