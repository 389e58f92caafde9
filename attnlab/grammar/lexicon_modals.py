"""Verbs that take another verb: both languages, and the little word between the two verbs.

A row: kind, English, French, French link, French tense. Kinds say how English builds it:
  auxiliary  can [read]                  two      would like to [read]
  be         is going to [read]          just     has just [read]
  verb       wants to [read]: an ordinary verb, whose tense the clause chooses ("-" in the row)
"""

from dataclasses import dataclass

MODAL_TABLE = """
auxiliary | can              | pouvoir   |    | present
auxiliary | could            | pouvoir   |    | imperfect
auxiliary | must             | devoir    |    | present
auxiliary | should           | devoir    |    | conditional
two       | would like to    | vouloir   |    | conditional
two       | will be able to  | pouvoir   |    | future
be        | going to         | aller     |    | present
just      | just             | venir     | de | present
verb      | want to          | vouloir   |    | state
verb      | like to          | aimer     |    | state
verb      | hope to          | espérer   |    | state
verb      | know how to      | savoir    |    | state
verb      | begin to         | commencer | à  | event
verb      | try to           | essayer   | de | event
verb      | decide to        | décider   | de | event
verb      | forget to        | oublier   | de | event
verb      | refuse to        | refuser   | de | event
"""


@dataclass(frozen=True, kw_only=True)
class Modal:
    """A verb that stands before another one."""

    kind: str
    english: tuple[str, ...]
    french: str
    link: str
    tense: str


def _modal(line: str) -> Modal:
    kind, english, french, link, tense = (cell.strip() for cell in line.split("|"))
    return Modal(kind=kind, english=tuple(english.split()), french=french, link=link, tense=tense)


MODALS = tuple(_modal(line) for line in MODAL_TABLE.strip().splitlines())
