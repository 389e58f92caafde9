"""Pages about settings: of what is in no config group, and of each group with its choices."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.studies.kernel_regression.config import KernelRegressionConfig
from attnlab.support.folders import shipped_folder, training_groups
from attnlab.support.registry import Registry
from scripts.reference.comments import Values, read_values
from scripts.reference.docstrings import body_of, remaining_text
from scripts.reference.settings import Setting, settings

WITHOUT_SCHEMA = {"experiment", "recipe", "size"}
"""Groups whose files change settings of other groups."""


@dataclass(frozen=True)
class Root:
    """A file of values at the root of its config groups, and the dataclass that it fills."""

    path: Path
    schema: type[Any]
    groups: tuple[Path, ...]

    @property
    def choices(self) -> dict[str, Registry[Any]]:
        """The groups whose schema depends on the name that was chosen."""
        return getattr(self.schema, "CHOICES", {})

    @property
    def defaults(self) -> dict[str, str]:
        """What is chosen of each group that is left out."""
        found: dict[str, str] = {}
        for entry in read_values(self.path).defaults:
            if isinstance(entry, dict):
                found.update({key: name for key, name in entry.items() if name is not None})
        return found

    def schema_of(self, group: str, choice: str) -> type[Any]:
        """The dataclass that a choice's YAML file fills."""
        if group in self.choices:
            return self.choices[group].config(choice)
        schema: type[Any] = get_type_hints(self.schema)[group]
        return schema

    def choice_settings(self, path: Path) -> list[Setting]:
        """The settings of one choice, but for its name."""
        group = path.parent.name
        schema = self.schema_of(group, path.stem)
        values = read_values(path).within(group)
        return list(settings(schema, values, f"{group}.", without={"name"}))

    def parts(self) -> dict[str, type[Any]]:
        """The groups of settings that stand in the file itself, with their dataclasses."""
        groups = {path.name for path in self.groups} | set(self.choices)
        kinds = get_type_hints(self.schema)
        names = [field.name for field in fields(self.schema) if is_dataclass(kinds[field.name])]
        return {name: kinds[name] for name in names if name not in groups}

    def own_settings(self) -> list[Setting]:
        """The settings that stand in the file itself, but for those of its parts."""
        kinds = get_type_hints(self.schema)
        elsewhere = {name for name, kind in kinds.items() if is_dataclass(kind)}
        return list(settings(self.schema, read_values(self.path), without=elsewhere))

    def part_settings(self, part: str) -> list[Setting]:
        """The settings of one of its parts."""
        return list(settings(self.parts()[part], read_values(self.path), f"{part}."))


def roots() -> dict[str, Root]:
    """Everything that attnlab composes, by the name of its page."""
    configs = shipped_folder("configs")
    regression = configs / "kernel_regression"
    own_groups = tuple(sorted(path for path in regression.iterdir() if path.is_dir()))
    return {
        "train": Root(configs / "train.yaml", ExperimentConfig, tuple(training_groups())),
        "inference": Root(configs / "inference.yaml", InferenceConfig, ()),
        "kernel-regression": Root(
            regression / "kernel_regression.yaml", KernelRegressionConfig, own_groups
        ),
    }


def root_page(root: Root, title: str, known: set[str]) -> str:
    """What stands in a root's own file, part by part.

    `known`: the settings that have been indexed so far; to be added to.
    """
    lines = [f"# {title}", "", _sentence(read_values(root.path).about), ""]
    for setting in root.own_settings():
        lines += list(_entry(setting, known))
    for part, schema in root.parts().items():
        lines += [f"## `{part}`", "", remaining_text(schema), ""]
        for setting in root.part_settings(part):
            lines += list(_entry(setting, known))
    return "\n".join(lines) + "\n"


def group_page(root: Root, folder: Path, known: set[str], *, level: int = 1) -> str:
    """A config group: its choices, and what each of them has to choose.

    `level`: of its heading. `known`: as for `root_page`.
    """
    group, default = folder.name, root.defaults.get(folder.name)
    paths = sorted(folder.glob("*.yaml"), key=lambda path: (path.stem != default, path.stem))
    lines = [f"{'#' * level} `{group}=`", ""]
    if default:
        lines += [f"`{group}={default}` if left out.", ""]
    lines += ["| choice | what it is |", "| --- | --- |"]
    for path in paths:
        about = read_values(path).about.replace("|", "\\|").rstrip(".")
        lines.append(f"| [`{path.stem}`](#{_anchor(path)}) | {about} |")
    for path in paths:
        lines += ["", f"({_anchor(path)})=", f"{'#' * (level + 1)} `{group}={path.stem}`", ""]
        lines += list(_choice(root, path, known))
    return "\n".join(lines) + "\n"


def _choice(root: Root, path: Path, known: set[str]) -> Iterator[str]:
    values, group = read_values(path), path.parent.name
    yield from (_sentence(values.about), "")
    if group in WITHOUT_SCHEMA:
        yield from ("```yaml", path.read_text(encoding="utf-8").rstrip(), "```")
        return
    if group in root.choices:
        yield from (body_of(root.choices[group].maker(path.stem)), "")
        about = remaining_text(root.schema_of(group, path.stem))
        yield from ("" if about.startswith("Nothing") else about, "")
    brought = list(_brought(values))
    if brought:
        yield from (f"Unless something else is asked for, it brings {' and '.join(brought)}.", "")
    for setting in root.choice_settings(path):
        yield from _entry(setting, known)


def _brought(values: Values) -> Iterator[str]:
    """The choices in other groups that a file makes, as they are written on the command line."""
    for entry in values.defaults:
        if isinstance(entry, dict):
            for key, choice in entry.items():
                group = key.removeprefix("override ").partition("@")[0].strip("/")
                yield f"`{group}={choice}`"


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


def _anchor(path: Path) -> str:
    """What a choice's heading is called in links, also where two roots have a group of one name."""
    root = path.parents[1].name
    return f"{root}-{path.parent.name}-{path.stem}".replace("_", "-")


def _sentence(text: str) -> str:
    return text.rstrip(".") + "."
