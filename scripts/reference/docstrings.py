"""What a dataclass's docstring says of each of its fields, and what it says of the whole."""

import inspect
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

_SENTENCE_END = re.compile(r"(?<=[.])\s+(?=[A-Z`α-ω])")
_SECTION = re.compile(r"^(Attributes|Args|Raises|Returns|Yields):$", re.MULTILINE)
_LABEL = re.compile(r"`\w+`((, | and )`\w+`)*( \([^)]*\))?: ")


@dataclass(frozen=True)
class Said:
    """A docstring, shared out.

    `labelled`: what follows a field's name and a colon, up to the next field. `named`: sentences
    that name a field on their way. `remaining`: paragraphs about the whole.
    """

    labelled: dict[str, list[str]] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)
    remaining: list[str] = field(default_factory=list)


def field_sentences(schema: type[Any]) -> dict[str, str]:
    """Each field's description: what is labelled with its name, or else the sentences with it.

    A field that its own class does not speak of is looked up in the classes it inherits from.
    """
    names = [one.name for one in fields(schema)]
    described: dict[str, str] = {}
    for owner in schema.__mro__[:-1]:
        said = _said(vars(owner).get("__doc__") or "", names)
        for name in names:
            sentences = said.labelled.get(name) or said.named.get(name)
            if sentences and name not in described:
                described[name] = " ".join(sentences)
    return described


def remaining_text(schema: type[Any]) -> str:
    """The docstring without what describes a single field."""
    said = _said(schema.__doc__ or "", [one.name for one in fields(schema)])
    return "\n\n".join(said.remaining)


def body_of(described: object) -> str:
    """A docstring up to its first section, such as `Raises:`."""
    return _SECTION.split(inspect.getdoc(described) or "")[0].strip()


def _said(docstring: str, names: Collection[str]) -> Said:
    pieces = _SECTION.split(inspect.cleandoc(docstring))
    said = Said()
    current: list[str] = []
    for paragraph in re.split(r"\n\s*\n", pieces[0].strip()):
        about_all = []
        for sentence in _SENTENCE_END.split(" ".join(paragraph.split())):
            label = _LABEL.match(sentence)
            named = [name for name in names if f"`{name}`" in (label[0] if label else sentence)]
            if label:
                current = named
            if named and not label:
                current = []
                for name in named:
                    said.named.setdefault(name, []).append(sentence)
            elif current:
                for name in current:
                    text = sentence.removeprefix(f"`{name}`: ")
                    said.labelled.setdefault(name, []).append(text)
            else:
                about_all.append(sentence)
        if about_all:
            said.remaining.append(" ".join(about_all))
    for title, section in zip(pieces[1::2], pieces[2::2], strict=True):
        if title == "Attributes":
            said.labelled.update(_entries(section))
    return said


def _entries(section: str) -> Iterator[tuple[str, list[str]]]:
    for entry in re.split(r"\n {4}(?=\w+: )", section):
        name, colon, text = entry.strip().partition(": ")
        if colon:
            yield name, [" ".join(text.split())]
