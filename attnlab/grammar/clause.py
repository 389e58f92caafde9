"""One verb and what belongs to it; rendering.py puts it into words.

Marks: an English auxiliary and the French finite verb share the mark of the tense; the English
main verb and the French verb (or participle) share the mark of the meaning. So "did see" and
"a vu" are linked did-a, see-vu; "does see" and "voit" are both linked; "saw" is linked with both
words of "a vu".
"""

from dataclasses import dataclass, field

from attnlab.grammar.lexicon import Modal, Verb
from attnlab.grammar.nominal import Nominal
from attnlab.grammar.words import NOTHING, Both, Mark, Word

# English tense: (French tense of the finite verb, with a participle?)
TENSES = {
    "present": ("present", False),
    "progressive": ("present", False),
    "past": ("present", True),
    "state past": ("imperfect", False),
    "perfect": ("present", True),
    "perfect progressive": ("present", False),
    "past progressive": ("imperfect", False),
    "used to": ("imperfect", False),
    # If I were rich; when Anna arrives, we will eat.
    "unreal": ("imperfect", False),
    "future when": ("future", False),
    "future": ("future", False),
    "conditional": ("conditional", False),
    "pluperfect": ("imperfect", True),
}

# English negation: its second French part.
NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus"}


@dataclass(kw_only=True)
class Clause:
    """A clause before it is put into words.

    Attributes:
        subject: who does it; a relative pronoun in a relative clause.
        verb: what is done.
        tense: a key of TENSES; a modal of a fixed tense overrules it.
        modal: a verb that stands before this one, or None.
        negation: a key of NEGATIONS, or None.
        direct: the object without a preposition.
        indirect: the person addressed, with French à.
        about: the object with French de.
        extracted: the direct object stands before the clause, as a relative pronoun or a
            question word; it is not repeated, but a participle agrees with it.
        adverb: a word of frequency, English before the verb, French behind it.
        clitic: y or en; the rule that puts it there writes its English words itself.
        rest: whatever follows: adjectives, places, times.
        question: None for a statement; NOTHING for a yes-or-no question; else the question word.
        command: the verb is an order to a friend, and the subject is not spoken.
    """

    subject: Nominal
    verb: Verb
    tense: str
    modal: Modal | None = None
    negation: str | None = None
    direct: Nominal | None = None
    indirect: Nominal | None = None
    about: Nominal | None = None
    extracted: Nominal | None = None
    adverb: tuple[str, str] | None = None
    clitic: Word | None = None
    rest: Both = field(default_factory=lambda: NOTHING)
    question: Both | None = None
    command: bool = False
    tense_mark: Mark = field(default_factory=Mark)
    verb_mark: Mark = field(default_factory=Mark)
    modal_mark: Mark = field(default_factory=Mark)
    link_mark: Mark = field(default_factory=Mark)
    negation_mark: Mark = field(default_factory=Mark)
    adverb_mark: Mark = field(default_factory=Mark)
    question_mark: Mark = field(default_factory=Mark)
    particle_mark: Mark = field(default_factory=Mark)
    self_mark: Mark = field(default_factory=Mark)

    @property
    def french_tense(self) -> tuple[str, bool]:
        """The tense of the French finite verb, and whether a participle follows it."""
        if self.modal is not None and self.modal.kind != "verb":
            return self.modal.tense, False
        return TENSES[self.tense]

    @property
    def negative_phrase(self) -> Nominal | None:
        """The phrase that negates the clause by itself: nobody, nothing."""
        for phrase in (self.subject, self.direct, self.indirect):
            if phrase is not None and phrase.negative:
                return phrase
        return None
