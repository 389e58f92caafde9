"""A task's files: the same everywhere, sound, kept once, and made anew where that is called for."""

from hashlib import sha256

import pytest

from attnlab.data.tasks import TASKS, task_folder, write_task
from tests.data.tasks.settings import task

SPLITS = ("train", "valid", "test", "test_long")


def written(folder, **changes):
    folder.mkdir()
    write_task(task(**changes), folder)
    return {split: (folder / f"{split}.tsv").read_bytes() for split in SPLITS}


def sources(content):
    return [line.split("\t")[0].split(" ") for line in content.decode().splitlines()]


@pytest.mark.parametrize("name", TASKS)
def test_splits_have_their_sizes_and_lengths_and_share_no_source(name, tmp_path):
    files = written(tmp_path / "files", name=name)
    counts = {split: content.count(b"\n") for split, content in files.items()}
    assert counts == {"train": 40, "valid": 10, "test": 10, "test_long": 10}
    everything = [" ".join(each) for content in files.values() for each in sources(content)]
    assert len(set(everything)) == len(everything)
    length = (lambda source: source.index("?") // 2) if name == "lookup" else len
    lengths = {split: {*map(length, sources(content))} for split, content in files.items()}
    assert lengths["train"] == {2, 3, 4, 5}
    assert min(lengths["test_long"]) > 5
    assert max(lengths["test_long"]) <= 10


def test_more_training_pairs_leave_what_is_measured_on_as_it_was(tmp_path):
    few, many = (written(tmp_path / str(n), name="sort", pairs=n) for n in (40, 80))
    assert {few[split] == many[split] for split in SPLITS if split != "train"} == {True}
    assert many["train"].startswith(few["train"])
    other = written(tmp_path / "other", name="sort", seed=2)
    assert all(other[split] != few[split] for split in SPLITS)


def test_files_are_the_same_on_every_machine_and_at_any_time(tmp_path):
    digest = sha256()
    for name in TASKS:
        for content in written(tmp_path / name, name=name).values():
            digest.update(content)
    assert digest.hexdigest() == (
        "0581bda722bbc423f3f4994aa6b3dcb461764df11c9985b9a7766de57b7e62fe"
    )


def test_a_folder_is_written_once_and_made_anew_when_it_is_damaged():
    first = task_folder(task("reverse"))
    content = (first / "test.tsv").read_bytes()
    made = (first / "test.tsv").stat().st_mtime_ns
    assert task_folder(task("reverse")) == first
    assert (first / "test.tsv").stat().st_mtime_ns == made
    assert task_folder(task("reverse", seed=2)) != first
    (first / "test.tsv").write_bytes(content[:-5])
    assert (task_folder(task("reverse")) / "test.tsv").read_bytes() == content


def test_where_nothing_can_be_kept_it_is_written_for_the_run_alone(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ATTNLAB_CACHE", str(tmp_path / "file"))
    folder = task_folder(task("copy", seed=77))
    assert sources((folder / "test.tsv").read_bytes())
    assert "the corpus of data.task.name=copy cannot be stored here" in caplog.text
    assert "ATTNLAB_CACHE" in caplog.text
