"""A run's folder: made, opened, found, marked as finished or failed, renamed and removed."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from omegaconf import DictConfig, OmegaConf

from attnlab import __version__
from attnlab.config import ExperimentConfig, from_yaml, to_yaml
from attnlab.data.vocabulary import VocabularyPair
from attnlab.run.layout import FAILED, FINISHED, FORMAT, LOCK
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import LockedError, locked, write_file
from attnlab.support.folders import require_folder_name
from attnlab.support.schema import from_node
from attnlab.training.checkpoint import RunIdentity


@dataclass(frozen=True)
class Run:
    """A run's folder and config; its identity, except for runs of an early attnlab."""

    folder: Path
    config: ExperimentConfig
    identity: RunIdentity | None = None

    @property
    def name(self) -> str:
        """NAME/RUN, the last two parts of its path."""
        folder = self.folder.absolute()
        return f"{folder.parent.name}/{folder.name}"

    @property
    def checkpoints(self) -> Path:
        """A folder for each checkpoint: best, last and so on."""
        return self.folder / "checkpoints"

    @property
    def translations(self) -> Path:
        """Translations by `eval`, with source and reference."""
        return self.folder / "translations"

    @property
    def scores(self) -> Path:
        """Scores by `eval`."""
        return self.folder / "scores"

    @property
    def attention(self) -> Path:
        """Attention to the watched sentences at each validation."""
        return self.folder / "attention"

    @property
    def exports(self) -> Path:
        """Exports for other engines."""
        return self.folder / "export"

    @property
    def profile(self) -> Path:
        """Profiles by torch's profiler."""
        return self.folder / "profile"

    @property
    def plots(self) -> Path:
        """Figures."""
        return self.folder / "plots"

    def load_vocabulary(self) -> VocabularyPair:
        """The run's vocabulary; errors as for `VocabularyPair.load`."""
        digest = self.identity.vocabulary if self.identity else None
        return VocabularyPair.load(self.folder, digest)


def create_run(folder: Path, config: ExperimentConfig, overrides: Sequence[str]) -> Run:
    """Create a run in `folder`.

    Raises:
        AttnlabError: there is a run already, or the folder cannot be written to.
    """
    if (folder / "config.yaml").exists():
        raise AttnlabError(
            f"{folder}: there is a run here already; choose another name=, or go on with it: "
            "attnlab train --resume"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(folder, config, RunIdentity(uuid4().hex))
        write_file(folder / "overrides.yaml", OmegaConf.to_yaml(list(overrides)))
        write_config(run)  # last, since it makes the folder a run that can be resumed
    except OSError as error:
        raise AttnlabError(
            f"{folder}: cannot be written to ({error.strerror}); choose another runs_root="
        ) from error
    return run


def write_config(run: Run) -> None:
    """Write the run's config.yaml, or replace it."""
    header: dict[str, Any] = {"format": FORMAT, "attnlab": __version__}
    if run.identity is not None:
        header["identity"] = asdict(run.identity)
    content = OmegaConf.to_yaml(header) + to_yaml(run.config)
    write_file(run.folder / "config.yaml", content, durable=True)


def open_run(folder: Path) -> Run:
    """The run in `folder`.

    Raises:
        AttnlabError: there is none, it is damaged, or it was written by an attnlab of another
            format.
    """
    path = folder / "config.yaml"
    if not path.is_file():
        raise AttnlabError(f"{folder}: there is no run here (it would hold a config.yaml)")
    node = from_yaml(path)
    written, version = node.pop("format", None), node.pop("attnlab", "an unknown version")
    if written != FORMAT:
        raise AttnlabError(
            f"{path}: written by attnlab {version} in run format {written}, while attnlab "
            f"{__version__} reads format {FORMAT}; install that version, or train the run anew"
        )
    identity = node.pop("identity", None)
    try:
        if not isinstance(identity, DictConfig | None):
            raise UsageError("identity is no group of settings")
        owner = None if identity is None else from_node(RunIdentity, identity)
        return Run(folder, from_node(ExperimentConfig, node), owner)
    except UsageError as error:
        raise AttnlabError(
            f"{path}: {error}. This is not what attnlab wrote there: put that back, or train the "
            "run anew"
        ) from error


@contextmanager
def run_lock(folder: Path, *, most_seconds: float = 0) -> Iterator[None]:
    """Lock a run's folder for writing; readers need no lock.

    Raises:
        AttnlabError: another process keeps it locked for `most_seconds`, or the folder cannot be
            written to.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK, most_seconds=most_seconds))
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
    """Turn an OSError of the block into an AttnlabError about writing to a run's folder."""
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of standard output has closed it
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


def mark_finished(folder: Path, updates: int, why: str) -> None:
    """Mark the run as finished, so that it is no longer the run to resume."""
    values = {"updates": updates, "why": why}
    write_file(folder / FINISHED, json.dumps(values) + "\n")


def mark_failed(folder: Path, error: str) -> None:
    """Write down the message of the error that ended the training, for `attnlab runs`."""
    write_file(folder / FAILED, json.dumps({"error": error}, ensure_ascii=False) + "\n")


def mark_going_on(folder: Path) -> None:
    """Take back that training has finished or failed."""
    for name in (FINISHED, FAILED):
        (folder / name).unlink(missing_ok=True)


def finished_by(folder: Path) -> str | None:
    """Why the training of the run in `folder` finished; None if it did not."""
    try:
        return str(json.loads((folder / FINISHED).read_text(encoding="utf-8"))["why"])
    except OSError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it came to its end"


def require_unfinished(folder: Path) -> None:
    """Refuse to resume the latest run if it is finished, since then all are.

    Raises:
        AttnlabError: it is.
    """
    if (why := finished_by(folder)) is not None:
        limit = re.search(r"(max_updates|max_time)=", why)
        higher = {"max_updates": "max_updates=10000", "max_time": "max_time=1h"}
        example = higher[limit[1]] if limit else "max_epochs=10"
        raise AttnlabError(
            f"every run is finished; the latest is {folder} ({why}). To train it on, raise what "
            f"ended it, such as: attnlab train --resume {folder} {example}"
        )


def find_run(
    name: str | None, runs_root: str, *, trained: bool = True, unfinished: bool = False
) -> Path:
    """The folder of the run called `name`: its path, NAME/RUN under `runs_root`, or NAME alone.

    NAME alone, or the path of a folder that holds runs, is the latest of them; None is the latest
    of all. Those without a checkpoint count only if the run need not be `trained`. Jobs of a sweep
    count for NAME only if there is no other run. With `unfinished`, finished runs count only if
    there is no other.

    Raises:
        AttnlabError: there is no such run; the message lists the runs.
    """
    root = Path(runs_root)
    if name is not None:
        for folder in (Path(name), root / name):
            if (folder / "config.yaml").is_file():
                return folder
        if Path(name).is_dir() and any(Path(name).glob("*/config.yaml")):
            folder = Path(name).resolve()
            root, name = folder.parent, folder.name
    runs = sorted(root.glob("*/*/config.yaml"), key=lambda path: path.stat().st_mtime_ns)
    named = [path.parent for path in runs if name in (None, path.parent.parent.name)]
    usable = [folder for folder in named if not trained or (folder / "checkpoints").is_dir()]
    if usable:
        if unfinished:
            usable = [folder for folder in usable if finished_by(folder) is None] or usable
        alone = [folder for folder in usable if name is None or not is_of_sweep(folder)]
        return (alone or usable)[-1]
    if named:
        raise AttnlabError(
            f"{named[-1]} has no checkpoint yet, nor has any run before it; let it train on, or "
            "train another"
        )
    wanted = "there are no runs" if name is None else f"there is no run '{name}'"
    if not runs:
        remedy = "train one with: attnlab train, or say where they are: runs_root="
    else:
        latest = [str(path.parent.relative_to(root)) for path in reversed(runs)]
        more = f" … ({len(latest)} in all)" if len(latest) > 5 else ""
        remedy = f"there are: {', '.join(latest[:5])}{more}"
    raise AttnlabError(f"{wanted} under {root.absolute()}; {remedy}")


def is_of_sweep(folder: Path) -> bool:
    """Whether a run was a job of a sweep, whose folders are called TIME_SETTING-VALUE."""
    return re.match(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_", folder.name) is not None


def remove_runs(folders: Sequence[Path]) -> None:
    """Delete runs' folders; one in which a process is training stays, and so do all after it.

    Raises:
        AttnlabError: a folder holds no run, is a link, is in use, or cannot be deleted.
    """
    for folder in folders:
        if not (folder / "config.yaml").is_file() or folder.is_symlink():
            raise AttnlabError(f"{folder}: is no folder of a run; nothing is removed there")
    for folder in folders:
        with run_lock(folder):
            doomed = folder.with_name(f".removed-{uuid4().hex}")
            folder.rename(doomed)  # at once: no other command finds half a run
        try:
            shutil.rmtree(doomed)
        except OSError as error:
            raise AttnlabError(
                f"{doomed}: the rest of {folder} cannot be deleted ({error.strerror}); delete it "
                "by hand"
            ) from error
        _remove_if_empty(folder.parent)


def rename_run(folder: Path, name: str, runs_root: Path) -> Path:
    """Give a run another name: RUN beside where it is, or NAME/RUN under `runs_root`.

    Its config.yaml follows, so that it can be resumed from there. Returns its new folder.

    Raises:
        UsageError: `name` is no name of one or two folders.
        AttnlabError: there is such a run already, or a process is training in it.
    """
    parts = name.split("/")
    if len(parts) > 2:
        raise UsageError(f"'{name}': a run's name is RUN or NAME/RUN")
    for part in parts:
        require_folder_name("the new name", part)
    target = folder.parent / name if len(parts) == 1 else runs_root / name
    if target.exists():
        raise AttnlabError(f"{target}: is there already; choose another name")
    with run_lock(folder):
        run = open_run(folder)
        if len(parts) == 2:
            write_config(replace(run, config=replace(run.config, name=parts[0])))
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    _remove_if_empty(folder.parent)
    return target


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it holds other runs
        folder.rmdir()
