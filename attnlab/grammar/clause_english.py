"""The English rendering of a clause: auxiliaries, do-support, word order."""

from attnlab.grammar.clause import Clause
from attnlab.grammar.inflection import english_verb
from attnlab.grammar.nominal import Nominal
from attnlab.grammar.words import Mark, Word, word

BE = {
    "present": {"first": "am", "third": "is", "plural": "are"},
    "past": {"first": "was", "third": "was", "plural": "were"},
}
SIMPLE = ("present", "future when", "past", "state past", "unreal")
SELVES = {"I": "myself", "you": "yourself", "he": "himself", "she": "herself", "it": "itself",
          "we": "ourselves", "they": "themselves"}  # fmt: skip


def english_clause(clause: Clause) -> list[Word]:
    """Return subject, auxiliary, not, adverb, verb, objects, rest; questions turn the first two."""
    auxiliaries, main = _verb_group(clause)
    subject = clause.subject.english
    first, others = auxiliaries[:1], auxiliaries[1:]
    middle = [*_negation(clause), *_adverb(clause), *others]
    if clause.command:
        start = [*first, *middle]
    elif clause.question is not None:
        # question word + auxiliary + subject + (not) + verb
        start = [*clause.question.english, *first, *subject, *middle]
    else:
        start = [*subject, *first, *middle]
    return [*start, *main, *_objects(clause), *clause.rest.english]


VerbGroup = tuple[list[Word], list[Word]]


def _verb_group(clause: Clause) -> VerbGroup:
    """Return the auxiliaries and the other verbs (none where "be" has taken the first place)."""
    modal, subject = clause.modal, clause.subject
    if modal is None:
        return _simple_group(clause, clause.verb.english, (clause.verb_mark,))
    infinitive = [word(clause.verb.english, clause.verb_mark)]
    link = clause.link_mark if modal.link else clause.verb_mark
    asked = _asked(clause)
    if modal.kind == "auxiliary":
        return [word(modal.english[0], clause.tense_mark, *asked)], infinitive
    if modal.kind == "two":
        first, *others, to = modal.english
        return (
            [word(first, clause.tense_mark, *asked)],
            [*[word(part, clause.tense_mark) for part in others], word(to, link), *infinitive],
        )
    if modal.kind == "be":
        going = [word("going", clause.tense_mark), word("to", link)]
        return [word(be_form(subject, "present"), clause.tense_mark, *asked)], [
            *going,
            *infinitive,
        ]
    if modal.kind == "just":
        participle = word(english_verb(clause.verb.english, "participle"), clause.verb_mark)
        just = word("just", clause.link_mark)
        return [word(_have_form(subject), clause.tense_mark, *asked)], [just, participle]
    base, *others, to = modal.english
    auxiliaries, main = _simple_group(clause, base, (clause.modal_mark,))
    main += [word(part, clause.modal_mark) for part in others]
    return auxiliaries, [*main, word(to, link), *infinitive]


def _asked(clause: Clause) -> tuple[Mark, ...]:
    return (clause.question_mark,) if clause.question is not None else ()


def _simple_group(clause: Clause, base: str, meaning: tuple[Mark, ...]) -> VerbGroup:
    """Return the group of an ordinary verb in the tense of the clause."""
    subject, tense, asked = clause.subject, clause.tense_mark, _asked(clause)

    def auxiliary(text: str) -> list[Word]:
        return [word(part, tense, *asked) for part in text.split()]

    def main(form: str, *marks: Mark) -> list[Word]:
        return [word(english_verb(base, form), *meaning, *marks)]

    if clause.command:
        return (auxiliary("do") if clause.negation == "not" else []), main("base", tense)
    if clause.tense in SIMPLE:
        when = "present" if clause.tense in ("present", "future when") else "past"
        if base == "be" and clause.tense == "unreal":
            return [word("were", tense, *meaning, *asked)], []
        if base == "be":
            return [word(be_form(subject, when), tense, *meaning, *asked)], []
        if clause.negation == "not" or _turned(clause):
            return auxiliary(_do_form(subject, when)), main("base")
        form = ("third" if _third(subject) else "base") if when == "present" else "past"
        return [], main(form, tense)
    if clause.tense in ("progressive", "past progressive"):
        when = "present" if clause.tense == "progressive" else "past"
        return auxiliary(be_form(subject, when)), main("ing")
    if clause.tense == "perfect":
        return auxiliary(_have_form(subject)), main("participle")
    if clause.tense == "perfect progressive":
        return auxiliary(f"{_have_form(subject)} been"), main("ing")
    if clause.tense == "pluperfect":
        return auxiliary("had"), main("participle")
    if clause.tense == "used to":
        return [], [*auxiliary("used to"), *main("base")]
    return auxiliary("will" if clause.tense == "future" else "would"), main("base")


def _turned(clause: Clause) -> bool:
    """Say whether a question puts an auxiliary before the subject."""
    return clause.question is not None


def be_form(subject: Nominal, when: str) -> str:
    """Return the form of "be", "present" or "past", that agrees with the subject."""
    forms = BE[when]
    if subject.person == 1 and not subject.plural_in_english:
        return forms["first"]
    return forms["third"] if _third(subject) else forms["plural"]


def _do_form(subject: Nominal, when: str) -> str:
    if when == "past":
        return "did"
    return "does" if _third(subject) else "do"


def _have_form(subject: Nominal) -> str:
    return "has" if _third(subject) else "have"


def _third(subject: Nominal) -> bool:
    return subject.person == 3 and not subject.plural_in_english


def _negation(clause: Clause) -> list[Word]:
    if clause.negation is None:
        return []
    return [word(part, clause.negation_mark) for part in clause.negation.split()]


def _adverb(clause: Clause) -> list[Word]:
    return [word(clause.adverb[0], clause.adverb_mark)] if clause.adverb else []


def _object_form(phrase: Nominal) -> list[Word]:
    if phrase.pronoun is None:
        return phrase.english
    return [word(phrase.pronoun.english_object, phrase.mark)]


def _self(subject: Nominal) -> str:
    if subject.pronoun is not None:
        return SELVES[subject.pronoun.english]
    if subject.plural:
        return "themselves"
    return "herself" if subject.gender == "f" else "himself"


def _particle(clause: Clause) -> list[Word]:
    """Return what belongs to the English verb: look "for", be "hungry", wash "himself"."""
    verb = clause.verb
    shared = verb.frame in ("to", "of") or verb.complement
    marks = [clause.particle_mark if shared else clause.verb_mark]
    if clause.indirect is not None and clause.indirect.pronoun is not None:
        marks.append(clause.indirect.mark)
    result = []
    for part in verb.particle.split():
        if part == "oneself":
            result.append(word(_self(clause.subject), clause.self_mark))
        else:
            result.append(word(part, *marks))
    return result


def _objects(clause: Clause) -> list[Word]:
    """Return particle and objects: "for the bus", "the letter to Anna", "about it"."""
    result = _particle(clause)
    if clause.direct is not None:
        result += _object_form(clause.direct)
    if clause.indirect is not None:
        if clause.verb.frame == "give":
            marks = [clause.particle_mark]
            if clause.indirect.pronoun is not None:
                marks.append(clause.indirect.mark)
            result.append(word("to", *marks))
        result += _object_form(clause.indirect)
    if clause.about is not None:
        result += _object_form(clause.about)
    return result
