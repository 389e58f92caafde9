"""The notebooks in both languages: the same code, nothing stored, and every cell runs.

The last is slow; tests/test_api.py and tests/commands are always run, and have what cells call.
"""

import re
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, tables
from tests.docs.small import CORPUS, SIZES, TOY_TASK, TRAINING, corpora, lay_out_run
from tests.runs import REPOSITORY

nbformat = pytest.importorskip("nbformat", reason="pip install nbformat reads notebooks")
ENGLISH = sorted(
    path for path in (DOCS / "notebooks").glob("*.ipynb") if not path.stem.endswith(".zh")
)
CHINESE = [path.with_suffix(".zh.ipynb") for path in ENGLISH]
LAID_OUT = ("rnn", "bahdanau", "transformer")
"""The runs of earlier labs; what a lab trains beside them it does train."""


def _read(path: Path):
    return nbformat.read(path, as_version=4)


def _sources(path: Path, kind: str) -> list[str]:
    return [cell.source for cell in _read(path).cells if cell.cell_type == kind]


@pytest.mark.parametrize("path", [*ENGLISH, *CHINESE], ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_has_no_outputs_and_links_that_lead_somewhere(path):
    book = _read(path)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    text = "\n".join(_sources(path, "markdown"))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (path.parent / link).is_file(), link
    for page in re.findall(r"docs/[\w./-]+\.md", text):
        assert (REPOSITORY / page).is_file(), page


@pytest.mark.parametrize(("english", "chinese"), zip(ENGLISH, CHINESE, strict=True))
def test_both_languages_have_the_same_code_and_as_many_questions(english, chinese):
    assert _sources(english, "code") == _sources(chinese, "code")
    counts = []
    for path in (english, chinese):
        text = "\n".join(_sources(path, "markdown"))
        asked = re.findall(r"\*\*(?:Question|问题) (\d+)\.\*\*", text)
        assert asked == [str(number) for number in range(1, len(asked) + 1)]
        assert text.count("<details>") == text.count("</details>") == len(asked)
        counts.append((len(asked), len(_sources(path, "markdown"))))
    assert counts[0] == counts[1]
    assert counts[0][0] >= 6


def test_the_page_of_the_notebooks_lists_them_all():
    rows = [row for row in tables(DOCS / "notebooks.md") if row.kind == "lab"]
    listed = [re.findall(r"\]\(notebooks/([^)]+)\)", " ".join(row.cells)) for row in rows]
    assert listed == [[one.name, other.name] for one, other in zip(ENGLISH, CHINESE, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
def test_every_cell_of_a_notebook_runs(path, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient runs notebooks")
    pytest.importorskip("ipykernel", reason="pip install ipykernel runs their cells")
    for model in LAID_OUT:
        lay_out_run(model, tmp_path, f"lab-{model}")
    if "small_toy" in "".join(_sources(path, "code")):
        small = [*TRAINING, *TOY_TASK]
    else:
        small = [*TRAINING, *CORPUS, f"data.root={corpora()}/builtin", "batch_tokens=256"]
        small += SIZES["transformer"]
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = _read(path)
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = f"SETTINGS = {small!r}"
    nbclient.NotebookClient(
        book, timeout=900, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    for cell in book.cells:
        outputs = cell.get("outputs", ())
        told = "".join(output.text for output in outputs if output.output_type == "stream")
        assert not re.search(r"^error:|not found", told, re.MULTILINE), told
        shown = {key for output in outputs for key in output.get("data", ())}
        last = cell.source.splitlines()[-1]
        if cell.cell_type == "code" and re.search(r"^Image\(|\.plot\(|plt\.legend", last):
            assert "image/png" in shown, cell.source
        if cell.source == "translation":
            assert "text/html" in shown
