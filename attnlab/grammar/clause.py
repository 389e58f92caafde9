"""A clause in both languages before it is put in order, and the forms of its verb group.

Marks: an English auxiliary and the French finite verb share the mark of the tense; the English
main verb and the French verb (or participle) share the mark of the meaning. So "did see" and
"a vu" are linked did-a, see-vu; "does see" and "voit" are both linked; "saw" is linked with both
words of "a vu".
"""

from dataclasses import dataclass, field, replace

from attnlab.grammar.inflection import agreeing_participle, conjugate, english_verb, person_index
from attnlab.grammar.lexicon import Modal, Verb
from attnlab.grammar.nominal import Nominal
from attnlab.grammar.words import NOTHING, Both, Mark, Word, word

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
    """A verb with its arguments, tense and negation, from which both languages are rendered.

    Attributes:
        subject: a relative pronoun in a relative clause.
        tense: a key of TENSES; a modal of a fixed tense overrules it.
        modal: a verb that stands before this one, or None.
        negation: a key of NEGATIONS, or None.
        direct: the object without a preposition.
        indirect: the person addressed, with French à.
        about: the object with French de.
        extracted: a direct object before the clause, as a relative pronoun or question word; it
            is not repeated, but a participle agrees with it.
        adverb: a word of frequency, English before the verb, French behind it.
        clitic: y or en; the rule that sets it writes its English words itself.
        rest: what follows: adjectives, places, times.
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
        phrases = (self.subject, self.direct, self.indirect)
        return next((phrase for phrase in phrases if phrase and phrase.negative), None)


BE_FORMS = {"present": ("am", "is", "are"), "past": ("was", "was", "were")}
SIMPLE = ("present", "future when", "past", "state past", "unreal")

VerbGroup = tuple[list[Word], list[Word]]


def english_group(clause: Clause) -> VerbGroup:
    """The auxiliaries and the other verbs; no others where "be" is the auxiliary itself."""
    modal, verb = clause.modal, clause.verb.english
    if modal is None:
        return _simple_group(clause, verb, clause.verb_mark)
    infinitive = word(verb, clause.verb_mark)
    link = clause.link_mark if modal.link else clause.verb_mark
    if modal.kind == "auxiliary":
        return _auxiliary(clause, modal.english[0]), [infinitive]
    if modal.kind == "two":
        first, *others, to = modal.english
        after = [word(part, clause.tense_mark) for part in others]
        return _auxiliary(clause, first), [*after, word(to, link), infinitive]
    if modal.kind == "be":
        going = word("going", clause.tense_mark)
        return _auxiliary(clause, _be(clause.subject, "present")), [
            going,
            word("to", link),
            infinitive,
        ]
    if modal.kind == "just":
        participle = word(english_verb(verb, "participle"), clause.verb_mark)
        return _auxiliary(clause, _have(clause.subject)), [
            word("just", clause.link_mark),
            participle,
        ]
    base, *others, to = modal.english
    auxiliaries, main = _simple_group(clause, base, clause.modal_mark)
    main += [word(part, clause.modal_mark) for part in others]
    return auxiliaries, [*main, word(to, link), infinitive]


def _auxiliary(clause: Clause, text: str, *marks: Mark) -> list[Word]:
    """The words of an auxiliary; one that opens a question is linked with est-ce que, too."""
    asked = [] if clause.question is None else [clause.question_mark]
    return [word(part, clause.tense_mark, *marks, *asked) for part in text.split()]


def _simple_group(clause: Clause, base: str, meaning: Mark) -> VerbGroup:
    """The group of an ordinary verb in the tense of the clause."""
    subject, tense = clause.subject, clause.tense
    third = _third(subject)

    def group(auxiliary: str, form: str, *marks: Mark) -> VerbGroup:
        return _auxiliary(clause, auxiliary), [word(english_verb(base, form), meaning, *marks)]

    if clause.command:
        return group("do" if clause.negation == "not" else "", "base", clause.tense_mark)
    if tense in SIMPLE:
        when = "present" if tense in ("present", "future when") else "past"
        if base == "be":
            form = "were" if tense == "unreal" else _be(subject, when)
            return _auxiliary(clause, form, meaning), []
        if clause.negation == "not" or clause.question is not None:
            return group("did" if when == "past" else "does" if third else "do", "base")
        form = "past" if when == "past" else "third" if third else "base"
        return group("", form, clause.tense_mark)
    if tense == "used to":
        auxiliaries, main = group("used to", "base")
        return [], [*auxiliaries, *main]
    auxiliary, form = {
        "progressive": (_be(subject, "present"), "ing"),
        "past progressive": (_be(subject, "past"), "ing"),
        "perfect": (_have(subject), "participle"),
        "perfect progressive": (f"{_have(subject)} been", "ing"),
        "pluperfect": ("had", "participle"),
        "future": ("will", "base"),
        "conditional": ("would", "base"),
    }[tense]
    return group(auxiliary, form)


def _be(subject: Nominal, when: str) -> str:
    first, third, plural = BE_FORMS[when]
    if subject.person == 1 and not subject.plural_in_english:
        return first
    return third if _third(subject) else plural


def _have(subject: Nominal) -> str:
    return "has" if _third(subject) else "have"


def _third(subject: Nominal) -> bool:
    return subject.person == 3 and not subject.plural_in_english


def french_group(clause: Clause) -> tuple[Word, list[Word]]:
    """The finite verb and the participle, if the tense has one."""
    subject, verb, modal = clause.subject, clause.verb, clause.modal
    tense, compound = clause.french_tense
    head = conjugate(modal.french if modal else verb.infinitive)
    meaning = [clause.modal_mark if modal else clause.verb_mark]
    if modal is not None and modal.kind == "just":
        meaning.append(clause.link_mark)
    carrier = conjugate("avoir" if modal else verb.auxiliary) if compound else head
    marks = [clause.tense_mark] if compound else [clause.tense_mark, *meaning]
    person = person_index(subject.person, subject.plural)
    finite = word(carrier.imperative() if clause.command else carrier.form(tense, person), *marks)
    if subject.person == 3 and not clause.command:
        rival = carrier.form(tense, person_index(3, not subject.plural))
        finite = replace(finite, rival=rival)
    finite = finite.tagged(*_tense_tags(clause))
    if not compound:
        return finite, []
    gender, plural = _participle_agreement(clause)
    form = agreeing_participle(head.participle, gender, plural)
    participle = word(form, *meaning, tags="perfect")
    if (gender, plural) != ("m", False):
        participle = participle.tagged("participle-agreement")
    other = "m" if gender == "f" else "f"
    rival = agreeing_participle(head.participle, other, plural)
    return finite, [replace(participle, rival=rival)]


def _tense_tags(clause: Clause) -> set[str]:
    tense, compound = clause.french_tense
    tags = {"modal"} if clause.modal else set()
    if clause.command:
        return tags | {"command"}
    if compound:
        return tags | ({"pluperfect"} if tense == "imperfect" else set())
    return tags | {tense}


def _participle_agreement(clause: Clause) -> tuple[str, bool]:
    """With être the participle agrees with the subject, with avoir with an object before it."""
    if clause.modal is not None:
        return "m", False
    if clause.verb.auxiliary == "être":
        return clause.subject.gender, clause.subject.plural
    controller = clause.extracted
    if clause.direct is not None and clause.direct.pronoun is not None:
        controller = clause.direct
    return (controller.gender, controller.plural) if controller else ("m", False)
