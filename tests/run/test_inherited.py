"""Which settings a new run takes over from the run that it begins with."""

import re
import shlex
from dataclasses import asdict

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.jobs.job import job
from attnlab.run.folder import create_run
from attnlab.support.errors import AttnlabError
from attnlab.support.schema import flatten, from_node
from tests.runs import REPOSITORY

GROUPS = ("data.", "vocabulary.", "model.", "score.", "normaliser.", "positions.")
SOURCE = (
    *("model=transformer", "score=cosine", "normaliser=sparsemax", "positions=rotary"),
    *("model.size=24", "model.heads=3", "vocabulary=separate", "vocabulary.size=321"),
    *("data=bitext", "data.train=a/b.tsv", "data.target_language=de", "data.columns=[en,de]"),
    *("model.tie_embeddings=none", "optimiser.learning_rate=0.03", "seed=5", "batch_tokens=99"),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "old" / "1"
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, SOURCE))
    (folder / "checkpoints").mkdir(parents=True)
    return create_run(folder, config, []).folder


def composed(*overrides):
    return flatten(asdict(from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))))


CASES = {
    "nothing else": ((), ()),
    "settings of a run": (("optimiser=sgd", "seed=2", "max_epochs=3"), ()),
    "one of the model": (("model.dropout=0.4", "model.heads=6"), ("model.dropout", "model.heads")),
    "a score": (("score=dot",), ("score.",)),
    "a model, with its score": (("model=rnn",), ("model.", "score.", "positions.")),
    "the corpus's files": (("data.train=c.tsv",), ("data.train",)),
    "another corpus": (("data=builtin",), ("data.",)),
    "an experiment, with its corpus": (("experiment=tiny",), ("data.",)),
    "pieces cut anew": (("vocabulary.sampling.source=0.1",), ("vocabulary.sampling.source",)),
    "a size": (("vocabulary.size=77",), ("vocabulary.size",)),
    "a vocabulary": (("vocabulary=joint",), ("vocabulary.",)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_chosen_is_the_other_runs(case, source):
    chosen, changed = CASES[case]
    wanted, found = composed(*SOURCE), composed(f"init_from={source}", *chosen)
    plain = composed(*chosen) if "." not in "".join(changed).rstrip(".") else {}
    for key, value in found.items():
        if key.startswith(GROUPS) and not key.startswith(changed or ("-",)):
            assert value == wanted[key], key
        elif key in plain and not key.startswith(("init", "name")):
            assert value == plain[key], key
    for override in chosen:
        key, _, value = override.partition("=")
        assert str(found.get(key, found.get(f"{key}.name", value))) == value
    assert found["init_from"] == str(source)
    learnt = any(key.startswith(("vocabulary.size", "vocabulary=")) for key in chosen)
    assert found["init.vocabulary"] == ("new" if learnt else "keep")
    assert found["name"].startswith(f"{found['data.name']}-{found['model.name']}")


def test_each_job_of_a_sweep_has_its_own_and_is_named_by_it(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = create_run(
        tmp_path / "runs" / "mine" / "1",
        from_node(ExperimentConfig, launch.compose(launch.TRAIN, ["model=rnn"])),
        [],
    ).folder
    (other / "checkpoints").mkdir()
    _FOUND.clear()
    launch.run(_note, [f"init_from={source},mine", "model.dropout=0.3"], multirun=True)
    assert [(model, dropout) for _, _, model, dropout in _FOUND] == [
        ("transformer", 0.3),
        ("rnn", 0.3),
    ]
    assert _FOUND[1][:2] == ("init_from-mine", ["init_from=mine", "model.dropout=0.3"])


def _note(config):
    running = job()
    _FOUND.append((running.label, running.overrides, config.model.name, config.model.dropout))


_FOUND = []


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["init_from=nowhere"], "init_from=nowhere: there is no run 'nowhere' under"),
        (["init_from={source}", "init.checkpoint=first"], "init.checkpoint=first is none of: best"),
        (["init_from={source}", "init.vocabulary=old"], "init.vocabulary=old is none of: auto"),
        (["init.checkpoint=last"], "say what is taken from another run; name it: init_from=RUN"),
        (
            ["init_from={source}", "init.vocabulary=keep", "vocabulary.size=50"],
            "vocabulary.size= is of a vocabulary to be learnt, and init.vocabulary=keep takes",
        ),
        (["init_from={source}", "model.cell=lstm"], "no setting 'model.cell' here; it belongs to"),
    ],
)
def test_what_cannot_be_is_refused(overrides, message, source):
    with pytest.raises(AttnlabError) as refused:
        composed(*(each.format(source=source) for each in overrides))
    assert message in str(refused.value)


def test_what_the_page_types_composes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("general", "other"):
        config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, ["model=rnn"]))
        (create_run(tmp_path / "runs" / name / "1", config, []).folder / "checkpoints").mkdir()
    page = (REPOSITORY / "docs" / "fine-tuning.md").read_text(encoding="utf-8")
    typed = re.findall(r"^ {4}attnlab train (.+)$", page, re.MULTILINE)
    assert len(typed) >= 4
    for line in typed:
        found = composed(*shlex.split(line))
        assert (found["init_from"] is not None) == ("init_from=" in line)
