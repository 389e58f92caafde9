"""The reference: every setting and every command is there, as the code and the YAML have it."""

import re
from dataclasses import dataclass, fields, is_dataclass
from typing import get_args, get_type_hints

import pytest
import yaml

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.support.folders import training_groups
from scripts.make_reference import pages
from scripts.reference.commands import commands, parameters
from scripts.reference.comments import read_values
from scripts.reference.docstrings import field_sentences, remaining_text
from scripts.reference.groups import WITHOUT_SCHEMA, roots

ROOTS = roots()
CHOSEN = [
    (root, path)
    for root in ROOTS.values()
    for folder in root.groups
    for path in sorted(folder.glob("*.yaml"))
    if folder.name not in WITHOUT_SCHEMA
]
COMMANDS = dict(commands())


@pytest.fixture(scope="module")
def written():
    return pages()


def _everything():
    """Every setting of every file, with the file."""
    for root in ROOTS.values():
        for setting in root.own_settings():
            yield root.path, setting
        for part in root.parts():
            for setting in root.part_settings(part):
                yield root.path, setting
    for root, path in CHOSEN:
        for setting in root.choice_settings(path):
            yield path, setting


def test_every_setting_has_a_value_and_says_what_it_is():
    undocumented = [
        f"{path.parent.name}/{path.name}: {setting.key}"
        for path, setting in _everything()
        if not setting.default or not (setting.description or setting.comment)
    ]
    assert undocumented == []


def _fields(schema, prefix=""):
    for field in fields(schema):
        kind = get_type_hints(schema)[field.name]
        inner = [one for one in (kind, *get_args(kind)) if is_dataclass(one)]
        if inner:
            yield from _fields(inner[0], f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def test_every_field_of_every_schema_is_among_them():
    listed = {setting.key for _, setting in _everything()}
    groups = {folder.name for folder in training_groups()}
    expected = {key for key in _fields(ExperimentConfig) if key.partition(".")[0] not in groups}
    for group, registry in ExperimentConfig.CHOICES.items():
        for name in registry:
            expected |= {
                f"{group}.{key}" for key in _fields(registry.config(name)) if key != "name"
            }
    expected |= {f"data.{key}" for key in _fields(get_type_hints(ExperimentConfig)["data"])}
    expected -= {"data.name"}
    assert expected <= listed
    assert len(expected) > 100


def test_values_are_those_that_a_training_would_have():
    composed = launch.compose(launch.TRAIN, [])
    found = {}
    for setting in ROOTS["train"].own_settings():
        found[setting.key] = yaml.safe_load(setting.default)
    del found["name"]  # made of other values
    assert found == {key: composed[key] for key in found}
    model = next(path for _, path in CHOSEN if path.name == "bahdanau.yaml")
    for setting in ROOTS["train"].choice_settings(model):
        assert yaml.safe_load(setting.default) == composed.model[setting.key.removeprefix("model.")]


def test_every_group_has_a_page_with_all_of_its_choices(written):
    for folder in training_groups():
        for path in folder.glob("*.yaml"):
            assert f"## `{folder.name}={path.stem}`" in written[folder.name]
    for path in (path for root, path in CHOSEN if root is ROOTS["kernel-regression"]):
        heading = f"### `{path.parent.name}={path.stem}`"
        assert heading in written["kernel-regression"]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_that_a_command_takes_is_in_the_reference_with_its_help(name, written):
    listed = written["commands"].partition(f"## `{name}`\n")[2].partition("\n## `")[0]
    for parameter in parameters(COMMANDS[name]):
        assert parameter.help, parameter.names
        assert f":::{{option}} {parameter.names}\n\n{parameter.help}" in listed


def test_options_are_called_what_the_command_line_calls_them():
    options = {one.names for one in parameters(COMMANDS["attnlab heads"])}
    assert {"--ablate", "--count NUMBER, -n NUMBER", "--tensorboard, --no-tensorboard"} <= options
    assert "--format png|svg|pdf, -f png|svg|pdf" in options
    assert "RUN OVERRIDE..." in options


def test_all_commands_of_the_help_are_there(written):
    listed = set(re.findall(r"^## `attnlab (.*)`$", written["commands"], re.MULTILINE))
    assert {"train", "eval", "plot-attention", "data get", "heatmap"} <= listed
    assert listed == {name.removeprefix("attnlab ") for name in COMMANDS}


@dataclass(kw_only=True)
class _Parent:
    """What all have. `rate`: how fast (e.g. 1.5); null is not at all. It is a share."""

    rate: float


@dataclass(kw_only=True)
class _Child(_Parent):
    """What it is.

    `first` and `second`: sizes. A third thing goes up to `limit` and no further.

    The end, which is about all.
    """

    first: int
    second: int
    limit: int


def test_a_docstring_is_shared_out_among_the_fields():
    assert field_sentences(_Child) == {
        "rate": "how fast (e.g. 1.5); null is not at all. It is a share.",
        "first": "`first` and `second`: sizes.",
        "second": "`first` and `second`: sizes.",
        "limit": "A third thing goes up to `limit` and no further.",
    }
    assert remaining_text(_Child) == "What it is.\n\nThe end, which is about all."


def test_comments_of_a_file_go_to_the_keys_that_they_stand_at(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text(
        "# @package _global_\n"
        "# What the file is.\n"
        "defaults:\n  - override /score: dot\n"
        "name: plain  # its own name\n"
        "# Above, over\n# two lines.\n"
        "rate: 1.0e-8\n"
        "group:  # of two\n  inner: [1, 2]  # a list\n  other: 'a # b'\n",
        encoding="utf-8",
    )
    values = read_values(path)
    assert values.about == "What the file is."
    assert values.defaults == [{"override /score": "dot"}]
    assert values.texts["rate"] == "1.0e-8"
    assert values.texts["group.inner"] == "[1, 2]"
    assert values.comments == {
        "name": "its own name",
        "rate": "Above, over two lines.",
        "group": "of two",
        "group.inner": "a list",
        "group.other": "",
    }
