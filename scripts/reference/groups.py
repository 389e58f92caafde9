"""Pages about settings: one for each config group, one for each file at the top of `configs/`."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from attnlab.config import CHOICES, ExperimentConfig, InferenceConfig
from scripts.reference.comments import Values, read_values
from scripts.reference.docstrings import body_of, remaining_text
from scripts.reference.settings import Setting, settings

FILES: dict[str, type[Any]] = {"train": ExperimentConfig, "inference": InferenceConfig}
"""The files at the top of `configs/`, and what they hold."""

WITHOUT_SCHEMA = {"experiment"}
"""Groups whose files change settings of other groups."""


def group_names(configs: Path) -> list[str]:
    """Every config group, those first that have most to say about a model."""
    found = {folder.name for folder in configs.iterdir() if folder.is_dir()}
    return [name for name in CHOICES if name in found] + sorted(found - set(CHOICES))


def schema_of(group: str, choice: str) -> type[Any]:
    """The dataclass that a choice's YAML file fills."""
    if group in CHOICES:
        return CHOICES[group].config(choice)
    schema: type[Any] = get_type_hints(ExperimentConfig)[group]
    return schema


def choice_settings(group: str, path: Path) -> list[Setting]:
    """The settings of one choice, but for its name."""
    schema = schema_of(group, path.stem)
    values = read_values(path).within(group)
    return list(settings(schema, values, f"{group}.", without={"name"}))


def group_page(group: str, folder: Path, default: str | None, known: set[str]) -> str:
    """The page of a config group: its choices, and what each of them has to choose.

    `known`: the settings that have been indexed so far; to be added to.
    """
    paths = sorted(folder.glob("*.yaml"), key=lambda path: (path.stem != default, path.stem))
    lines = [f"# `{group}=`", ""]
    left_out = f"`{group}={default}` if left out" if default else "none if left out"
    lines += [f"{len(paths)} {'choice' if len(paths) == 1 else 'choices'}, {left_out}.", ""]
    lines += ["| choice | what it is |", "| --- | --- |"]
    for path in paths:
        lines.append(f"| [`{path.stem}`](#{_anchor(group, path.stem)}) | {_cell(path)} |")
    for path in paths:
        lines += ["", f"({_anchor(group, path.stem)})=", f"## `{group}={path.stem}`", ""]
        lines += list(_choice(group, path, known))
    return "\n".join(lines) + "\n"


def _choice(group: str, path: Path, known: set[str]) -> Iterator[str]:
    values = read_values(path)
    yield values.about.rstrip(".") + "."
    yield ""
    if group in WITHOUT_SCHEMA:
        yield from ("```yaml", path.read_text(encoding="utf-8").rstrip(), "```")
        return
    if group in CHOICES:
        yield from (body_of(CHOICES[group].maker(path.stem)), "")
        yield from (
            remaining_text(schema_of(group, path.stem)).replace("Nothing to choose.", ""),
            "",
        )
    brought = list(_brought(values))
    if brought:
        yield from (f"Unless something else is asked for, it brings {' and '.join(brought)}.", "")
    for setting in choice_settings(group, path):
        yield from _entry(setting, known)


def _brought(values: Values) -> Iterator[str]:
    """The choices in other groups that a file makes, as they are written on the command line."""
    for entry in values.defaults:
        if isinstance(entry, dict):
            for key, choice in entry.items():
                group = key.removeprefix("override ").partition("@")[0].strip("/")
                yield f"`{group}={choice}`"


def file_page(name: str, path: Path, title: str, known: set[str]) -> str:
    """The page of a file at the top of `configs/`: what is in no group, part by part.

    `known`: as for `group_page`.
    """
    schema, values = FILES[name], read_values(path)
    kinds = get_type_hints(schema)
    groups = {field.name for field in fields(schema)} & {
        next(iter(entry)) for entry in values.defaults if isinstance(entry, dict)
    }
    parts = [
        field.name
        for field in fields(schema)
        if is_dataclass(kinds[field.name]) and field.name not in groups
    ]
    lines = [f"# {title}", "", values.about.rstrip(".") + ".", ""]
    lines += ["The groups", ", ".join(f"[`{group}`]({group}.md)" for group in sorted(groups))]
    lines += ["have pages of their own.", "", "## The settings outside of groups", ""]
    for setting in settings(schema, values, without={*groups, *parts}):
        lines += list(_entry(setting, known))
    for part in parts:
        lines += [f"## `{part}`", "", remaining_text(kinds[part]), ""]
        for setting in settings(kinds[part], values, f"{part}."):
            lines += list(_entry(setting, known))
    return "\n".join(lines) + "\n"


def _entry(setting: Setting, known: set[str]) -> Iterator[str]:
    """A setting as Sphinx's directive; a key that several choices have is indexed once."""
    yield f":::{{confval}} {setting.key}"
    yield f":type: {setting.type}"
    if setting.default:
        yield f":default: ``{setting.default}``"
    if setting.key in known:
        yield ":no-index:"
    known.add(setting.key)
    yield from ("", setting.description)
    if setting.comment:
        yield from ("", f"In the file: *{setting.comment}*")
    yield from (":::", "")


def _anchor(group: str, choice: str) -> str:
    return f"{group}-{choice}".replace("_", "-")


def _cell(path: Path) -> str:
    """A choice's first comment, in a cell of a table."""
    return read_values(path).about.replace("|", "\\|").rstrip(".")
