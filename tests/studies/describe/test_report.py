"""Descriptions of corpora with planted defects, and their report on a terminal."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from attnlab.config import ExperimentConfig
from attnlab.data.reading.lines import normalise
from attnlab.launch import TRAIN, compose
from attnlab.studies.describe.description import Description, describe
from attnlab.studies.describe.histogram import Bin, bar, bins, percent, shares
from attnlab.studies.describe.layout import chunks
from attnlab.studies.describe.report import show
from attnlab.studies.describe.statistics import Lengths
from attnlab.support.errors import UsageError
from attnlab.support.folders import shipped_folder
from attnlab.support.schema import from_node
from tests.conftest import shared_data


def description(*overrides: str, only: str | None = None, examples: int = 5) -> Description:
    return describe(from_node(ExperimentConfig, compose(TRAIN, overrides)), only, examples)


def shown(described: Description, width: int = 80) -> str:
    screen = io.StringIO()
    show(described, Console(file=screen, width=width, highlight=False, markup=False))
    return screen.getvalue()


def findings(described: Description) -> list[tuple[str, str, tuple[str, ...], int]]:
    return [(f.level, f.kind, tuple(f.splits), f.count) for f in described.findings]


def places(described: Description, kind: str) -> list[list[tuple[str, int]]]:
    (finding,) = [finding for finding in described.findings if finding.kind == kind]
    return [
        [(Path(place.path).name, place.line) for place in example.places]
        for example in finding.examples
    ]


@pytest.fixture(scope="module")
def builtin() -> Description:
    return description()


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Description:
    """A corpus with one of everything that can be wrong; train's longest have 14 and 4 words."""
    folder = tmp_path_factory.mktemp("planted")
    train = [
        "Go.\tVa !",  # 1
        "Run.\tCours !",  # 2: a leak, with its translation
        "Eat.\tMange !",  # 3: a leak, translated otherwise
        "",  # 4: blank
        "Go.\tVa !",  # 5: a copy
        "Go.\tVas-y !",  # 6: a variant
        "Taxi\tTaxi",  # 7: untranslated
        f"{'far ' * 13}off\tLoin de tout ici",  # 8: 14 words against 4
        "Coffee.\tCafÃ©.",  # 9: UTF-8 read as Latin-1
        "Tea\u200b.\tThé\ufffd.",  # 10: two kinds in a pair
        f"{'on and ' * 31}on\tEncore",  # 11: 63 words, over data.max_words
    ]
    test = [
        "Run.\tCours !",  # 1
        "Eat.\tMangez !",  # 2
        f"I said:{' no' * 13}\tNon.",  # 3: 15 words, longer than train's 14
        # 4: 2 words and the end: search stops at int(1.5 · 3) + 10 = 14, and these are 15
        f"So\u00a0on it\t{'la ' * 13}voilà",
        # 5: 14 words with the end, which fits; but it is over train's 4
        f"No one\t{'la ' * 12}voilà",
    ]
    (folder / "train.tsv").write_text("\n".join(train) + "\n")
    (folder / "test.tsv").write_text("\n".join(test) + "\n")
    return description(
        "data=bitext",
        f"data.root={folder}",
        "data.train=train.tsv",
        "data.test=test.tsv",
        "data.held_out_fraction=0",
    )


def test_everything_planted_is_found_and_nothing_else(planted):
    assert findings(planted) == [
        ("warning", "leak", ("train", "test"), 2),
        ("warning", "copies", ("train",), 1),
        ("warning", "characters_replaced", ("train",), 1),
        ("warning", "characters_mixed_encodings", ("train",), 1),
        ("warning", "characters_invisible", ("train",), 1),
        ("warning", "unequal", ("train",), 1),
        ("warning", "untranslated", ("train",), 1),
        ("warning", "unequal", ("test",), 3),
        ("warning", "extrapolation", ("test",), 3),
        ("warning", "unreachable", ("test",), 1),
        ("note", "variants", ("train",), 1),
        ("note", "long", ("train",), 1),
        ("note", "blank", ("train",), 1),
    ]


def test_findings_name_lines_that_hold_them(planted):
    assert places(planted, "leak") == [
        [("train.tsv", 2)],
        [("test.tsv", 1)],
        [("train.tsv", 3)],
        [("test.tsv", 2)],
    ]
    assert places(planted, "copies") == [[("train.tsv", 1), ("train.tsv", 5)]]
    assert places(planted, "variants") == [
        [("train.tsv", 1), ("train.tsv", 5)],
        [("train.tsv", 6)],
    ]
    assert places(planted, "untranslated") == [[("train.tsv", 7)]]
    assert places(planted, "characters_invisible") == [[("train.tsv", 10)]]
    assert places(planted, "extrapolation") == [[("test.tsv", line)] for line in (3, 4, 5)]
    assert places(planted, "unreachable") == [[("test.tsv", 4)]]
    (blank,) = [finding for finding in planted.findings if finding.kind == "blank"]
    assert [place.line for place in blank.places] == [4]


def test_messages_name_number_and_remedy(planted):
    values = {finding.kind: finding for finding in planted.findings}
    assert values["leak"].message == (
        "leak: train and test share 2 sources, 1 with the same translation; "
        "a score on test rewards learning by heart"
    )
    assert "data.test=null" in values["leak"].remedy
    assert "(en 14, fr 4 words)" in values["extrapolation"].message
    assert values["extrapolation"].remedy.startswith("raise data.max_words=60")
    assert "CafÃ©" not in values["characters_mixed_encodings"].message
    assert "(Ã© 1×)" in values["characters_mixed_encodings"].message
    assert "(U+200B 1×)" in values["characters_invisible"].message


def test_a_report_passes_nothing_on_that_upsets_a_terminal(planted):
    text = shown(planted)
    assert "Tea<U+200B>. ‖ Thé<U+FFFD>." not in text, "U+FFFD is printable"
    assert "Tea<U+200B>. ‖ Thé\ufffd." in text
    assert "train.tsv:4" in text
    assert "10 warnings, 3 notes" in text


def test_search_settings_move_the_limit(planted):
    raised = description(
        "data=bitext",
        f"data.root={planted.data.root}",
        "data.train=train.tsv",
        "data.test=test.tsv",
        "data.held_out_fraction=0",
        "search.max_length_extra=11",
        only="test",
    )
    assert "unreachable" not in {finding.kind for finding in raised.findings}
    assert list(raised.splits) == list(raised.reports) == ["test"]
    assert raised.splits["test"].source.unseen == {
        word: count
        for word, count in planted.splits["test"].source.forms.items()
        if word not in planted.splits["train"].source.forms
    }


def test_the_builtin_corpus_has_one_warning_and_it_is_meant(builtin):
    columns = {
        path.stem: [line.split("\t") for line in path.read_text().splitlines()]
        for path in shipped_folder("data").glob("*.tsv")
    }
    longest = [max(len(row[side].split()) for row in columns["train"]) for side in (0, 1)]
    beyond = sum(
        any(len(row[side].split(" ")) > longest[side] for side in (0, 1))
        for row in columns["test_long"]
    )
    assert findings(builtin) == [("warning", "extrapolation", ("test_long",), beyond)]
    assert builtin.shared == []
    assert {name: split.pairs for name, split in builtin.splits.items()} == {
        name: len(rows) for name, rows in columns.items()
    }
    for name, rows in columns.items():
        assert builtin.splits[name].source.words == sum(len(row[0].split(" ")) for row in rows)
        questions = sum("question" in row[3].split(",") for row in rows)
        assert builtin.splits[name].phenomena.get("question", 0) == questions


def test_examples_are_of_each_split_in_turn_and_the_same_each_time(tmp_path):
    for name, size in (("train", 50), ("valid", 1), ("test", 50)):
        lines = "".join(f"{name} {i}\t{i}\n" for i in range(size))
        (tmp_path / f"{name}.tsv").write_text(lines)
    files = [f"data.{name}={tmp_path}/{name}.tsv" for name in ("train", "valid", "test")]

    def examples(seed: int, count: int):
        return description("data=bitext", *files, f"seed={seed}", examples=count).examples

    assert examples(1, 0) == []
    assert [example.split for example in examples(1, 2)] == ["train", "valid"]
    seven = examples(1, 7)  # 3, 2 and 2; but valid has no more than 1
    assert [example.split for example in seven] == ["train"] * 3 + ["valid"] + ["test"] * 2
    assert len({example.pair for example in seven}) == 6
    assert all(example.pair.source.startswith(example.split) for example in seven)
    assert seven == examples(1, 7)
    assert seven != examples(2, 7)


@pytest.mark.parametrize("width", [80, 120])
def test_a_report_fits_the_terminal(builtin, planted, width):
    for described in (builtin, planted):
        text = shown(described, width)
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
        assert "…" not in text.split("Overlap")[0], "no figure, name or tag is cut"


def test_a_report_of_the_builtin_corpus(builtin):
    text = shown(builtin)
    sections = ("Words", "Length", "Phenomena", "Overlap  none", "Examples", "1 warning\n")
    positions = [text.index(f"\n{section}") for section in sections]
    assert positions == sorted(positions)
    example = builtin.examples[0].pair
    assert f"en  {example.source}"[:40] in text
    assert "links  " in text


def test_held_out_splits_are_said_to_be(tmp_path):
    (tmp_path / "one.tsv").write_text("".join(f"a {i}\tb {i}\n" for i in range(40)))
    described = description("data=bitext", f"data.train={tmp_path}/one.tsv", only="valid")
    assert described.held_out == ["valid", "test"]
    assert list(described.reports) == ["train"]
    text = " ".join(shown(described).split())
    assert "5 % of the distinct sources of train's file each, held out by seed=1" in text
    assert described.splits["valid"].pairs == 2  # a twentieth of 40


def test_a_split_that_is_not_there():
    with pytest.raises(UsageError, match=r"no split 'dev' in data=builtin; it has: train, valid"):
        description(only="dev")


def test_multi30k():
    described = description("data=multi30k", f"data.root={shared_data('multi30k')}")
    assert {name: split.pairs for name, split in described.splits.items()} == {
        "train": 29_000,
        "valid": 1_014,
        "test": 1_000,
    }
    # Found by grep and comm in the files themselves.
    assert findings(described) == [
        ("warning", "leak", ("train", "valid"), 1),
        ("warning", "copies", ("train",), 5),
        ("warning", "characters_escaped", ("train",), 16),
        ("note", "variants", ("train",), 4),
    ]
    assert [(s.splits, s.sources, s.targets, s.pairs) for s in described.shared] == [
        (("train", "valid"), 1, 3, 1)
    ]
    assert places(described, "leak") == [[("train.en.gz", 4750)], [("val.en.gz", 687)]]


def test_tatoeba_has_several_translations_of_a_source():
    path = shared_data("tatoeba") / "fra.txt"
    rows = [
        tuple(normalise(field) for field in line.split("\t")[:2])
        for line in path.read_text().splitlines()
    ]
    targets: dict[str, set[str]] = {}
    for source, target in rows:
        targets.setdefault(source, set()).add(target)
    several = sum(len(found) > 1 for found in targets.values())
    whole = description("data=bitext", f"data.train={path}", "data.held_out_fraction=0")
    assert ("note", "variants", ("train",), several) in findings(whole)
    assert ("warning", "copies", ("train",), len(rows) - len(set(rows))) in findings(whole)
    parted = description("data=tatoeba", f"data.root={path.parent}")
    assert not [finding for finding in parted.findings if finding.kind == "leak"]
    assert sum(f.count for f in parted.findings if f.kind == "variants") == several


def test_json_holds_the_same(planted):
    values = json.loads(json.dumps(planted.as_json()))
    assert [each["kind"] for each in values["findings"]] == [f.kind for f in planted.findings]
    assert values["splits"]["train"]["copies"] == 1
    assert values["splits"]["test"]["source"]["longest"] == 15
    assert values["splits"]["test"]["longer_side_words"] == {"2": 2, "13": 1, "14": 1, "15": 1}
    assert values["files"]["train"] == {
        "paths": [f"{planted.data.root}/train.tsv"],
        "pairs": 9,
        "skipped_blank": 1,
        "skipped_long": 1,
    }
    assert values["shared"] == [
        {"splits": ["train", "test"], "sources": 2, "targets": 1, "pairs": 1}
    ]


def test_bars_to_an_eighth():
    assert bar(1.0, 4) == "████"
    assert bar(0.5, 4) == "██"
    assert bar(13 / 32, 4) == "█▋"  # 13 eighths: one block and five
    assert bar(1e-9, 4) == "▏"
    assert bar(0.0, 4) == ""


def test_percents():
    assert [percent(share) for share in (0, 0.0049, 0.006, 0.344, 1)] == [
        "·",
        "<1%",
        "1%",
        "34%",
        "100%",
    ]


def test_bins_are_equal_few_and_hold_every_length():
    assert list(map(str, bins([Lengths.of(range(1, 61))]))) == [
        "1–5", "6–10", "11–15", "16–20", "21–25", "26–30",
        "31–35", "36–40", "41–45", "46–50", "51–55", "56–60",
    ]  # fmt: skip
    assert list(map(str, bins([Lengths.of([2, 3]), Lengths.of([4])]))) == ["2", "3", "4"]
    assert bins([Lengths.of([5] * 199 + [400])]) == [Bin(5, 5), Bin(6, None)]


@pytest.mark.parametrize("longest", [1, 13, 14, 39, 200, 5000])
def test_shares_add_up(longest):
    splits = {"a": Lengths.of(range(1, longest + 1)), "b": Lengths.of([longest])}
    rows = bins(list(splits.values()))
    assert len(rows) <= 14
    for column in shares(splits, rows).values():
        assert sum(column) == pytest.approx(1)


def test_columns_that_fit():
    widths = {"a": 3, "b": 4, "c": 5, "d": 20}
    assert list(chunks(list(widths), widths.__getitem__, 8)) == [["a", "b"], ["c"], ["d"]]
    assert list(chunks([], widths.__getitem__, 8)) == []
