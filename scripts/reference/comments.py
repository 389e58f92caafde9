"""A YAML file with its comments. Knows nothing of schemas."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Values:
    """What a file of `configs/` says.

    `about`: its first comment. `texts`: each value as the file writes it, by its dotted key.
    `comments`: what stands beside or above a key. `defaults`: its defaults list, in which Hydra
    names other files.
    """

    about: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    defaults: list[dict[str, str | None] | str] = field(default_factory=list)

    def within(self, group: str) -> "Values":
        """The same values as they are called in a whole config: `size` is `model.size`."""
        texts = {f"{group}.{key}": text for key, text in self.texts.items()}
        comments = {f"{group}.{key}": text for key, text in self.comments.items()}
        return Values(self.about, texts, comments, self.defaults)


def read_values(path: Path) -> Values:
    """The values of a YAML file and the comments that belong to them."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = Values(about=_first_comment(lines))
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return found
    for key, key_node, node in _entries(root):
        if key == "defaults":
            found.defaults.extend(yaml.safe_load(text)["defaults"])
            continue
        if key.startswith("defaults."):
            continue
        comment = [_above(lines, key_node.start_mark.line), _beside(lines, key_node, node)]
        found.texts[key] = _as_written(text, node)
        found.comments[key] = " ".join(part for part in comment if part)
    return found


def _entries(
    node: yaml.MappingNode, prefix: str = ""
) -> Iterator[tuple[str, yaml.ScalarNode, yaml.Node]]:
    for key_node, value_node in node.value:
        key = f"{prefix}{key_node.value}"
        yield key, key_node, value_node
        if isinstance(value_node, yaml.MappingNode):
            yield from _entries(value_node, f"{key}.")


def _first_comment(lines: list[str]) -> str:
    """The comment at the top, but for what is meant for Hydra (`# @package`)."""
    block = []
    for line in lines:
        if not line.startswith("#"):
            break
        if not line.startswith("# @"):
            block.append(line.lstrip("# "))
    return " ".join(block)


def _above(lines: list[str], number: int) -> str:
    """The comment on the lines right above a key; the file's first comment is none of a key's."""
    block: list[str] = []
    while number > 0 and lines[number - 1].lstrip().startswith("#"):
        number -= 1
        block.insert(0, lines[number].lstrip("# "))
    return "" if number == 0 else " ".join(block)


def _beside(lines: list[str], key_node: yaml.ScalarNode, node: yaml.Node) -> str:
    """The comment behind a value, or behind the key of a group of values."""
    on_one_line = isinstance(node, yaml.ScalarNode) or node.flow_style
    mark = node.end_mark if on_one_line else key_node.end_mark
    _, hash_sign, comment = lines[mark.line][mark.column :].partition("# ")
    return comment.strip() if hash_sign else ""


def _as_written(text: str, node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return text[node.start_mark.index : node.end_mark.index]
    loaded = yaml.safe_load(
        text[node.start_mark.index - node.start_mark.column : node.end_mark.index]
    )
    return yaml.safe_dump(loaded, default_flow_style=True, sort_keys=False, width=10_000).strip()
