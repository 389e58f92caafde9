"""attnlab explain, as it is typed."""

import json

import pytest

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("explain")
    done = attnlab(*tiny("transformer", "max_updates=4"), folder=made)
    assert done.code == 0, done.errors
    return made


def test_text_and_json_tell_the_same(folder):
    asked = ("explain", "--sentence", "2", "--reference", "--step", "midi", "--head", "2")
    text, as_json = (attnlab(*asked, *more, folder=folder) for more in ((), ("--json",)))
    assert (text.code, as_json.code) == (0, 0), text.errors + as_json.errors
    found = json.loads(as_json.output)
    assert found["source"] == "The market? We worked there at noon."
    assert f"step         {found['step']} of {found['steps']}" in text.output
    for weight in found["weights"]:
        assert f"  {weight:.4f}\n" in text.output


def test_a_text_is_translated_and_a_step_beyond_its_end_is_refused(folder):
    for step in ("500", "9" * 5000):
        done = attnlab("explain", "--text", "The cat sleeps.", "--step", step, folder=folder)
        assert_refused(done, 2, f"--step {step[:3]}", "this sentence has steps 1 to")
