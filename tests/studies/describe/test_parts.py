import pytest

from attnlab.data.pairs import SentencePair
from attnlab.studies.describe.report import (
    Bin,
    bar,
    bins,
    chunks,
    links_in_words,
    percent,
    printable,
    shares,
)
from attnlab.studies.describe.statistics import Lengths


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


def test_links_in_words():
    source = ["She", "did", "not", "see", "it", "."]
    target = ["elle", "ne", "l'", "a", "pas", "vu", "."]
    alignment = "0-0 1-3 2-1 2-4 3-5 4-2 5-6"
    pair = SentencePair(" ".join(source), " ".join(target), alignment)
    assert links_in_words(pair, source, target) == (
        "She–elle  did–a  not–ne … pas  see–vu  it–l'  .–."
    )


def test_words_that_hang_together_are_one_group():
    pair = SentencePair("a b c", "x y z", "0-0 1-1 2-2 2-0 1-0")
    assert links_in_words(pair, list("abc"), list("xyz")) == "a b c–x y z"


def test_links_to_words_that_are_not_there_are_not_shown():
    pair = SentencePair("a b", "x", "0-0 1-1")
    assert links_in_words(pair, ["a", "b"], ["x"]) == ""
    assert links_in_words(SentencePair("a", "x"), ["a"], ["x"]) == ""


def test_printable():
    assert printable("Va\u202f! 10\u00a0€") == "Va\u202f! 10\u00a0€"
    assert printable("a\u001b[31mb\u200b") == "a<U+001B>[31mb<U+200B>"
