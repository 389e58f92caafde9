"""Plug-ins: the documented one, built by pip and used by the command as a reader would."""

import os
import re
import subprocess
import sys

import pytest

from tests.refusals import assert_refused
from tests.runs import REPOSITORY, SMALLER, TINY, Result

PAGE = (REPOSITORY / "docs" / "adding-a-score.md").read_text(encoding="utf-8")


def block(language):
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which pip has installed the documented package, all of whose files it gives."""
    source = tmp_path_factory.mktemp("source")
    package = source / "attnlab_laplacian"
    (package / "configs" / "score").mkdir(parents=True)
    (source / "pyproject.toml").write_text(block("toml"), encoding="utf-8")
    (package / "__init__.py").write_text(block("python"), encoding="utf-8")
    yaml = package / "configs" / "score" / "laplacian.yaml"
    yaml.write_text(block("yaml"), encoding="utf-8")
    for path in (source / "pyproject.toml", package / "__init__.py", yaml):
        assert f"  {path.relative_to(source)}" in PAGE
    target = tmp_path_factory.mktemp("site")
    offline = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", target, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def run(installed, folder, *command):
    """A process that finds what is installed there, and attnlab."""
    path = os.pathsep.join((str(installed), str(REPOSITORY)))
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_the_documented_plug_in_trains_and_is_evaluated(installed, tmp_path):
    chosen = [*TINY, "model=transformer", *SMALLER["transformer"], "score=laplacian"]
    trained = run(installed, tmp_path, "-m", "attnlab", "train", *chosen, "max_updates=4")
    assert trained.code == 0, trained.errors
    assert "score laplacian" in trained.errors
    [config] = tmp_path.glob("runs/*/*/config.yaml")
    assert re.search(r"score:\n  name: laplacian\n  width: 0.25\n", config.read_text())
    scored = run(installed, tmp_path, "-m", "attnlab", "eval", "--bleu", "search=greedy")
    assert scored.code == 0, scored.errors
    assert "BLEU" in scored.output
    explained = run(installed, tmp_path, "-m", "attnlab", "explain", "--text", "The cat sleeps.")
    assert "3. Scores: -w ‖q - k‖₁" in explained.output, explained.errors
    gone = run(tmp_path, tmp_path, "-m", "attnlab", "eval")
    unknown = "unknown score 'laplacian'; choose one of: dot, scaled_dot"
    assert_refused(gone, 1, unknown, "install the plug-in that brings it")


PROGRAM = """
import torch
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.scores import SCORES, ScoreConfig
from tests.conftest import attention_config
from dataclasses import replace

assert list(SCORES)[-1] == "laplacian" and list(SCORES)[0] == "dot"
config = SCORES.config("laplacian")(name="laplacian", width=0.5)
score = SCORES.build(config, 7, 7)
query, key = torch.randn(2, 3, 7), torch.randn(2, 5, 7)
found = score.compare(score.project_query(query), score.project_key(key))
torch.testing.assert_close(found, -0.5 * torch.cdist(query, key, p=1))
terms = score.terms(score.project_query(query), score.project_key(key))
torch.testing.assert_close(score.factor * terms.sum(-1), found)
assert set(score.symbols) == {name for name, _ in score.named_parameters()}
attention = MultiHeadAttention(replace(attention_config(), score=config), 12, 3)
x = torch.randn(2, 5, 12)
assert attention(x, attention.prepare(x, x)).shape == x.shape
"""


def test_the_documented_score_is_what_it_says_and_works_with_many_heads(installed, tmp_path):
    done = run(installed, tmp_path, "-c", PROGRAM)
    assert done.code == 0, done.errors


def test_help_and_the_config_know_it(installed, tmp_path):
    shown = run(installed, tmp_path, "-m", "attnlab", "train", "--help")
    assert re.search(r"score=[^=]*\|\s+laplacian\s+\|", shown.output)
    shown = run(installed, tmp_path, "-m", "attnlab", "train", "--cfg", "job", "score=laplacian")
    assert "width: 0.25" in shown.output


def a_plugin(folder, name, code):
    """Installed by hand: a module, and the metadata that pip would write."""
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    metadata = folder / f"{name}-2.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
    (metadata / "entry_points.txt").write_text(f"[attnlab]\nmine = {name}\n")


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be"),
        ("def (:\n", "SyntaxError: invalid syntax"),
        (
            "from attnlab.attention.scores import SCORES, ScoreConfig\n"
            "SCORES.register('dot', ScoreConfig)(object)\n",
            "ValueError: there is a score 'dot' already; choose another name",
        ),
    ],
)
def test_a_broken_plug_in_is_named_with_its_package(code, complaint, tmp_path):
    a_plugin(tmp_path, "broken", code)
    done = run(tmp_path, tmp_path, "-m", "attnlab", "train", "experiment=tiny")
    assert_refused(done, 1, complaint)
    assert done.errors.startswith("error: the plug-in 'mine' (broken, of broken 2.0) cannot be")
    assert done.errors.rstrip().endswith("mend it, or uninstall broken 2.0")
    assert run(tmp_path, tmp_path, "-m", "attnlab", "--help").code == 0


def test_data_describe_knows_a_plug_in_s_corpora(tmp_path):
    data = tmp_path / "phrases" / "configs" / "data"
    data.mkdir(parents=True)
    (tmp_path / "phrases" / "__init__.py").touch()
    a_plugin(tmp_path, "phrases", "")
    (tmp_path / "phrases.py").unlink()  # the package is what is imported
    bitext = (REPOSITORY / "configs" / "data" / "bitext.yaml").read_text(encoding="utf-8")
    values = bitext.replace("name: bitext", "name: phrases").replace("train: ???", "train: a.tsv")
    (data / "phrases.yaml").write_text(values, encoding="utf-8")
    rows = "".join(f"number {n}\tnombre {n}\n" for n in range(60))
    (tmp_path / "a.tsv").write_text(rows, encoding="utf-8")
    done = run(tmp_path, tmp_path, "-m", "attnlab", "data", "describe", "phrases")
    assert done.code == 0, done.errors
    assert "phrases" in done.output
    assert "60 sentence pairs" in done.output
    unknown = run(tmp_path, tmp_path, "-m", "attnlab", "data", "describe", "phrase")
    assert unknown.code == 2
    assert "phrases" in unknown.errors
    assert "fault of attnlab" not in unknown.errors
