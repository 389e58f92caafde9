import gzip
import io
import os
import re
import threading
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.reading.lines import (
    LONGEST_LINE,
    decode_lines,
    find_text_file,
    incoming_lines,
    line_blocks,
    normalise,
    read_raw_lines,
)
from attnlab.support.errors import AttnlabError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two \t\t spaces \r", "two spaces"),
        ("l\u2019eau qu\u02bcil", "l'eau qu'il"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("Va\u202f!", "Va\u202f!"),
        ("\u00ab\u00a0oui\u00a0\u00bb", "\u00ab\u00a0oui\u00a0\u00bb"),
        ("a\u2028b", "a\u2028b"),
        ("\u2581a\u2581b", "a b"),  # SentencePiece cannot tell its own sign from a space
        (" \t", ""),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected


@given(st.text())
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(st.sampled_from("aé \u00a0\t\r\n\u2581\u2019\u02bc\u0301\u0327e'")))
def test_normalising_is_composing_straightening_and_collapsing(text):
    straight = re.sub("[\u2019\u02bc]", "'", unicodedata.normalize("NFC", text))
    assert normalise(text) == " ".join(filter(None, re.split("[ \t\r\n\u2581]", straight)))


@given(st.binary(max_size=40) | st.text("a\n\r\ufeffé").map(str.encode), st.integers(1, 3))
def test_blocks_of_lines_are_the_file(tmp_path_factory, content, at_a_time):
    path = tmp_path_factory.mktemp("blocks") / "file"
    path.write_bytes(b"text\n" + content)
    blocks = list(line_blocks(path, at_a_time))
    assert b"".join(blocks) == b"text\n" + content
    assert all(block.count(b"\n") == at_a_time for block in blocks[:-1])
    try:
        whole: object = decode_lines(b"text\n" + content, str(path))
    except AttnlabError as error:
        whole = str(error)
    try:
        lines: object = read_raw_lines(path)
    except AttnlabError as error:
        lines = str(error)
    assert lines == whole


@pytest.mark.parametrize("compress", [False, True])
def test_an_error_beyond_the_first_block_names_its_line(tmp_path, compress):
    content = b"fine\n" * 25_000 + b"caf\xe9\n"
    path = tmp_path / "long"
    path.write_bytes(gzip.compress(content) if compress else content)
    with pytest.raises(AttnlabError, match=r"long:25001: byte 4 \(0xe9\) is not UTF-8"):
        read_raw_lines(path)


@pytest.mark.parametrize("compress", [False, True])
def test_lines_end_at_line_feeds_only(tmp_path, compress):
    content = "un\u2028deux\r\n\ntrois\x0bquatre\u0085cinq\n  six\x1c ".encode()
    path = tmp_path / ("lines.gz" if compress else "lines")
    path.write_bytes(gzip.compress(content) if compress else content)
    expected = ["un\u2028deux", "", "trois\x0bquatre\u0085cinq", "  six\x1c "]
    assert read_raw_lines(path) == expected
    assert read_raw_lines(tmp_path / "lines") == expected  # found without .gz in its name


def test_gzip_is_known_by_its_content_too(tmp_path):
    (tmp_path / "plain.name").write_bytes(gzip.compress(b"one\ntwo\n"))
    assert read_raw_lines(tmp_path / "plain.name") == ["one", "two"]


def test_a_pipe_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=["one\ntwo\n"])
    writer.start()
    assert read_raw_lines(tmp_path / "pipe") == ["one", "two"]
    writer.join()


def test_byte_order_mark_is_passed_over_at_the_start_alone(tmp_path):
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n")
    assert read_raw_lines(tmp_path / "marked") == ["one", "\ufefftwo"]


def test_a_file_with_nothing_in_it_has_no_lines(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert read_raw_lines(tmp_path / "empty") == []


@given(st.lists(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]))))
def test_decoding_undoes_joining(lines):
    content = "".join(f"{line}\n" for line in lines).encode()
    # A first byte order mark and a last carriage return are the two things that may go.
    expected = [line.removesuffix("\r") for line in lines]
    if expected:
        expected[0] = lines[0].removeprefix("\ufeff").removesuffix("\r")
    assert decode_lines(content, "joined") == expected


def test_what_is_not_utf8_is_refused_with_line_and_byte(tmp_path):
    path = tmp_path / "latin"
    path.write_bytes("été\nça\nle caf".encode() + b"\xe9\n")
    with pytest.raises(AttnlabError, match=r"latin:3: byte 7 \(0xe9\) is not UTF-8"):
        read_raw_lines(path)


def test_utf16_is_refused(tmp_path):
    (tmp_path / "wide").write_bytes("one\n".encode("utf-16"))
    with pytest.raises(AttnlabError, match=r"wide:1: byte 1 .* is not UTF-8"):
        read_raw_lines(tmp_path / "wide")


def test_absent_file_names_what_was_looked_for(tmp_path):
    with pytest.raises(AttnlabError, match=r"absent.en: no such file, nor absent\.en\.gz"):
        read_raw_lines(tmp_path / "absent.en")
    assert find_text_file(tmp_path / "absent.en") is None


def test_folder_is_refused(tmp_path):
    with pytest.raises(AttnlabError, match="is a folder, not a file"):
        read_raw_lines(tmp_path)


WHOLE = gzip.compress(b"a sentence that is long enough to be cut\n" * 50)


@pytest.mark.parametrize(
    "content",
    [WHOLE[: len(WHOLE) // 2], WHOLE[:-3], WHOLE[:5], b"plain text", WHOLE[:-8] + b"\0" * 8],
    ids=["cut in half", "cut at the end", "cut in its head", "no gzip", "wrong checksum"],
)
def test_broken_gzip_is_refused(tmp_path, content):
    (tmp_path / "broken.gz").write_bytes(content)
    with pytest.raises(AttnlabError, match=r"broken\.gz: not a whole gzip file"):
        read_raw_lines(tmp_path / "broken.gz")


def test_damage_inside_gzip_is_refused(tmp_path):
    damaged = bytearray(WHOLE)
    damaged[12:30] = b"\xff" * 18
    (tmp_path / "damaged.gz").write_bytes(damaged)
    with pytest.raises(AttnlabError, match=r"damaged\.gz: not a whole gzip file"):
        read_raw_lines(tmp_path / "damaged.gz")


@pytest.mark.parametrize("extra", [-1, 0, 1, 1000, LONGEST_LINE])
@pytest.mark.parametrize("character", ["a", "é", "語", "😀"])
def test_an_incoming_line_is_cut_between_characters(extra, character, caplog):
    size = len(character.encode())
    text = character * ((LONGEST_LINE + extra) // size)
    stream = io.BufferedReader(io.BytesIO(f"one\n{text}\ntwo\n".encode()))
    lines = [line for group in incoming_lines(stream, "stdin") for line in group]
    assert [lines[0], lines[2]] == ["one", "two"]
    assert lines[1] == text[: LONGEST_LINE // size]
    assert "UTF-8" not in caplog.text
