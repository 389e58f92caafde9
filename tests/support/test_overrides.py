"""Overrides as people type them: read as they were meant, or refused in one message."""

import random
import shlex
import string
import subprocess

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.overrides import quoted
from attnlab.support.schema import from_node

FILES = ["语料.tsv", "a@b #1%.tsv", "o'brien.tsv", 'say "hi".tsv', "a,b.tsv", "[x].tsv", "{y}.tsv"]
FILES += [
    "back\\slash.tsv",
    "ends in \\",
    "f(x).tsv",
    "caf\udce9.tsv",
    "😀.tsv",
    "new\nline",
    "1e3",
]


def read(override):
    """What Hydra makes of it, by Hydra's own parser."""
    return OverridesParser.create().parse_override(override)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_as_it_is_called(name, tmp_path):
    (tmp_path / name).touch()
    overrides = [f"data.root={tmp_path}", f"data.train={name}"]
    [_, found] = quoted(overrides, paths=["data.root", "data.train"])
    assert read(found).value() == name
    assert not read(found).is_sweep_override()


def test_a_prefix_of_two_files_is_a_name_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b.en").touch()
    [found] = quoted(["data.train=a,b"], paths=["data.train"])
    assert read(found).value() == "a,b"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed=2", 2),
        ("data.valid=null", None),
        ("data.columns=[en,fr]", ["en", "fr"]),
        ("data.columns=[en,中文]", ["en", "中文"]),
        ("data.more_splits={long: längste.tsv}", {"long": "längste.tsv"}),
        ("name='in quotes'", "in quotes"),
        ("name=Übung 1", "Übung 1"),
        ("name=1e3", "1e3"),
        ("name=it's", "it's"),
        ("data.train=~/x.tsv", "~/x.tsv"),
    ],
)
def test_values_are_read_as_they_were_meant(override, expected):
    [found] = quoted([override], texts=["name"])
    assert read(found).value() == expected


def test_a_sweep_over_names_that_hydra_refuses():
    [found] = quoted(["data.train=语.tsv,o'brien.tsv"], sweep=True)
    assert list(read(found).sweep_string_iterator()) == ["'语.tsv'", "'o\\'brien.tsv'"]


@pytest.mark.parametrize("value", ["rnn,bahdanau", "o,b", "a b,c"])
def test_what_is_to_be_typed_for_a_list_or_a_text_works_in_a_shell(value):
    with pytest.raises(UsageError, match="add --multirun") as refusal:
        quoted([f"x={value}"])
    offered = str(refusal.value).partition("for a list write ")[2]
    as_list, as_text = offered.split("; for a text write ")
    words = subprocess.check_output(
        ["bash", "-c", f"printf '%s\\n' {as_list} {as_text}"], text=True
    )
    of_list, of_text = words.splitlines()
    assert read(of_list).value() == value.split(",")
    assert read(of_text).value() == value
    assert shlex.split(as_text) == [of_text]


@pytest.mark.parametrize(
    "override", ["", "=", "=rnn", "+=rnn", "~", "seed", "语=1", "a b=1", ".a=1"]
)
def test_what_is_no_override(override):
    with pytest.raises(UsageError, match=r"is not an override|is not a setting's name"):
        quoted([override])


ODD = [
    *("model=1", "~model=1", "~model", "~model=rnn", "model=null", "model=[rnn]", "model={a: 1}"),
    *("data.columns.x=1", "data.columns.0=fr", "data.columns[0]=fr", "data.columns=1"),
    *("name=${", "name=${nope}", "name=${name}", "seed=${oc.env:NOPE}", "seed=${oc.decode:[}"),
    *("hydra.mode=foo", "hydra/launcher=nope", "hydra.searchpath=3", "hydra.job.env_copy=[X]"),
    *("hydra.run.dir=null", "hydra.sweeper.params={x: 1}", "+hydra=3", "hydra=3", "~hydra"),
    *("model@x=rnn", "model@:x=1", "+model=rnn", "++model=5", "+model.x.y.z=1", "model.=1"),
    *(
        "data=null",
        "data=3",
        "~data.name",
        "~optimiser",
        "optimiser=[adam,adamw]",
        "+optimiser=sgd",
    ),
    *("experiment=[tiny,luong]", "experiment=../experiment/tiny", "experiment=/etc/passwd"),
    *(
        "model=../model/rnn",
        "model=rnn/",
        "model= ",
        "model=''",
        "recipe=3",
        "+recipe=toy",
        "a/b=c",
    ),
    *("seed={}", "seed=[]", "name=[]", "name={}", "search=null", "data.task=5", "data.task={a: 1}"),
    *("data.more_splits=[a]", "data.more_splits.x={}", "+data.more_splits.x=3", "model.layers=x"),
]


def outcome(overrides):
    """None for what composes, or the message; any other exception is a fault."""
    try:
        from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))
    except AttnlabError as error:
        return str(error)
    return None


@pytest.mark.parametrize("override", ODD)
def test_odd_overrides_compose_or_are_refused(override):
    message = outcome([override])
    if message is not None:
        assert message.strip()
        assert len(message) < 2000
        for word in ("token recognition", "Traceback", "viable alternative", "OverrideType"):
            assert word not in message


def odd_strings(count):
    """Overrides mutated at random from sensible ones, the same at each call."""
    chosen = random.Random(14)
    keys = ["model", "data.train", "seed", "name", "data.columns", "hydra.run.dir", "model.layers"]
    keys += ["optimiser.betas", "data.more_splits", "experiment", "validate_metrics", "max_time"]
    pieces = [*string.punctuation, "${", "}", "[", "]", "a", "0", "é", "\t", " ", "null", "=", ","]
    pieces += [
        "rnn",
        "_target_",
        "oc.env:X",
        "\n",
        "\udce9",
        "1e400",
        "-",
        "nan",
        "..",
        "/",
        "~",
        "*",
    ]
    for _ in range(count):
        prefix = chosen.choice(["", "", "", "+", "++", "~"])
        value = "".join(chosen.choices(pieces, k=chosen.randrange(0, 6)))
        key = chosen.choice(keys) + chosen.choice(["", "", "", "", ".x", ".0", "@a", "[0]"])
        yield f"{prefix}{key}={value}"


def test_strings_at_random_are_read_or_refused_by_name():
    read_by_hydra = 0
    for override in odd_strings(2000):
        try:
            [found] = quoted([override])
        except UsageError:
            continue
        read(found)
        read_by_hydra += 1
    assert 500 < read_by_hydra < 1990


@pytest.mark.parametrize("start", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_strings_at_random_compose_or_are_refused(start):
    for override in list(odd_strings(1000))[20:] if start else list(odd_strings(1000))[:20]:
        message = outcome([override])
        assert message is None or message.strip(), override
