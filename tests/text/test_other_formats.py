"""Files that are not the text that their names promise."""

import bz2
import gzip
import io
import lzma
import resource
import subprocess
import sys
import tarfile
import zipfile

import pytest

from attnlab.data.pairs import Layout
from attnlab.data.reading.files import read_pairs
from attnlab.data.reading.lines import is_blank, read_raw_lines
from attnlab.support.errors import AttnlabError
from tests.runs import attnlab

TEXT = "Go.\tVa !\nRun.\tCours !\nIt’s été.\tC’est l’été.\n"
LAYOUT = Layout("en", "fr", ["en", "fr"])


def tar_of(text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("train.en")
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def zip_of(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("train.en", text)
    return packed.getvalue()


OTHERS = {
    "utf-16": (TEXT.encode("utf-16"), "the file is UTF-16; convert it: iconv -f UTF-16"),
    "utf-16-le": (TEXT.encode("utf-16-le"), "the file is UTF-16LE"),
    "utf-16-be": (TEXT.encode("utf-16-be"), "the file is UTF-16BE"),
    "utf-32": (TEXT.encode("utf-32"), "the file is UTF-32"),
    "utf-32-le": (TEXT.encode("utf-32-le"), "the file is UTF-32LE"),
    "utf-32-be": (TEXT.encode("utf-32-be"), "the file is UTF-32BE"),
    "greek-utf-16": ("Η γάτα κοιμάται.\n".encode("utf-16-be"), "NUL byte"),
    "nul": (TEXT.encode() + b"a\0b\tc\n", ":4: holds a NUL byte"),
    "tar": (tar_of(TEXT), "is a tar archive, no text; unpack it"),
    "tar.gz": (gzip.compress(tar_of(TEXT)), "is a tar archive, no text; unpack it"),
    "zip": (zip_of(TEXT), "is a zip archive"),
    "xz": (lzma.compress(TEXT.encode()), "is xz data, no text; unpack it with unxz"),
    "bz2": (bz2.compress(TEXT.encode()), "is bzip2 data"),
    "zst": (b"\x28\xb5\x2f\xfd" + bytes(range(99)), "is zstd data"),
    "gz.gz": (
        gzip.compress(gzip.compress(TEXT.encode())),
        "is gzip data, no text; unpack it with gunzip (once more",
    ),
    "html": (b"\n<!DOCTYPE html>\n<html>404</html>\n", "is a web page"),
    "tmx": (b'<?xml version="1.0"?>\n<tmx></tmx>\n', "is XML"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
    "one-line": (b"word " * 400_000, ":1: a line of more than 1,048,576 bytes"),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("side", ["train.tsv", "train.en", "train.fr"])
def test_another_format_is_named_under_any_name(tmp_path, kind, side):
    content, message = OTHERS[kind]
    for name in ("train.en", "train.fr") if side != "train.tsv" else ():
        (tmp_path / name).write_text("a sentence\n" * max(content.count(b"\n"), 1))
    (tmp_path / side).write_bytes(content)
    with pytest.raises(AttnlabError) as refused:
        read_pairs(tmp_path / ("train.tsv" if side == "train.tsv" else "train"), LAYOUT)
    assert str(refused.value).startswith(str(tmp_path / side))
    assert message in str(refused.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("compress", [False, True])
def test_lines_end_as_on_any_system(tmp_path, end, compress):
    content = TEXT.replace("\n", end).encode()
    path = tmp_path / ("mac.tsv.gz" if compress else "mac.tsv")
    path.write_bytes(gzip.compress(content) if compress else content)
    assert read_raw_lines(path) == TEXT.splitlines()
    assert len(read_pairs(path, LAYOUT)[0]) == 3


def test_a_lone_carriage_return_among_line_feeds_is_white_space(tmp_path):
    (tmp_path / "a.en").write_bytes(b"one\rtwo\nthree\n")
    (tmp_path / "a.fr").write_bytes(b"un\ndeux\r\n")
    pairs, _ = read_pairs(tmp_path / "a", LAYOUT)
    assert [(pair.source, pair.target) for pair in pairs] == [("one two", "un"), ("three", "deux")]


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060", "\u00ad"])
def test_a_side_without_ink_is_blank(tmp_path, blank):
    (tmp_path / "a.tsv").write_text(f"Go.\t{blank} {blank}\n\n{blank}\tVa !\nRun.\tCours{blank}!\n")
    pairs, report = read_pairs(tmp_path / "a.tsv", LAYOUT)
    assert [pair.source for pair in pairs] == ["Run."]
    assert report.skipped_empty == 3
    assert not is_blank(f"{blank}.")


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\n"])
def test_a_side_that_is_a_byte_order_mark(tmp_path, mark):
    (tmp_path / "a.en").write_text(mark)
    (tmp_path / "a.fr").write_text("Va !\n")
    with pytest.raises(AttnlabError, match=r"has 0 lines but|no sentence pairs"):
        read_pairs(tmp_path / "a", LAYOUT)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is Linux's")
@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (b"word", "a line of more than"),
        (b"word " * 40 + b"\t" + b"mot " * 40 + b"\n", "more than 100 times its size"),
    ],
)
def test_a_small_file_that_unpacks_to_gigabytes_is_refused_in_little_memory(
    tmp_path, unit, message
):
    member = gzip.compress(unit * ((8 << 20) // len(unit)))
    (tmp_path / "bomb.tsv.gz").write_bytes(member * 128)  # one file, too: 1 GB
    read = (
        "import sys; from pathlib import Path; from attnlab.data.reading.files import read_pairs\n"
        "from attnlab.data.pairs import Layout\n"
        "read_pairs(Path(sys.argv[1]), Layout('en', 'fr', ['en', 'fr']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", read, str(tmp_path / "bomb.tsv.gz")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20)),
    )
    assert f"AttnlabError: {tmp_path / 'bomb.tsv.gz'}" in done.stderr
    assert message in done.stderr


def test_a_name_of_gzip_is_refused_whatever_the_cache_holds(tmp_path):
    rows = "".join(f"word {n}\tmot {n}\n" for n in range(60))
    (tmp_path / "base.tsv").write_text(rows)
    (tmp_path / "x.tsv.gz").write_text(rows)
    train = ("train", "experiment=tiny", "data=bitext", "max_updates=1", "vocabulary.size=60")
    whole = attnlab(*train, "data.train=base.tsv", folder=tmp_path)
    assert whole.code == 0, whole.errors
    named = attnlab(*train, "data.train=x.tsv.gz", folder=tmp_path)
    assert named.code == 1
    assert "x.tsv.gz: not a whole gzip file" in named.errors
    assert "fault of attnlab" not in named.errors
