"""One process at a time writes to a run's folder; others are refused at once, readers are not."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attnlab.support.errors import AttnlabError
from attnlab.support.files import LockedError, locked

LOCK = ".lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Within the block no other process enters such a block with the same folder.

    The system itself lets go of the lock when the process ends, however it ends.

    Raises:
        AttnlabError: another process is in it, or the folder cannot be written to.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK))
        except LockedError as error:
            raise AttnlabError(
                f"{folder}: another process is training in this folder; wait until it is done, "
                "stop it, or train another run"
            ) from error
        except OSError as error:
            raise AttnlabError(
                f"{folder}: cannot be written to ({error.strerror}); permit writing there, or "
                "choose another runs_root="
            ) from error
        yield


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Within the block, what the system will not write ends training with a message.

    Raises:
        AttnlabError: the disk is full, the folder is gone, or the like.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the messages has had enough
    except OSError as error:
        if not folder.is_dir():
            raise AttnlabError(
                f"{folder}: the run's folder was deleted or moved while training wrote to it; "
                "train the run anew"
            ) from error
        raise AttnlabError(
            f"{error.filename or folder}: could not be written ({error.strerror or error}); the "
            "last checkpoint stands. Make room or permit writing there, and go on with: attnlab "
            f"train --resume {folder}"
        ) from error
