"""attnlab translate: as many lines out as in, at once, whatever the input holds."""

import gzip
import json
import shlex
import signal
import subprocess
import sys

import pytest

from attnlab.support.folders import shipped_folder
from tests.refusals import assert_refused
from tests.runs import attnlab, environment, tiny
from tests.warm import Attnlab, eventually

GREEDY = ("translate", "search=greedy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translate")
    done = attnlab(*tiny("rnn"), folder=folder)
    assert done.code == 0, done.errors
    return folder


def test_no_line_is_lost(trained):
    lines = [b"The cat sleeps.", b"caf\xe9", b"", "\u200b\u00a0\u3000".encode(), b"a\0b", b"Go! \r"]
    lines.append(b"word " * 3000)
    done = attnlab(*GREEDY, folder=trained, given=b"\n".join(lines))
    assert done.code == 0, done.errors
    translations = done.output.split("\n")[:-1]
    assert len(translations) == len(lines)
    assert [bool(text) for text in translations][:4] == [True, True, False, False]
    errors = " ".join(done.errors.split())
    assert "standard input:2: byte 4 (0xe9) is not UTF-8, and is read as U+FFFD" in errors
    assert "standard input:5: holds a NUL byte" in errors
    assert "sentence 7 has 14,999 characters; its first 1,000 alone are translated" in errors
    old_mac = attnlab(*GREEDY, folder=trained, given=b"The cat sleeps.\rThe cat sleeps.\r")
    assert old_mac.output.split("\n") == [translations[0], translations[0], ""]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("The cat sleeps.\n".encode("utf-16"), "standard input:1: byte 1 (0xff) is not UTF-8"),
        (b"\x1f\x8b\x08\0", "standard input: is gzip data, no text; unpack it with gunzip"),
    ],
)
def test_another_format_is_refused_by_name(trained, given, message):
    done = attnlab(*GREEDY, folder=trained, given=given)
    assert (done.code, done.output) == (1, "")
    assert message in done.errors
    assert "fault of attnlab" not in done.errors


def test_a_translation_comes_before_the_input_ends(trained):
    with subprocess.Popen(
        [sys.executable, "-m", "attnlab", *GREEDY],
        cwd=trained,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(b"The cat sleeps.\n")
        process.stdin.flush()
        assert process.stdout.readline().endswith(b"\n")
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_an_endless_input_whose_reader_has_had_enough(trained):
    command = shlex.join([sys.executable, "-m", "attnlab", *GREEDY])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -v 6000000; yes 'The cat sleeps.' | {command} | head -n 1"],
        cwd=trained,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.count(b"\n") == 1
    assert b"error" not in done.stderr
    assert b"fault of attnlab" not in done.stderr


@pytest.fixture(scope="module")
def attending(tmp_path_factory):
    """A folder with a run that has attention, and with 1,500 lines to translate."""
    folder = tmp_path_factory.mktemp("attending")
    done = attnlab(*tiny("bahdanau"), folder=folder)
    assert done.code == 0, done.errors
    corpus = (shipped_folder("data") / "train.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t")[0] for line in corpus.split("\n")[:1500]]
    lines[3] = lines[700] = ""
    (folder / "in.en").write_text("\n".join(lines), encoding="utf-8")
    with gzip.open(folder / "in.en.gz", "wt", encoding="utf-8") as packed:
        packed.write("\n".join(lines))
    return folder


SHORT = (*GREEDY, "search.max_length_factor=0.2", "search.max_length_extra=3")


@pytest.fixture(scope="module")
def whole(attending):
    """What becomes of the lines without an interruption."""
    done = attnlab(*SHORT, "-i", "in.en", "-o", "whole.fr", folder=attending)
    assert done.code == 0, done.errors
    assert "translated 1,500 lines" in done.errors
    assert not list(attending.glob("*.unfinished"))
    return (attending / "whole.fr").read_bytes()


def test_files_and_pipes_are_translated_alike(attending, whole):
    piped = attnlab(*SHORT, folder=attending, given=(attending / "in.en").read_bytes())
    assert piped.output.encode() == whole
    assert whole.count(b"\n") == 1500
    refused = attnlab(*SHORT, "-i", "in.en", "-o", "in.en", folder=attending)
    assert_refused(refused, 2, "--input and --output are both in.en")
    (attending / "earlier.fr").write_bytes(whole)
    refused = attnlab(*SHORT, "-i", "no.en", "-o", "earlier.fr", folder=attending)
    assert_refused(refused, 1, "no.en: cannot be read")
    assert (attending / "earlier.fr").read_bytes() == whole


def killed(folder, *arguments, after):
    """Start a translation, and kill it once `after` lines are in its output."""
    # A note after each group, however long a busy disk takes for it.
    often = "from attnlab.studies.translate import unfinished; unfinished.SHARE_OF_NOTES = 1e9"
    process = Attnlab(*SHORT, *arguments, folder=folder, preparation=often)
    note = folder / f"{arguments[-1]}.unfinished"

    def is_under_way():
        return note.exists() and json.loads(note.read_text())["lines"] >= after

    assert eventually(is_under_way, process), process.told()
    process.send(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return json.loads(note.read_text())["lines"]


@pytest.mark.parametrize(
    ("name", "output", "unpack"),
    [("in.en", "a.fr", bytes), ("in.en.gz", "b.fr.gz", gzip.decompress)],
)
def test_a_killed_translation_goes_on_where_it_was(attending, whole, name, output, unpack):
    files = ("-i", name, "-o", output)
    first = killed(attending, *files, after=40)
    assert first < 1500
    with (attending / output).open("ab") as torn:
        torn.write(b"the half of a li")
    done = attnlab(*SHORT, *files, "--continue", folder=attending)
    assert done.code == 0, done.errors
    assert f"going on behind line {first:,}" in done.errors
    assert unpack((attending / output).read_bytes()) == whole
    assert not (attending / f"{output}.unfinished").exists()
    once_more = attnlab(*SHORT, *files, "--continue", folder=attending)
    assert once_more.code == 0
    assert "nothing is left to do" in once_more.errors
    assert unpack((attending / output).read_bytes()) == whole


def test_what_is_continued_must_be_the_same(attending, tmp_path):
    files = ("-i", "in.en", "-o", "c.fr")
    killed(attending, *files, after=8)
    before = (attending / "c.fr").read_bytes()
    go_on = (*SHORT, *files, "--continue")
    refused = attnlab(*SHORT, *files, folder=attending)
    assert_refused(refused, 2, "c.fr is unfinished: go on with --continue")
    for more, remark in (
        (("search.max_length_extra=4",), "the search is another"),
        (("checkpoint=last", "search.max_length_extra=3"), "the run's weights are others"),
        (("--format", "json"), "other columns were written"),
    ):
        refused = attnlab(*go_on, *more, folder=attending)
        assert_refused(refused, 2, f"c.fr cannot be continued: {remark}")
    text = (attending / "in.en").read_text()
    (attending / "in.en").write_text(f"{text}\nOne more.")
    try:
        refused = attnlab(*go_on, folder=attending)
        assert_refused(refused, 2, "c.fr cannot be continued: the input has changed")
    finally:
        (attending / "in.en").write_text(text)
    assert (attending / "c.fr").read_bytes() == before
    (attending / "c.fr.unfinished").unlink()
    assert_refused(attnlab(*go_on, folder=attending), 2, "c.fr is no unfinished output")
    drawn = attnlab("translate", "search=sampling", *files, "--continue", folder=attending)
    assert_refused(drawn, 2, "a search without random numbers")
    assert_refused(attnlab(*go_on[:1], "--continue", folder=attending), 2, "--input and --output")


def test_an_overlong_line_is_refused_behind_those_before_it(attending):
    (attending / "long.en").write_text(f"The cat sleeps.\nGo!\n{'word ' * 300}\nStop!\n")
    files = ("-i", "long.en", "-o", "long.fr")
    refused = attnlab(*SHORT, *files, "--overlong", "refuse", folder=attending)
    assert_refused(refused, 1, "long.en:3: 1,499 characters, and this run reads 1,000 at most")
    assert (attending / "long.fr").read_bytes().count(b"\n") == 2
    done = attnlab(*SHORT, *files, "--continue", folder=attending)
    assert done.code == 0, done.errors
    assert "sentence 3 has 1,499 characters; its first 1,000 alone are translated" in " ".join(
        done.errors.split()
    )
    assert (attending / "long.fr").read_bytes().count(b"\n") == 4
    piped = attnlab(*SHORT, *files[:2], "--overlong", "refuse", folder=attending)
    assert piped.code == 1
    assert piped.output.count("\n") == 2


def test_alignments_stand_behind_a_tab_or_in_an_object(attending, whole):
    given = b"\n".join((attending / "in.en").read_bytes().split(b"\n")[:6])
    rows = attnlab(*SHORT, "--alignment", folder=attending, given=given).output.split("\n")[:-1]
    objects = attnlab(*SHORT, "--alignment", "-f", "json", folder=attending, given=given)
    plain = whole.decode().split("\n")
    for number, (row, line) in enumerate(zip(rows, objects.output.split("\n")[:-1], strict=True)):
        found = json.loads(line)
        (hypothesis,) = found["hypotheses"]
        assert row == f"{plain[number]}\t{hypothesis['alignment']}"
        assert (found["line"], hypothesis["text"]) == (number + 1, plain[number])
        source, target = found["source"].split(), hypothesis["text"].split(" ")
        assert found["source"].encode() == given.split(b"\n")[number]
        for link in hypothesis["alignment"].split():
            i, j = map(int, link.split("-"))
            assert 0 <= i < len(source)
            assert 0 <= j < len(target)
        assert bool(hypothesis["alignment"]) == bool(hypothesis["text"])
        assert "".join(hypothesis["pieces"]).replace("▁", " ").strip() == hypothesis["text"]
    assert rows[3] == "\t"
    assert number == 5


def test_attention_is_needed_to_align_and_a_file_to_write(trained, tmp_path):
    refused = attnlab(*GREEDY, "--alignment", folder=trained)
    assert_refused(refused, 1, "model=rnn has no attention to align words by")
    (trained / "some.en").write_text("Go!\n")
    refused = attnlab(*GREEDY, "-i", "some.en", "-o", "absent/some.fr", folder=trained)
    assert_refused(refused, 1, "cannot write absent/some.fr", "choose another --output")
    refused = attnlab(*GREEDY, "-i", "absent.en", folder=trained)
    assert_refused(refused, 1, "absent.en: cannot be read")
    (trained / "broken.gz").write_bytes(gzip.compress(b"Go!\n" * 1000)[:-9])
    refused = attnlab(*GREEDY, "-i", "broken.gz", folder=trained)
    assert_refused(refused, 1, "broken.gz: not a whole gzip file")


def test_the_best_few_have_number_rank_and_score(attending):
    given = b"\n".join((attending / "in.en").read_bytes().split(b"\n")[:5])
    beam = ("translate", "search.beam_size=3", *SHORT[2:])
    scored = attnlab(*beam, "--scores", folder=attending, given=given).output.split("\n")[:-1]
    listed = attnlab(*beam, "--n-best", "3", folder=attending, given=given).output.split("\n")[:-1]
    more = ("--n-best", "3", "--alignment", "--format", "json")
    objects = attnlab(*beam, *more, folder=attending, given=given).output.split("\n")[:-1]
    assert len(objects) == len(scored) == 5
    rows = iter(listed)
    for number, (best, line) in enumerate(zip(scored, objects, strict=True), start=1):
        hypotheses = json.loads(line)["hypotheses"]
        assert len(hypotheses) == (1 if number == 4 else 3)  # line 4 is blank
        for rank, each in enumerate(hypotheses, start=1):
            assert next(rows) == f"{number}\t{rank}\t{each['score']:.4f}\t{each['text']}"
            # By their mean log p, with the end's where there is one.
            means = [each["log_probability"] / (len(each["pieces"]) + end or 1) for end in (0, 1)]
            assert each["score"] in [pytest.approx(mean) for mean in means]
        texts = [each["text"] for each in hypotheses]
        assert f"{hypotheses[0]['score']:.4f}\t{texts[0]}" == best
        assert len({tuple(each["pieces"]) for each in hypotheses}) == len(texts)
        ranked = [each["score"] for each in hypotheses]
        assert ranked == sorted(ranked, reverse=True)
        for each in hypotheses:
            assert len(each["alignment"].split()) == len(each["text"].split(" ")) * (number != 4)
    assert not list(rows)
    refused = attnlab(*beam, "--n-best", "4", folder=attending)
    assert_refused(refused, 2, "search.n_best=4 is more than search.beam_size=3")
