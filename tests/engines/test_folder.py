"""Exported folders: complete, usable without attnlab, used again while the weights are the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import attnlab, tiny

SENTENCES = "The cat sees the dog.\n\nIt’s  late.\n"
WITHOUT_ATTNLAB = (
    "import sys, runpy; sys.path[:] = [each for each in sys.path if each]\n"
    "class Refuse:\n"
    "    def find_spec(self, name, *_):\n"
    "        if name.partition('.')[0] in ('attnlab', 'torch'):\n"
    "            raise ImportError(f'{name} is not to be used')\n"
    "sys.meta_path.insert(0, Refuse())\n"
    "runpy.run_path(sys.argv[1], run_name='__main__')\n"
)


def alone(folder: Path) -> list[str]:
    """What the folder's own program prints for SENTENCES, where attnlab cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ATTNLAB, folder / "translate.py"],
        input=SENTENCES.encode(),
        capture_output=True,
        cwd=folder.parent,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    # Until translations end by themselves: CTranslate2 ranks those that the limit cuts short.
    length = ("max_updates=400", "validate_every=400")
    trains = tiny("transformer", *length, "optimiser.learning_rate=0.01")
    done = attnlab(*trains, "precision=float32", folder=folder)
    assert done.code == 0, done.errors
    return folder


def translated(folder: Path, *settings: str) -> list[str]:
    done = attnlab("translate", *settings, folder=folder, given=SENTENCES.encode())
    assert done.code == 0, done.errors
    return done.output.splitlines()


def exported(folder: Path, *arguments: str) -> Path:
    done = attnlab("export", *arguments, "-o", "exported", folder=folder)
    assert done.code == 0, done.errors
    return folder / "exported"


def test_a_folder_for_ctranslate2_translates_without_attnlab(trained):
    pytest.importorskip("ctranslate2")
    folder = exported(trained, "--to", "ctranslate2")
    assert alone(folder) == translated(trained, "search.beam_size=5")
    assert json.loads((folder / "manifest.json").read_text())["to"] == "ctranslate2"


@pytest.mark.slow
def test_a_folder_in_onnx_translates_without_attnlab(trained):
    folder = exported(trained, "--to", "onnx")
    assert alone(folder) == translated(trained, "search=greedy")


@pytest.mark.parametrize("search", ["search=greedy", "search=beam"])
def test_engine_ctranslate2_translates_as_torch_and_exports_once(trained, search):
    pytest.importorskip("ctranslate2")
    assert translated(trained, search, "engine=ctranslate2") == translated(trained, search)
    (folder,) = trained.glob("runs/*/*/export/ctranslate2")
    first = (folder / "manifest.json").stat().st_mtime_ns
    translated(trained, search, "engine=ctranslate2")
    assert (folder / "manifest.json").stat().st_mtime_ns == first
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["origin"]["weights"] = "0" * 64  # those of another checkpoint
    (folder / "manifest.json").write_text(json.dumps(manifest))
    translated(trained, search, "engine=ctranslate2")
    assert json.loads((folder / "manifest.json").read_text())["origin"]["weights"] != "0" * 64


@pytest.mark.slow
def test_engine_onnxruntime_scores_as_torch(trained):
    one, other = (
        json.loads(attnlab("eval", "--bleu", "--json", *engine, folder=trained).output)
        for engine in ((), ("engine=onnxruntime",))
    )
    assert other["search"]["engine"] == "onnxruntime"
    assert one["splits"]["test"]["bleu"]["score"] == other["splits"]["test"]["bleu"]["score"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the format: --to onnx, --to ctranslate2 or --to web"),
        (("--to", "onnx", "--precision", "int4"), "--precision int4 is none of: float32, float16"),
        (("--to", "onnx", "--split", "test"), "--split test is for --check"),
        (
            ("--to", "web", "-o", "lesson.txt"),
            "lesson.txt: a page's name ends with .html; call it so",
        ),
        (
            ("--to", "web", "--precision", "int8"),
            "int8 is none of a page's: auto, float32, float16",
        ),
        (("--to", "ctranslate2", "--check", "--split", "x"), "--split x: data=builtin has: train"),
        (("--to", "ctranslate2", "--check", "search=sampling"), "has no search=sampling"),
        (("--to", "ctranslate2", "-o", "runs"), "runs: holds something else than an export"),
    ],
)
def test_wrong_usage_is_refused_by_name(trained, arguments, message):
    done = attnlab("export", *arguments, folder=trained)
    assert done.code == 2
    assert message in " ".join(done.errors.split())


def test_engines_that_cannot_run_are_refused_by_name(trained):
    for setting, message in (
        ("engine=onnx", "engine=onnx is none of: torch, onnxruntime, ctranslate2"),
        ("search=sampling", "engine=ctranslate2 has no search=sampling"),
        ("ensemble=[x]", "ensemble= averages in torch, and engine=ctranslate2 runs one model"),
        ("device=cuda", "device=cuda is torch's, and engine=ctranslate2 runs on the CPU"),
    ):
        engine = () if setting.startswith("engine") else ("engine=ctranslate2",)
        done = attnlab("translate", setting, *engine, folder=trained, given=b"A.\n")
        assert done.code == 2
        assert message in " ".join(done.errors.split())
