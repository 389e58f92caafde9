"""Tasks: settings, examples by Python's own sorting and dictionaries, and files."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.tasks import (
    MOST_SYMBOLS,
    TASKS,
    Draws,
    Example,
    TaskConfig,
    alphabet,
    example,
    task_folder,
    write_task,
)
from attnlab.support.errors import UsageError


def task(name: str, **changes: Any) -> TaskConfig:
    """A small one, with `changes`."""
    values: dict[str, Any] = {
        "name": name,
        "symbols": 12,
        "shortest": 2,
        "longest": 5,
        "repeats": False,
        "queries": 2 if name == "lookup" else None,
        "pairs": 40,
        "held_out": 10,
        "seed": 1,
    }
    return TaskConfig(**values | changes)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("count", {}, "unknown data.task.name 'count'; choose one of: copy, reverse, sort, lookup"),
        ("copy", {"longest": 1}, "data.task.longest=1 must be at least data.task.shortest=2"),
        ("copy", {"queries": 2}, "data.task.queries=2 belongs to data=lookup"),
        ("lookup", {"queries": None}, "data.task.queries=None must be from 1 to"),
        ("lookup", {"queries": 3}, "data.task.queries=3 must be from 1 to data.task.shortest=2"),
        ("sort", {"longest": 7}, "12 are too few for 14 .*=14 or more, or data.task.longest=6, or"),
        ("lookup", {"longest": 7, "repeats": True}, "data.task.longest=6$"),
        ("copy", {"pairs": 200_000}, "data.task.pairs=200000: 200,020 different sources of 2 to 5"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(name, changes, message):
    with pytest.raises(UsageError, match=message):
        task(name, **changes)


def test_as_many_sources_as_half_of_those_there_are_can_be_asked_for():
    # Two symbols, three places: 8 sources; test_long has 16 + 32 + 64.
    few = {"symbols": 2, "shortest": 3, "longest": 3, "repeats": True, "held_out": 1}
    assert task("copy", **few, pairs=2).pairs == 2
    with pytest.raises(
        UsageError, match=r"5 different sources of 3 to 3 are wanted, .* there are 8"
    ):
        task("copy", **few, pairs=3)


LENGTHS, SEEDS = st.integers(2, 6), st.integers(0, 10_000)


def drawn(name, length, seed, **changes):
    return example(task(name, **changes), length, Draws(str(seed)))


def test_a_line_by_hand():
    found = Example(["b", "a", "b"], ["a", "b"], frozenset({(1, 0), (0, 1)}), frozenset({(2, 1)}))
    assert found.line() == "b a b\ta b\t0-1 1-0 2p1"


def test_symbols_are_as_wide_as_each_other_and_in_order():
    assert alphabet(3) == ["a", "b", "c"]
    for symbols in (26, 27, MOST_SYMBOLS):
        names = alphabet(symbols)
        assert len(set(names)) == symbols
        assert names == sorted(names)
        assert len(set(map(len, names))) == 1


@given(LENGTHS, SEEDS, st.booleans())
def test_copy_and_reverse(length, seed, repeats):
    copied = drawn("copy", length, seed, repeats=repeats)
    assert list(copied.target) == list(copied.source)
    assert copied.sure == {(place, place) for place in range(length)}
    turned = drawn("reverse", length, seed, repeats=repeats)
    assert list(turned.target) == list(reversed(turned.source))
    assert turned.sure == {(length - 1 - place, place) for place in range(length)}
    assert not copied.possible | turned.possible


@given(LENGTHS, SEEDS)
def test_sort_is_stable_and_takes_any_of_equal_symbols(length, seed):
    found = drawn("sort", length, seed, symbols=3, pairs=5, held_out=2, repeats=True)
    assert list(found.target) == sorted(found.source)
    places = [source for source, _ in sorted(found.sure, key=lambda link: link[1])]
    pairs = [(found.source[place], place) for place in places]
    assert pairs == sorted(pairs), "equal symbols keep their order"
    everything = {
        (place, target)
        for target, symbol in enumerate(found.target)
        for place, other in enumerate(found.source)
        if other == symbol
    }
    assert found.sure | found.possible == everything


@given(LENGTHS, SEEDS, st.booleans())
def test_lookup_answers_each_query_with_its_value(length, seed, repeats):
    found = drawn("lookup", length, seed, repeats=repeats)
    source = list(found.source)
    asks = source.index("?")
    values = dict(zip(source[:asks:2], source[1:asks:2], strict=True))
    queries = source[asks + 1 :]
    assert (len(values), len(queries)) == (length, 2)
    assert list(found.target) == [each for key in queries for each in (key, values[key])]
    for target, symbol in enumerate(found.target):
        (sure,) = [place for place, other in found.sure if other == target]
        (possible,) = [place for place, other in found.possible if other == target]
        assert source[sure] == symbol
        key = queries[target // 2]
        assert possible == source.index(key)
        assert (sure == possible + 1) if target % 2 else (source[sure] == key and sure > asks)


@given(LENGTHS, SEEDS, st.sampled_from(TASKS))
def test_without_repeats_no_symbol_stands_twice(length, seed, name):
    source = list(drawn(name, length, seed).source)
    given_once = source[: source.index("?")] if name == "lookup" else source
    assert len(set(given_once)) == len(given_once)


def test_draws_are_even_and_repeat_only_if_they_may():
    chance = Draws("even")
    counts = dict.fromkeys("abc", 0)
    for _ in range(3000):
        first, second = chance.draw("abc", 2, repeats=False)
        assert first != second
        counts[first] += 1
    assert all(count == pytest.approx(1000, abs=120) for count in counts.values())
    twice = sum(len({*chance.draw("abc", 2, repeats=True)}) == 1 for _ in range(3000))
    assert twice == pytest.approx(1000, abs=120)


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
