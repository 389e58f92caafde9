"""Files of pairs: columns and Moses pairs, what is refused, and the lines of pairs."""

import gzip
from pathlib import Path

import pytest

from attnlab.data.pairs import Layout, ReadingReport, SentencePair
from attnlab.data.reading.files import (
    CorpusNotFoundError,
    read_pairs,
    read_translations,
)
from attnlab.support.errors import AttnlabError, UsageError
from tests.conftest import shared_data

PLAIN = Layout("en", "fr", ["en", "fr"])
SWAPPED = Layout("fr", "en", ["en", "fr"])
BUILTIN = ["en", "fr", "alignment", "tags"]
ANNOTATED = Layout("en", "fr", BUILTIN)

CAT = SentencePair("The cat sleeps.", "Le chat dort.")
GO = SentencePair("Go!", "Va\u202f!")


def write(path: Path, content: str) -> Path:
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["train.tsv", "train.tsv.gz"])
def test_manythings_layout(tmp_path, name):
    write(
        tmp_path / name,
        'The cat sleeps.\tLe chat dort.\tCC-BY, "someone" & someone else\nGo!\tVa\u202f!\tCC-BY\n',
    )
    pairs, report = read_pairs(tmp_path / "train.tsv", PLAIN)
    assert pairs == [CAT, GO]
    assert report == ReadingReport((str(tmp_path / name),), pairs=2)


def test_a_quotation_mark_is_a_mere_character(tmp_path):
    path = write(tmp_path / "a.tsv", '"Go!\t"Va !\n"No," he said.\t« Non », dit-il "".\n')
    pairs, _ = read_pairs(path, PLAIN)
    assert pairs == [
        SentencePair('"Go!', '"Va !'),
        SentencePair('"No," he said.', '« Non », dit-il "".'),
    ]


def test_blank_lines_and_sides_are_skipped_and_counted(tmp_path):
    path = write(
        tmp_path / "a.tsv",
        "Go!\tVa\u202f!\n\n  \nNo.\t\n\tNon.\n\u00a0\t\u202f\nThe cat sleeps.\tLe chat dort.\r\n",
    )
    pairs, report = read_pairs(path, PLAIN)
    assert pairs == [GO, CAT]
    assert report.skipped_empty == 5
    assert str(report) == f"{path}: 2 sentence pairs (skipped 5 empty, 0 too long)"


def test_both_sides_are_normalised(tmp_path):
    path = write(tmp_path / "a.tsv", "\ufeff It\u2019s  hot. \t L\u2019e\u0301te\u0301 .\n")
    assert read_pairs(path, PLAIN)[0] == [SentencePair("It's hot.", "L'été .")]


def test_the_target_is_kept_as_the_file_has_it(tmp_path):
    written = ["L\u2019e\u0301te\u0301  ici\u0085. \u3000", " Va !", "Oui.\tNon."]
    cells = [written[0], written[1], "Oui."]
    rows = write(tmp_path / "a.tsv", "".join(f"{n}\t{text}\n" for n, text in enumerate(cells)))
    write(tmp_path / "b.en", "0\n1\n2\n")
    write(tmp_path / "b.fr", "\ufeff" + "".join(f"{text}\r\n" for text in written))
    columns, _ = read_pairs(rows, PLAIN)
    files, _ = read_pairs(tmp_path / "b", PLAIN)
    assert [pair.reference for pair in columns] == [written[0].rstrip(), " Va !", "Oui."]
    assert (
        [pair.reference for pair in files]
        == [
            "\ufeff" + written[0].rstrip(),  # the mark is text to sacreBLEU
            *written[1:],
        ]
    )
    assert [pair.target for pair in files] == ["L'\xe9t\xe9 ici\x85. \u3000", "Va !", "Oui. Non."]


def test_too_few_columns_are_refused_with_their_line(tmp_path):
    path = write(tmp_path / "train.tsv", "Go!\tVa !\n" * 3 + "The cat sleeps. Le chat dort.\n")
    with pytest.raises(
        AttnlabError, match=r"train\.tsv:4: expected 2 or more tab-separated fields, found 1$"
    ):
        read_pairs(path, PLAIN)


def test_contrast_and_focus_may_be_missing_and_go_one_way_only(tmp_path):
    lines = ("Go!\tVa !\t0-0\tcommand", "Run!\tCours !\t0-0\t\tCourt !", "Up!\tHaut !\t\t\t\tHaut")
    path = write(tmp_path / "train.tsv", "\n".join(lines) + "\n")
    columns = ["en", "fr", "alignment", "tags", "contrast", "focus"]
    pairs, _ = read_pairs(path, Layout("en", "fr", columns))
    assert [(pair.contrast, pair.focus) for pair in pairs] == [
        (None, None),
        ("Court !", None),
        (None, "Haut"),
    ]
    assert pairs[2].alignment is None
    back, _ = read_pairs(path, Layout("fr", "en", columns))
    assert {(pair.contrast, pair.focus) for pair in back} == {(None, None)}


def test_a_named_column_must_be_there(tmp_path):
    path = write(tmp_path / "train.tsv", "Go!\tVa !\t0-0 0-1\n")
    with pytest.raises(AttnlabError, match=r"train\.tsv:1: expected 4 or more .*, found 3"):
        read_pairs(path, ANNOTATED)


def test_alignment_and_tags(tmp_path):
    path = write(
        tmp_path / "a.tsv",
        "a red cat\tun chat rouge\t0-0 1-2 2-1\tadjective, noun\nGo!\tVa !\t\t\n",
    )
    pairs, _ = read_pairs(path, ANNOTATED)
    assert pairs == [
        SentencePair("a red cat", "un chat rouge", "0-0 1-2 2-1", ("adjective", "noun")),
        SentencePair("Go!", "Va !"),
    ]


def test_swapping_the_languages_turns_the_alignment_round(tmp_path):
    path = write(tmp_path / "a.tsv", "I miss you\ttu me manques\t0-1 1-2 2-0\tidiom\n")
    pairs, _ = read_pairs(path, Layout("fr", "en", BUILTIN))
    assert pairs == [SentencePair("tu me manques", "I miss you", "1-0 2-1 0-2", ("idiom",))]


def test_a_malformed_alignment_is_refused(tmp_path):
    path = write(tmp_path / "a.tsv", "Go!\tVa !\t0-0\tx\nGo!\tVa !\t0-0 1\tx\n")
    with pytest.raises(AttnlabError, match=r"a\.tsv:2: expected an alignment .* found '0-0 1'"):
        read_pairs(path, ANNOTATED)


def test_a_language_in_no_column_is_refused_by_name(tmp_path):
    path = write(tmp_path / "a.tsv", "Go!\tVa !\n")
    with pytest.raises(
        UsageError, match=r"target_language=de is in no column .*columns names: en, fr"
    ):
        read_pairs(path, Layout("en", "de", ["en", "fr"]))
    with pytest.raises(UsageError, match=r"columns names: none; list them, such as 'data\.columns"):
        read_pairs(path, Layout("en", "fr", []))


@pytest.mark.parametrize("name", ["train", "train.en", "train.fr", "train.fr.gz"])
def test_a_moses_pair_by_its_prefix_or_either_file(tmp_path, name):
    write(tmp_path / "train.en", "The cat sleeps.\nGo!\n")
    write(tmp_path / "train.fr.gz", "Le chat dort.\nVa\u202f!\n")
    pairs, report = read_pairs(tmp_path / name, PLAIN)
    assert pairs == [CAT, GO]
    assert report.paths == (str(tmp_path / "train.en"), str(tmp_path / "train.fr.gz"))
    swapped, _ = read_pairs(tmp_path / name, SWAPPED)
    assert swapped == [SentencePair(pair.target, pair.source) for pair in pairs]


def test_a_dot_in_the_prefix_is_part_of_it(tmp_path):
    write(tmp_path / "news.2020.en", "Go!\n")
    write(tmp_path / "news.2020.fr", "Va\u202f!\n")
    assert read_pairs(tmp_path / "news.2020", PLAIN)[0] == [GO]


def test_odd_line_ends_keep_the_two_sides_in_step(tmp_path):
    write(tmp_path / "a.en", "one\u2028still one\r\ntwo\r\n")
    write(tmp_path / "a.fr", "un\ndeux")
    assert read_pairs(tmp_path / "a", PLAIN)[0] == [
        SentencePair("one\u2028still one", "un"),
        SentencePair("two", "deux"),
    ]


def test_sides_of_different_length_are_refused_with_both_counts(tmp_path):
    write(tmp_path / "a.en", "one\n" * 1204)
    write(tmp_path / "a.fr", "un\n" * 1203)
    with pytest.raises(AttnlabError, match=r"a\.en has 1,204 lines but .*a\.fr has 1,203"):
        read_pairs(tmp_path / "a", PLAIN)


def test_a_missing_half_is_named_and_so_is_what_is_there(tmp_path):
    write(tmp_path / "train.en", "Go!\n")
    write(tmp_path / "train.fr", "Va !\n")
    with pytest.raises(
        CorpusNotFoundError, match=r"train\.de, plain or \.gz; found beside it: train\.en, train"
    ):
        read_pairs(tmp_path / "train", Layout("en", "de", ["en", "fr"]))


def test_an_absent_corpus_names_what_was_looked_for(tmp_path):
    with pytest.raises(CorpusNotFoundError, match=r"no corpus .*train.* train\.en \+ train\.fr"):
        read_pairs(tmp_path / "train", PLAIN)


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "train").mkdir()
    with pytest.raises(AttnlabError, match="train is a folder, not a file"):
        read_pairs(tmp_path / "train", PLAIN)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_is_none_is_refused(tmp_path, monkeypatch, name):
    write(tmp_path / ".hidden", "Go!\tVa !\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusNotFoundError, match="is a folder, not a file; name a file in it"):
        read_pairs(Path(name), PLAIN)


def test_one_half_given_as_a_table_is_told_how_pairs_are_named(tmp_path):
    path = write(tmp_path / "train.en", "Go!\n")
    with pytest.raises(AttnlabError, match=r"train\.en:1: expected 2 .* found 1 \(two files"):
        read_pairs(path, Layout("de", "nl", ["de", "nl"]))


@pytest.mark.parametrize("content", ["", "\n\n", "\t\n"])
def test_an_empty_corpus_is_refused(tmp_path, content):
    path = write(tmp_path / "a.tsv", content)
    with pytest.raises(AttnlabError, match=r"a\.tsv: no sentence pairs"):
        read_pairs(path, PLAIN)


def test_files_of_ones_own_keep_their_lines(tmp_path):
    source = write(tmp_path / "mine.txt", "Go!\n\nThe cat sleeps.\n")
    one = write(tmp_path / "theirs.gz", "\ufeffVa\u202f! \r\nrien\n Le chat dort\u2019.\n")
    other = write(tmp_path / "others", "Va !\n\nIl dort.")
    assert read_translations(source, [one, other]) == [
        ["Go!", "", "The cat sleeps."],
        ["\ufeffVa\u202f!", "rien", " Le chat dort\u2019."],
        ["Va !", "", "Il dort."],
    ]
    with pytest.raises(AttnlabError, match=r"txt has 3 lines but .*less has 1; line for line"):
        read_translations(source, [one, write(tmp_path / "less", "Va !\n")])
    with pytest.raises(AttnlabError, match="blank: no sentences; name a file that holds some"):
        read_translations(write(tmp_path / "blank", " \n\t\n\n"), [one])


def test_tatoeba_whole():
    path = shared_data("tatoeba") / "fra.txt"
    pairs, report = read_pairs(path, PLAIN)
    # wc -l, and grep -c of U+202F in its second column, count the same
    assert (report.pairs, report.skipped_empty) == (5000, 0)
    raw = path.read_bytes().decode().split("\n")[:-1]
    assert sum("\u202f" in pair.target for pair in pairs) == sum(
        "\u202f" in line.split("\t")[1] for line in raw
    )


def test_multi30k_whole():
    _, report = read_pairs(shared_data("multi30k") / "train", PLAIN)
    assert (report.pairs, report.skipped_empty) == (29000, 0)  # its paper's figure


@pytest.mark.parametrize(("more", "fewer"), [(20_001, 20_000), (30_000, 12_345), (10_000, 0)])
def test_unequal_files_are_counted_to_their_ends(tmp_path, more, fewer):
    write(tmp_path / "a.en", "Go!\n" * more)
    write(tmp_path / "a.fr", "Va !\n" * fewer)
    message = f"a.en has {more:,} lines but .*a.fr has {fewer:,}; line for line"
    with pytest.raises(AttnlabError, match=message):
        read_pairs(tmp_path / "a", PLAIN)
    with pytest.raises(AttnlabError, match=f"{fewer:,} lines but .* has {more:,};"):
        read_pairs(tmp_path / "a", Layout("fr", "en", ()))


def test_lines_far_down_are_numbered_from_the_top(tmp_path):
    path = write(tmp_path / "a.tsv", "Go!\tVa !\n" * 23_456 + "Go!\n")
    with pytest.raises(AttnlabError, match=r"a\.tsv:23457: expected 2 or more .* found 1$"):
        read_pairs(path, PLAIN)
