"""File formats recognised by their first bytes, and refused where UTF-8 text is expected."""

from attnlab.support.errors import AttnlabError

GZIP_MAGIC = b"\x1f\x8b"
_UNPACK = "unpack it, and name a text file in it"
_CONVERT = "save it as UTF-8 text"
# First bytes, name of the format, remedy.
_FORMATS: tuple[tuple[bytes, str, str], ...] = (
    (GZIP_MAGIC, "gzip data", "unpack it with gunzip (once more, if it was gzip within gzip)"),
    (b"PK\x03\x04", "a zip archive (.zip, .xlsx, .docx)", _UNPACK + ", or export it as .tsv"),
    (b"PK\x05\x06", "an empty zip archive", _UNPACK),
    (b"\xfd7zXZ\0", "xz data", "unpack it with unxz"),
    *((b"BZh%d1AY&SY" % level, "bzip2 data", "unpack it with bunzip2") for level in range(1, 10)),
    (b"\x28\xb5\x2f\xfd", "zstd data", "unpack it with unzstd"),
    (b"\x04\x22\x4d\x18", "lz4 data", "unpack it with unlz4"),
    (b"\x1f\x9d", "compress data", "unpack it with uncompress"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", _UNPACK),
    (b"%PDF-", "a PDF document", _CONVERT),
    (b"{\\rtf", "a rich text document", _CONVERT),
    (b"\xd0\xcf\x11\xe0", "an old Office document", _CONVERT),
    (b"PAR1", "a Parquet table", "write it as .tsv, with pandas for example"),
    (b"ARROW1", "an Arrow table", "write it as .tsv, with pandas for example"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as .tsv"),
    (b"\x89PNG", "a picture", _CONVERT),
    (b"\xff\xd8\xff", "a picture", _CONVERT),
    (b"\x7fELF", "a program", "name a text file"),
    (b"version https://git-lfs.github.com/", "a pointer of Git LFS", "fetch it: git lfs pull"),
)
_MARKUP = (
    (b"<!doctype html", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
    (b"<?xml", "XML (TMX, XLIFF …)", "write its sentences as .tsv, a pair a line"),
    (b"<tmx", "a translation memory (TMX)", "write its sentences as .tsv, a pair a line"),
)
_WIDE_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LOOKED_AT = 4096


def refuse_other_formats(head: bytes, name: str) -> None:
    """Refuse a file whose first bytes `head` belong to another format than UTF-8 text.

    Raises:
        AttnlabError: the message names the format and how to get at the text.
    """
    wide = _wide_encoding(head)
    if wide is not None:
        raise AttnlabError(
            f"{name}:1: byte 1 (0x{head[0]:02x}) is not UTF-8: the file is {wide}; convert it: "
            f"iconv -f {wide} -t UTF-8"
        )
    if head[257:262] == b"ustar":
        raise AttnlabError(f"{name}: is a tar archive, no text; {_UNPACK} (tar xf)")
    for magic, what, remedy in _FORMATS:
        if head.startswith(magic):
            raise AttnlabError(f"{name}: is {what}, no text; {remedy}")
    beginning = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, what, remedy in _MARKUP:
        if beginning.startswith(magic):
            raise AttnlabError(f"{name}: is {what}, not a sentence a line; {remedy}")


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by the byte order mark or by where Latin letters have zero bytes."""
    for mark, encoding in _WIDE_MARKS.items():
        if head.startswith(mark):
            return encoding
    looked_at = head[: min(len(head), _LOOKED_AT) // 4 * 4]
    zeros = [looked_at[place::4].count(0) for place in range(4)]
    units = len(looked_at) // 4
    if units and units in (min(zeros[2:]), min(zeros[:2])) and sum(zeros) < 4 * units:
        return "UTF-32LE" if zeros[0] < units else "UTF-32BE"
    for odd, even, encoding in ((1, 0, "UTF-16LE"), (0, 1, "UTF-16BE")):
        filled = zeros[odd] + zeros[odd + 2]
        if filled > units and zeros[even] + zeros[even + 2] == 0:
            return encoding
    return None


def has_lone_carriage_returns(head: bytes) -> bool:
    r"""Whether lines end at `\r` alone, as on old Macs: `head` has `\r` and no `\n`."""
    return b"\r" in head and b"\n" not in head
