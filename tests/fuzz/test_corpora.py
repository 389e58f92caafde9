"""Files of sentence pairs that are damaged: read, or refused with a message, by both readers."""

import gzip
import shutil
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.corpus import load_corpus
from attnlab.data.token_cache import tokenised_corpus
from attnlab.studies.describe.description import describe
from attnlab.support.errors import AttnlabError
from attnlab.support.schema import from_node
from tests.fuzz.inputs import LENGTHS, done_or_refused, fuzz, mutated

ROWS = [f"The {n} cats see.\tLes {n} chats voient.\t0-0 1-1 2-2 3-3\tnumber\n" for n in range(40)]
TSV = "".join(ROWS).encode()
ENGLISH, FRENCH = ("".join(f"{row.split(chr(9))[side]}\n" for row in ROWS) for side in (0, 1))


@pytest.mark.parametrize("length", LENGTHS)
def test_a_damaged_file(length, tmp_path):
    settings = ["data=bitext", "data.train=x.tsv", "vocabulary.size=60", "experiment=tiny"]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, settings))
    folder = tmp_path / "corpus"

    @fuzz(
        length * 60,
        content=st.one_of(mutated(TSV), mutated(TSV[:120]), mutated(ENGLISH.encode())),
        name=st.sampled_from(["x.tsv", "x.tsv", "x.tsv.gz", "x.csv", "x.en", "x.en.gz"]),
        packed=st.sampled_from(["no", "no", "whole", "cut"]),
    )
    def holds(content, name, packed):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if packed != "no":
            content = gzip.compress(content, mtime=0)[: None if packed == "whole" else -5]
        (folder / name).write_bytes(content)
        (folder / "x.fr").write_text(FRENCH, encoding="utf-8")
        data = replace(config.data, train=str(folder / name))
        try:
            pairs = load_corpus(data, seed=1).splits["train"]
        except AttnlabError as error:
            refusal = str(error)
            with pytest.raises(AttnlabError) as also:
                tokenised_corpus(data, 1, config.vocabulary)
            assert str(also.value) == refusal
            return
        with done_or_refused():
            describe(replace(config, data=data), None, 2)
        with done_or_refused():  # the vocabulary may be too small
            corpus = tokenised_corpus(data, 1, config.vocabulary)
            assert list(corpus.texts) == pairs
