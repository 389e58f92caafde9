"""The error that the first process fails with reaches the others."""

import os

import pytest

from attnlab.support.errors import AttnlabError
from attnlab.trainer.train import RunBroadcast
from tests.together import each_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are forked")


class UnforeseenError(Exception):
    """It cannot be sent to another process."""

    def __reduce__(self):
        raise TypeError("no pickle")


FAILURES = {
    "a refusal": AttnlabError("no room"),
    "an exception": UnforeseenError("deep inside"),
    "Ctrl-C": KeyboardInterrupt(),
}


def failures(group, _):
    """The message that each failure of the first process has in this one."""
    found = {}
    for name, failure in FAILURES.items():
        try:
            broadcast = RunBroadcast(group)
            if not group.is_first:
                broadcast.receive()
            with broadcast.sending_failure():
                raise failure
        except BaseException as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


def test_any_failure_of_the_first_process_reaches_the_others(tmp_path):
    first, *others = each_of(failures, tmp_path, size=3)
    assert first == {
        "a refusal": "AttnlabError: no room",
        "an exception": "UnforeseenError: deep inside",
        "Ctrl-C": "KeyboardInterrupt: ",
    }
    for other in others:
        assert other["a refusal"] == first["a refusal"]
        assert other["an exception"].startswith(
            "AttnlabError: the first process of this training has ended: UnforeseenError: deep"
        )
        assert other["Ctrl-C"].endswith("has ended: KeyboardInterrupt")
