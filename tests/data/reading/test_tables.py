"""CSV, headers, and rows that have not the columns of the others."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pairs import Layout
from attnlab.data.reading.files import find_pairs, read_pairs, read_rows
from attnlab.support.errors import AttnlabError

LAYOUT = Layout("en", "fr", ["en", "fr"])


def read(path, content: str, layout: Layout = LAYOUT):
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    pairs, report = read_pairs(path, layout)
    return [(pair.source, pair.target) for pair in pairs], report


@pytest.mark.parametrize(
    ("name", "content", "expected", "remark"),
    [
        ("a.csv", "Hello,Bonjour\nGo,Va\n", "Hello>Bonjour Go>Va", "separated by commas"),
        ("a.csv", 'en,fr\n"a, ""b""","c,\nd"\ne,f\n', 'a, "b">c, d e>f', "line 1 is a header"),
        ("a.csv", 'id;fr;en\n1;Va;"Go, now"\n', "Go, now>Va", "separated by semicolons"),
        ("a.csv.gz", "\ufeffEnglish,French\r\nGo,Va\r\n", "Go>Va", "header (English, French)"),
        ("a.csv", "\n,en,fr\n0,Go,Va\n1,Run,Cours\n", "Go>Va Run>Cours", "line 2 is a header"),
        ("a.CSV", "en\tfr\nGo, go\tVa, va\n", "Go, go>Va, va", "separated by tabs"),
        ("a.txt", "en,fr\nGo,Va\n", "Go>Va", "separated by commas"),
        ("a.tsv", "en\tfr\nGo\tVa\n", "Go>Va", "line 1 is a header (en, fr)"),
        ("a.tsv", "fra\teng\nVa\tGo\n", "Go>Va", "line 1 is a header (fra, eng)"),
        ("a.tsv", "id\tsource\ttarget\n7\tGo\tVa\n", "Go>Va", "line 1 is a header"),
        ("a.tsv", 'Go, "a\tVa\n', 'Go, "a>Va', ""),
        ("a.csv", "\ufeffen;fr\n3,5;3,5\n", "3,5>3,5", "header (en, fr)"),
        ("a.tsv", "English text\tFrench text\n", "English text>French text", "is read as a pair"),
        ("a.csv", "sentence1,sentence2\n", "sentence1>sentence2", "if it is a header, name"),
        ("a.tsv", "The sentence\tLa phrase\n", "The sentence>La phrase", ""),
    ],
)
def test_what_tables_hold(tmp_path, name, content, expected, remark):
    pairs, report = read(tmp_path / name, content)
    assert " ".join(map(">".join, pairs)) == expected
    assert remark in str(report)
    assert bool(remark) == bool(report.remark)


CELL = st.text(st.sampled_from('ab,;" \n|'), max_size=9).map(lambda text: f"x{text}x")


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from(",;"))
def test_csv_as_the_standard_library_writes_it(tmp_path_factory, rows, separator):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator)
    writer.writerows([("en", "fr"), *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    pairs, _ = read(path, written.getvalue())
    expected = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    assert pairs == expected
    assert next(iter(read_rows(find_pairs(path, LAYOUT)))).number == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "one\ntwo\n", "a.csv:1: no comma, semicolon, tab or bar"),
        ("a.csv", 'en,fr\nGo,Va\n"Hello,Bon\nYou,Toi\n', "a.csv:3: no row of CSV"),
        ("a.csv", "en,fr\nGo,Va,la\n", "a.csv:2: 3 columns, but line 1 has 2: is there a comma"),
        ("a.csv", ",en,fr\n0,Go,Va\n1,Run\n", "a.csv:3: expected 3 or more comma-separated"),
        ("a.txt", "Go,Va\nRun,Cours\n", "expected 2 or more tab-separated fields, found 1"),
        ("a.tsv", "Go\tVa\nHe\tsaid\tIl dit\n", "a.tsv:2: 3 columns, but line 1 has 2: is there"),
        ("a.tsv", "He\tsaid\tIl dit\nGo\tVa\n", "a.tsv:2: 2 columns, but line 1 has 3"),
        ("a.tsv", "a\tb\n" * 20_000 + "a\tb\tc\n", "a.tsv:20001: 3 columns, but line 1 has 2"),
        ("a.csv", "english,german\nGo,Los\n", "a.csv:1: the header names en and de, where en and"),
        ("a.tsv", "id\ten\tde\n1\tGo\tLos\n", "data.source_language=en data.target_language=de"),
        ("a.tsv", "en\tfr\nGo\tVa\nGo\tVa\tla\n", "'data.columns=[en,fr,notes]'"),
    ],
)
def test_what_is_refused_with_its_line(tmp_path, name, content, message):
    with pytest.raises(AttnlabError) as refused:
        read(tmp_path / name, content)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("a\tb\tCC-BY\nc\td\tCC-BY\n", ["en", "fr"]),  # manythings.org
        ("a\tb\t\nc\td\n", ["en", "fr"]),  # an empty cell at the end is none
        ("a\tb\nc\td\t\t\n", ["en", "fr"]),
        ("a\tb\nc\td\tsaid\n", ["en", "fr", "notes"]),
    ],
)
def test_columns_that_leave_no_doubt(tmp_path, content, columns):
    pairs, _ = read(tmp_path / "a.tsv", content, Layout("en", "fr", columns))
    assert pairs == [("a", "b"), ("c", "d")]


def test_pairs_over_the_bound_are_skipped_and_the_first_is_named(tmp_path):
    layout = Layout("en", "fr", ["en", "fr"], max_characters=8)
    rows = "a\tb\n\n" + "w" * 9 + "\tb\na\tb b b b b\n12345678\tb\n"
    pairs, report = read(tmp_path / "a.tsv", rows, layout)
    assert pairs == [("a", "b"), ("12345678", "b")]
    assert (report.skipped_overlong, report.first_overlong) == (2, 3)
    assert "2 over data.max_characters, the first in line 3" in str(report)
