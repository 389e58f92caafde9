"""Loading a run: room for its weights, and what a start need not import."""

import subprocess
import sys

import pytest

from attnlab import launch
from attnlab.attention.scores import SCORES
from attnlab.config import ExperimentConfig
from attnlab.models import MODELS, VocabularySizes
from attnlab.run.loaded import upper_bound
from attnlab.support.schema import from_node
from tests.runs import REPOSITORY, environment

SIZES = VocabularySizes(source=3001, target=3001, shared=True)
UNUSUAL = {
    "rnn": ["model.layers=4", "model.encoder_size=900"],
    "bahdanau": ["model.cell=lstm", "model.layers=3"],
    "transformer": [
        *("model.heads=7", "model.query_size=200", "model.key_size=200", "model.value_size=150"),
        *("model.activation=swiglu", "positions=learned"),
    ],
    "convolutional": ["model.encoder_kernel_size=25", "model.decoder_kernel_size=9"],
}


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("model", list(UNUSUAL))
def test_weights_never_exceed_the_bound_that_spares_counting_them(model, more, score):
    overrides = [f"model={model}", f"score={score}", *(UNUSUAL[model] if more else [])]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))
    built = MODELS.build(config.model, config.attention, SIZES)
    size = sum(each.numel() * each.element_size() for each in built.parameters())
    assert size < upper_bound(config, SIZES)
    if not more:
        assert upper_bound(config, SIZES) < 2e9, "the default would be counted at every start"


def test_loading_a_model_does_not_import_the_compiler():
    code = (
        "import sys, torch\n"
        "from attnlab import launch\n"
        "from attnlab.config import ExperimentConfig\n"
        "from attnlab.models import VocabularySizes\n"
        "from attnlab.run.loaded import require_room_for_weights\n"
        "from attnlab.support.schema import from_node\n"
        "config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, []))\n"
        "sizes = VocabularySizes(source=4000, target=4000, shared=True)\n"
        "require_room_for_weights(config, sizes, torch.device('cpu'))\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
