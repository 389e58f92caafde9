"""The published recipe for Multi30k, held against the figures that were published with it."""

import math
import re
import subprocess
import sys

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.batching import TrainingBatches
from attnlab.data.token_cache import tokenised_corpus
from attnlab.models import MODELS, VocabularySizes
from attnlab.support.schema import from_node
from attnlab.training.schedule import SCHEDULES
from tests.conftest import SHARED_DATA
from tests.runs import REPOSITORY, environment

SCRIPT = REPOSITORY / "scripts" / "tokenise_multi30k.py"
PAGE = REPOSITORY / "docs" / "multi30k.md"
PARAMETERS = 2.606e6  # of Transformer-Tiny, as an independent rerun of it counted
TARGET_TOKENS = 60e6  # that its training reads


def composed(*overrides):
    return from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))


def recipe(*overrides):
    return composed("experiment=multi30k_tiny", *overrides)


def test_the_published_model_has_as_many_parameters():
    config = recipe()
    sizes = VocabularySizes(source=10_000, target=10_000, shared=True)
    model = MODELS.build(config.model, config.attention, sizes)
    assert sum(each.numel() for each in model.parameters()) == pytest.approx(PARAMETERS, rel=1e-3)


def test_the_learning_rate_is_that_of_the_published_schedule_but_for_its_first_1e_7():
    config = recipe()
    schedule, highest, first = SCHEDULES.build(config.schedule), 5e-3, 1e-7
    for update in (1, 2, 1000, 1999, 2000, 2001, 8000):
        if update < 2000:
            expected = first + update * (highest - first) / 2000
        else:
            expected = highest * math.sqrt(2000 / update)
        found = config.optimiser.learning_rate * schedule(update, update / 8000)
        assert found == pytest.approx(expected, abs=1.01e-7)


def test_the_script_writes_what_moses_and_small_letters_make_of_a_line(tmp_path):
    pytest.importorskip("sacremoses", reason="pip install 'attnlab[moses]' brings Moses' rules")
    raw, written = tmp_path / "raw", tmp_path / "tokenised"
    raw.mkdir()
    for split in ("train", "val", "test_2016_flickr"):
        (raw / f"{split}.en").write_text("A man's T-shirt, 50 %.\n", encoding="utf-8")
        (raw / f"{split}.fr").write_text("L’été d'un Homme\u202f!\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, SCRIPT, raw, written],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "train.lc.norm.tok.fr: 1 lines" in done.stdout
    names = {path.name for path in written.iterdir()}
    assert len(names) == 6
    assert (written / "val.lc.norm.tok.en").read_text() == "a man 's t-shirt , 50 % .\n"
    assert (written / "val.lc.norm.tok.fr").read_text() == "l' été d' un homme !\n"


def test_the_trainings_of_the_page_compose():
    """Those of a sweep with all of their changes at once, which saves half a minute."""
    lines = re.findall(r"^(?: {4})?attnlab train (.*)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(lines) > 20
    trainings = {}
    for line in lines:
        settings = [each.split("=", 1) for each in line.partition("#")[0].split() if "=" in each]
        kind = "search" if "-m" in line else line
        trainings.setdefault(kind, {}).update((key, text.split(",")[-1]) for key, text in settings)
    for settings in trainings.values():
        config = composed(*(f"{key}={value}" for key, value in settings.items()))
        assert config.data.name == "multi30k"


@pytest.mark.slow
def test_an_epoch_is_validated_once_and_training_reads_as_many_tokens(tmp_path):
    raw = SHARED_DATA / "multi30k"
    if not raw.is_dir():
        pytest.skip(f"{raw} is absent")
    pytest.importorskip("sacremoses", reason="pip install 'attnlab[moses]' brings Moses' rules")
    subprocess.run([sys.executable, SCRIPT, raw, tmp_path], env=environment(), check=True)
    config = recipe(f"data.root={tmp_path}")
    corpus = tokenised_corpus(config.data, config.seed, config.vocabulary)
    batches = TrainingBatches(corpus.train, config.batch_tokens, config.seed)
    assert config.validate_every == batches.batches_in(0)
    tokens = sum(batch.target_tokens for batch in batches.epoch(0))
    read = tokens * config.max_updates / batches.batches_in(0)
    assert read == pytest.approx(TARGET_TOKENS, rel=0.05)
