"""`attnlab average` as a process: from kept checkpoints to a score of their mean."""

import json
import os

import pytest

from tests.refusals import assert_refused
from tests.runs import tiny
from tests.warm import attnlab, end_all

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are forked")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run that kept two checkpoints, of updates 6 and 8."""
    folder = tmp_path_factory.mktemp("trained")
    settings = ["keep_checkpoints=2", "validate_every=2", "averaging.ema_decay=0.5"]
    result = attnlab(*tiny("transformer", *settings), folder=folder)
    assert result.code == 0, result.told
    yield result
    end_all()


def test_the_mean_is_kept_beside_the_others_and_can_be_scored(trained):
    folder, run = trained.folder, trained.run
    kept = sorted(path.name for path in (run / "checkpoints").glob("update-*"))
    assert kept == ["update-00000006", "update-00000008"]
    assert "what to type next: attnlab average runs/builtin-transformer-tiny/" in trained.told
    early = attnlab("eval", "--bleu", "checkpoint=averaged", folder=folder)
    assert_refused(early, 1, "nothing was averaged yet; do it with: attnlab average")

    averaged = attnlab("average", folder=folder)
    assert averaged.code == 0, averaged.told
    assert "averaged 2 checkpoints: update-00000006, update-00000008" in averaged.told
    assert "checkpoint=averaged --bleu" in averaged.told
    assert (run / "checkpoints" / "averaged" / "weights.safetensors").is_file()

    (folder / "my.en").write_text("The cat sleeps.\nWe ate.\n")
    (folder / "my.fr").write_text("Le chat dort.\nNous avons mangé.\n")
    files = ["--source", "my.en", "--reference", "my.fr", "--json"]
    for checkpoint in ("averaged", "update-00000006"):
        found = attnlab("eval", *files, f"checkpoint={checkpoint}", folder=folder)
        assert found.code == 0, found.told
        said = json.loads(found.told[found.told.index("{") : found.told.rindex("}") + 1])
        assert "bleu" in said["splits"]["my"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["average", "--last", "3"], 1, "--last 3 asks for more than the 2 checkpoints"),
        (["average", "--last", "1", "--best", "1"], 2, "--last and --best exclude one another"),
        (["average", "--last", "0"], 2, "Invalid value for '--last'"),
        (["average", "nowhere"], 1, "there is no run 'nowhere'"),
        (["eval", "checkpoint=update-00000002"], 1, "was not kept; there are: best, last, update-"),
        (
            ["eval", "checkpoint=oldest"],
            2,
            "is none of: best, last, averaged, or one",
        ),
    ],
)
def test_what_cannot_be_done_is_said(arguments, code, message, trained, command, monkeypatch):
    monkeypatch.chdir(trained.folder)
    assert_refused(command(*arguments), code, message)
