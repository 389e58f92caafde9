"""Shell completion of runs, config groups and settings, without importing torch or Hydra."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml

from attnlab.support.folders import shipped_folder
from attnlab.support.registry import config_folders

_MOST_RUNS = 50
_INIT_FROM = "init_from="


def complete_training(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete settings of training, and runs after --resume and init_from=."""
    runs = _runs(ctx, incomplete) if ctx.params.get("resume") else []
    if incomplete.startswith(_INIT_FROM):
        named = _runs(ctx, incomplete.removeprefix(_INIT_FROM))
        return [f"{_INIT_FROM}{name}" for name in named]
    if _typed(ctx)[-2:] == ["init_from", "="]:  # as bash splits it
        return _runs(ctx, incomplete)
    return [*runs, *_settings(ctx, incomplete, "train")]


def complete_run(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete runs, and settings of inference."""
    return [*_runs(ctx, incomplete), *_settings(ctx, incomplete, "inference")]


def complete_regression(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete settings of kernel regression."""
    return _settings(ctx, incomplete, "kernel_regression")


def complete_corpus(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete known corpora, and settings of training."""
    known = [each for each in choices_of("train", "data") if each.startswith(incomplete)]
    return [*known, *_settings(ctx, incomplete, "train")]


def _typed(ctx: typer.Context) -> list[str]:
    """The arguments before the incomplete one."""
    values = (each for each in ctx.params.values() if isinstance(each, (list, tuple)))
    return [*(str(word) for words in values for word in words), *map(str, ctx.args)]


def _runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """NAME of each group of runs, or NAME/RUN once `NAME/` is typed; the latest first."""
    roots = [each.partition("=")[2] for each in _typed(ctx) if each.startswith("runs_root=")]
    root = Path(roots[-1] if roots else "runs").expanduser()
    found = sorted(root.glob("*/*/config.yaml"), key=lambda path: -path.stat().st_mtime)
    names = [str(path.parent.relative_to(root)) for path in found]
    if "/" not in incomplete:
        names = list(dict.fromkeys(name.partition("/")[0] for name in names))
    return [name for name in names if name.startswith(incomplete)][:_MOST_RUNS]


def _settings(ctx: typer.Context, incomplete: str, config_name: str) -> list[str]:
    """KEY=VALUE with the shipped value, and GROUP=CHOICE for each choice.

    Bash splits words at `=`: it passes model=rnn as `model`, `=` and `rnn`, and expects only the
    value as the completion.
    """
    typed = _typed(ctx)
    settings = list(_all_settings(config_name, typed))
    words = typed[:-1] if typed[-1:] == ["="] else typed
    value_alone = len(words) < len(typed) or (incomplete == "" and words[-1:] != [])
    start = f"{words[-1]}={incomplete}" if value_alone and words else incomplete
    if value_alone and not any(each.startswith(start) for each in settings):
        value_alone, start = False, incomplete
    offered = [each for each in settings if each.startswith(start)]
    if "." not in start and "=" not in start:  # dotted keys are offered once the group is typed
        whole = [each for each in offered if "." not in each.partition("=")[0]]
        offered = whole or offered
    return [each.partition("=")[2] for each in offered] if value_alone else offered


def _all_settings(config_name: str, typed: list[str]) -> Iterator[str]:
    joined = " ".join(typed).replace(" = ", "=").split()
    chosen = dict(each.split("=", 1) for each in joined if each.count("=") == 1)
    for folder in _config_folders(config_name):
        main = folder / f"{config_name}.yaml"
        if not main.is_file():
            continue
        values = _read(main)
        defaults = [each for each in values.pop("defaults", []) if isinstance(each, dict)]
        groups = {str(name): choice for each in defaults for name, choice in each.items()}
        for name, default in groups.items():
            group = name.rpartition(" ")[2]  # "optional recipe" is chosen by recipe=
            if name.startswith("override "):
                continue
            yield from (f"{group}={choice}" for choice in choices_of(config_name, group))
            of_choice = folder / group / f"{chosen.get(group, default)}.yaml"
            if group not in ("experiment", "recipe") and of_choice.is_file():
                yield from _flat(_read(of_choice), f"{group}.")
        yield from _flat(values)


def choices_of(config_name: str, group: str, *more: Path) -> list[str]:
    """Choices of a config group in the shipped folder, the folders of plug-ins, and `more`."""
    folders = [*_config_folders(config_name), *more]
    return sorted({path.stem for folder in folders for path in folder.glob(f"{group}/*.yaml")})


def _config_folders(config_name: str) -> list[Path]:
    shared = shipped_folder("configs")
    own = shared / config_name
    return [own if own.is_dir() else shared, *(folder for _, folder in config_folders())]


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if key in ("hydra", "defaults") or (prefix and key == "name"):
            continue
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            shown = "null" if value is None else str(value).replace(" ", "").replace("'", "")
            yield f"{prefix}{key}={shown.lower() if isinstance(value, bool) else shown}"


def _read(path: Path) -> dict[str, Any]:
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    return values if isinstance(values, dict) else {}
