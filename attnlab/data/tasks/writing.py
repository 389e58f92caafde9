"""A task's splits as files: written once, and kept where attnlab keeps what it makes."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from attnlab.data.tasks import chance, config, examples
from attnlab.data.tasks.chance import Chance
from attnlab.data.tasks.config import TaskConfig
from attnlab.data.tasks.examples import Example, example
from attnlab.support.cache import Cache, code_digest
from attnlab.support.resources import cache_folder

TEST, LONG, VALID, TRAIN = SPLITS = ("test", "test_long", "valid", "train")
"""In the order of writing: what is measured on is the same, however much is trained on."""


def task_folder(task: TaskConfig) -> Path:
    """The folder with the task's splits, each as SPLIT.tsv; they are written if need be.

    Whoever has the same settings has the same files, byte for byte.

    Raises:
        AttnlabError: there is nowhere to write to.
    """
    facts = {
        "task": asdict(task),
        "code": code_digest(chance, config, examples, sys.modules[__name__]),
    }
    kept = Cache(cache_folder("tasks"), f"the corpus of data.task.name={task.name}")
    return kept.folder(task.name, facts, partial(write_task, task))


def write_task(task: TaskConfig, folder: Path) -> None:
    """Write every split to `folder`, which is there.

    Raises:
        OSError: it cannot be written to.
    """
    seen: set[str] = set()
    for split in SPLITS:
        with (folder / f"{split}.tsv").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{each.line()}\n" for each in _of_split(task, split, seen))


def _of_split(task: TaskConfig, split: str, seen: set[str]) -> Iterator[Example]:
    """Examples of all lengths alike; none has a source that was `seen`, and theirs are noted."""
    draws = Chance(f"{task.name} {split} {task.seed}")
    lengths = task.long_lengths if split == LONG else task.lengths
    wanted = task.pairs if split == TRAIN else task.held_out
    while wanted:
        found = example(task, lengths[draws.below(len(lengths))], draws)
        source = " ".join(found.source)
        if source not in seen:
            seen.add(source)
            wanted -= 1
            yield found
