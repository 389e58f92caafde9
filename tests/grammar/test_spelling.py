"""Every form of the corpus stands in a dictionary, or is listed with a reason."""

import shutil
import subprocess
import sys

import pytest

from attnlab.support.folders import shipped_folder

SCRIPT = shipped_folder("data").parent / "scripts" / "check_spelling.py"


@pytest.mark.skipif(shutil.which("hunspell") is None, reason="hunspell is not installed")
def test_every_form_is_in_a_dictionary() -> None:
    run = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    if "does not run" in run.stderr:
        pytest.skip(f"a dictionary of hunspell is missing: {run.stderr.strip()}")
    assert run.returncode == 0, run.stdout + run.stderr
