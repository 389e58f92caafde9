"""Any text: as words, as bytes of a file, and as a sentence to be translated."""

from pathlib import Path

import pytest
from hypothesis import strategies as st

from attnlab.data.reading.lines import decode_lines, normalise
from attnlab.data.words import group_pieces, split_words
from attnlab.launch import compose_inference
from attnlab.run.loaded import load_run
from tests.fuzz.inputs import LENGTHS, NASTY, done_or_refused, fuzz
from tests.runs import attnlab, tiny

PARTS = [part for part in (each.decode(errors="replace") for each in NASTY) if len(part) < 100]
WORDS = st.sampled_from([*PARTS, "The", "cat", "sleeps.", "<unk>", "</s>", "▁", " ", "  "])
TEXTS = st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=12).map(" ".join))


@pytest.mark.parametrize("length", LENGTHS)
def test_words(length):
    @fuzz(length * 400, text=TEXTS)
    def holds(text):
        plain = normalise(text)
        assert normalise(plain) == plain
        assert "".join(split_words(plain)).replace(" ", "") != "" or not plain.strip(" \u3000")
        pieces = plain.replace(" ", "▁").split("▁")
        words = group_pieces(pieces)
        assert [place for word in words for place in range(word.start, word.stop)] == list(
            range(len(pieces))
        )

    @fuzz(length * 200, content=st.lists(st.one_of(st.binary(max_size=5), st.sampled_from(NASTY))))
    def lines(content):
        whole = b"".join(content)
        with done_or_refused():
            assert len(decode_lines(whole, "x")) in (whole.count(b"\n"), whole.count(b"\n") + 1)


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    result = attnlab(*tiny("rnn"), folder=folder)
    assert result.code == 0, result.errors
    config = compose_inference(["search=greedy", "search.max_length_factor=0.5"])
    return load_run(folder / Path(result.output.strip()), config).translator


@pytest.mark.parametrize("length", LENGTHS)
def test_translation(length, translator):
    @fuzz(length * 40, texts=st.lists(TEXTS, max_size=4))
    def holds(texts):
        found = translator.translate(texts)
        assert [each.source for each in found] == [normalise(text) for text in texts]
        for each in found:
            assert "\n" not in each.text
            assert bool(each.target_tokens) <= bool(each.source_tokens)
