"""Every YAML file: composed, checked against its dataclass, and complete."""

from dataclasses import fields

import pytest
import yaml

from attnlab import launch
from attnlab.attention.scores import SCORES
from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.data.corpus import DataConfig
from attnlab.data.tasks import ASK, MOST_SYMBOLS
from attnlab.data.tokens import SPECIAL
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.models import MODELS
from attnlab.studies.kernel_regression.config import KERNEL_REGRESSION, KernelRegressionConfig
from attnlab.support.folders import shipped_folder, training_groups
from attnlab.support.schema import from_node
from tests.cases import one_by_one

FILES = [path for group in training_groups() for path in sorted(group.glob("*.yaml"))]
WHOLE = ("experiment", "recipe", "size")  # groups whose files change settings of other groups
NEEDED = {"bitext": ["data.train=pairs.tsv"]}


def experiment(*overrides):
    return from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")
def test_every_choice_composes(path):
    group, name = path.parent.name, path.stem
    of_model = [f"model={name.partition('_')[2]}"] if group == "size" else []
    config = experiment(f"{group}={name}", *of_model, *NEEDED.get(name, []))
    if group not in WHOLE:
        assert getattr(config, group).name == name


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.parent.name not in WHOLE],
    ids=lambda path: f"{path.parent.name}={path.stem}",
)
def test_every_file_has_all_settings_of_its_dataclass_and_no_others(path):
    values = yaml.safe_load(path.read_text())
    values.pop("defaults", None)
    others = {"data": DataConfig, "vocabulary": VocabularyConfig}
    group = path.parent.name
    schema = (
        others[group] if group in others else ExperimentConfig.CHOICES[group].config(values["name"])
    )
    assert set(values) == {field.name for field in fields(schema)}


@pytest.mark.parametrize("group", list(ExperimentConfig.CHOICES))
def test_every_registered_choice_has_a_file(group):
    assert {path.stem for path in FILES if path.parent.name == group} == set(
        ExperimentConfig.CHOICES[group]
    )


@one_by_one(model=MODELS, score=SCORES)
def test_every_model_takes_every_score(model, score):
    config = experiment(f"model={model}", f"score={score}")
    assert (config.model.name, config.score.name) == (model, score)


def test_a_model_brings_its_own_score_and_the_command_line_has_the_last_word():
    assert experiment("model=bahdanau").score.name == "additive"
    assert experiment("model=transformer").score.name == "scaled_dot"
    assert experiment("model=transformer", "score=dot").score.name == "dot"


def test_an_experiment_changes_what_it_names_and_yields_to_the_command_line():
    assert experiment("experiment=tiny").max_updates == 8
    assert experiment("experiment=tiny", "max_updates=3").max_updates == 3
    assert experiment("experiment=tiny", "model=rnn").model.name == "rnn"


@pytest.mark.parametrize("task", ["copy", "reverse", "sort", "lookup"])
def test_a_task_brings_its_recipe_and_yields_to_experiment_and_command_line(task):
    config = experiment(f"data={task}")
    assert (config.model.dropout, config.vocabulary.model) == (0.0, "word")
    assert config.stopping.metric == "exact"
    assert experiment(f"data={task}", "experiment=tiny").vocabulary.size == 300
    assert experiment(f"data={task}", "vocabulary.size=99").vocabulary.size == 99
    assert experiment(f"data={task}", "model=transformer").model.dropout == 0.0
    assert experiment("data=builtin").vocabulary.size == 4000


def test_a_vocabulary_as_it_ships_holds_the_symbols_of_every_task():
    symbols = 2 * MOST_SYMBOLS + len(ASK)  # of lookup: keys, values and what asks
    for name in ("joint", "separate"):
        assert experiment(f"vocabulary={name}").vocabulary.size >= len(SPECIAL) + symbols


def test_inference_composes():
    config = from_node(
        InferenceConfig, launch.compose(launch.INFERENCE, ["search=beam", "search.beam_size=7"])
    )
    assert config.search.beam_size == 7


REGRESSION_FILES = sorted((shipped_folder("configs") / "kernel_regression").glob("*/*.yaml"))


@pytest.mark.parametrize(
    "path", REGRESSION_FILES, ids=lambda path: f"{path.parent.name}={path.stem}"
)
def test_every_choice_of_kernel_regression_composes_and_is_complete(path):
    group, name = path.parent.name, path.stem
    overrides = [f"{group}={name}", *(["data.file=points.csv"] if name == "csv" else [])]
    node = launch.compose(KERNEL_REGRESSION, overrides)
    chosen = getattr(from_node(KernelRegressionConfig, node), group)
    assert chosen.name == name
    assert set(yaml.safe_load(path.read_text())) == {field.name for field in fields(chosen)}


def test_every_kind_of_points_has_a_file():
    files = {path.stem for path in REGRESSION_FILES if path.parent.name == "data"}
    assert files == set(KernelRegressionConfig.CHOICES["data"])
