"""A small Transformer and its vocabulary, exported once for all tests of pages."""

import json
import os
from dataclasses import asdict

import pytest
import torch
from filelock import FileLock

from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.studies.web.model import WebModel
from tests.conftest import vocabulary_config
from tests.studies.web.made import Made, chance_model, corpus, exported


@pytest.fixture(scope="session")
def vocabulary() -> VocabularyPair:
    sentences = corpus(300)
    return VocabularyPair(
        Vocabulary.train(sentences, vocabulary_config(size=150)),
        Vocabulary.train(sentences, vocabulary_config(size=190, model="unigram")),
    )


@pytest.fixture(scope="session")
def transformer(vocabulary, tmp_path_factory) -> Made:
    torch.manual_seed(8)  # its translations differ by sentence and are of several pieces
    model = chance_model(vocabulary, "transformer", "scaled_dot", scale=1.5, decoder_layers=2)
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all workers, each of which has the same model
    file = folder / "transformer.json"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            file.write_text(json.dumps(asdict(exported(model, vocabulary))))
    return Made("transformer", vocabulary, model, WebModel(**json.loads(file.read_text())))
