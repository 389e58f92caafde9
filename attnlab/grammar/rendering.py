"""A clause in word order: questions, negation, objects, and French clitics."""

from dataclasses import replace

from attnlab.grammar.clause import NEGATIONS, Clause, english_group, french_group
from attnlab.grammar.inflection import person_index
from attnlab.grammar.nominal import Nominal, governed
from attnlab.grammar.words import Both, Word, word

SELVES = {"I": "myself", "you": "yourself", "he": "himself", "she": "herself", "it": "itself",
          "we": "ourselves", "they": "themselves"}  # fmt: skip
REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
# The clitics that change when they follow a command: donne-le-moi.
STRESSED = {"me": "moi", "te": "toi"}


def rendered(clause: Clause, french: Clause | None = None) -> Both:
    """The clause in both languages; `french` where the French one has other roles."""
    return Both(english=_english_clause(clause), french=_french_clause(french or clause))


def _english_clause(clause: Clause) -> list[Word]:
    """Subject, auxiliary, not, adverb, verb, objects, rest; questions turn the first two."""
    auxiliaries, main = english_group(clause)
    first, others = auxiliaries[:1], auxiliaries[1:]
    negation = (clause.negation or "").split()
    middle = [word(part, clause.negation_mark) for part in negation]
    if clause.adverb:
        middle.append(word(clause.adverb[0], clause.adverb_mark))
    if clause.command:
        start = first
    elif clause.question is not None:
        start = [*clause.question.english, *first, *clause.subject.english]
    else:
        start = [*clause.subject.english, *first]
    return [*start, *middle, *others, *main, *_english_objects(clause), *clause.rest.english]


def _english_objects(clause: Clause) -> list[Word]:
    """Particle and objects: "for the bus", "the letter to Anna", "about it", "himself"."""
    verb, indirect = clause.verb, clause.indirect
    shared = verb.frame in ("to", "of") or verb.complement
    spoken = [indirect.mark] if indirect is not None and indirect.pronoun is not None else []
    marks = [clause.particle_mark if shared else clause.verb_mark, *spoken]
    result = [
        word(_self(clause.subject), clause.self_mark) if part == "oneself" else word(part, *marks)
        for part in verb.particle.split()
    ]
    if clause.direct is not None:
        result += _object_form(clause.direct)
    if indirect is not None:
        if verb.frame == "give":
            result.append(word("to", clause.particle_mark, *spoken))
        result += _object_form(indirect)
    if clause.about is not None:
        result += _object_form(clause.about)
    return result


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


def _french_clause(clause: Clause) -> list[Word]:
    """Subject, ne, clitics, verb, pas, adverb, participle, infinitive, objects, rest."""
    finite, participle = french_group(clause)
    before, after = _french_negation(clause)
    clitics = _clitics(clause)
    start, behind = _opening(clause, finite)
    if clause.command and not before:
        # Donne-le-moi !
        start, behind, clitics = [], _hyphenated(clitics), []
    adverb = [word(clause.adverb[1], clause.adverb_mark)] if clause.adverb else []
    group = [finite, *behind, *after, *adverb, *participle]
    if clause.modal is None:
        group = [*clitics, *group]
    else:
        # Il veut le lire.
        link = [word(clause.modal.link, clause.link_mark)] if clause.modal.link else []
        group += [*link, *clitics, word(clause.verb.infinitive, clause.verb_mark)]
    return [*start, *before, *group, *_french_objects(clause), *clause.rest.french]


def _opening(clause: Clause, finite: Word) -> tuple[list[Word], list[Word]]:
    """What comes before the verb group, and the pronoun turned behind the finite verb."""
    subject = clause.subject
    if clause.command:
        return [], []
    if clause.question is None:
        return subject.french, []
    asking = [part.tagged("question") for part in clause.question.french]
    if subject.pronoun is not None and subject.pronoun.french != "je":
        # Où vas-tu ? Parle-t-il anglais ?
        form = subject.french[0].text
        link = "-t-" if finite.text.endswith(("a", "e")) and form[0] in "ie" else "-"
        return asking, [replace(subject.french[0], text=link + form).tagged("question")]
    # Est-ce que le garçon dort ?
    question = [word(part, clause.question_mark, tags="question") for part in ("est", "-ce", "que")]
    return [*asking, *question, *subject.french], []


def _french_negation(clause: Clause) -> tuple[list[Word], list[Word]]:
    """Ne and what closes it: pas, jamais, plus, rien; personne stands with the objects."""
    tense = clause.tense.replace(" ", "-")
    negative = clause.negative_phrase
    if negative is not None:
        kind = negative.english[0].text
        first = word("ne", negative.mark, tags=f"negation {kind}+{tense}")
        nothing = negative is clause.direct and negative.french[0].text == "rien"
        return [first], list(negative.french) if nothing else []
    if clause.negation is None:
        return [], []
    kind = clause.negation.replace(" ", "-")
    first = word("ne", clause.negation_mark, tags=f"negation {kind}+{tense}")
    return [first], [word(NEGATIONS[clause.negation], clause.negation_mark)]


def _clitics(clause: Clause) -> list[Word]:
    """The pronouns before the verb: me, te, se, nous; le, la, les; lui, leur; y, en."""
    found: list[tuple[int, Word]] = []
    if clause.verb.reflexive:
        subject = clause.subject
        form = REFLEXIVE[person_index(subject.person, subject.plural)]
        own = clause.self_mark if "oneself" in clause.verb.particle else clause.verb_mark
        found.append((0, replace(word(form, own, tags="reflexive"), clitic=True)))
    for phrase, case in ((clause.direct, "direct"), (clause.indirect, "indirect")):
        if phrase is None or phrase.pronoun is None:
            continue
        form = getattr(phrase.pronoun, case)
        marks = [phrase.mark]
        if case == "indirect":
            marks.append(clause.particle_mark)
        clitic = word(form, *marks, tags=f"clitic {form}+{clause.verb.infinitive}")
        rank = 2 if form in ("lui", "leur") else 1 if form in ("le", "la", "les") else 0
        found.append((rank, replace(clitic, clitic=True)))
    if "y" in clause.verb.flags:
        found.append((3, replace(word("y", clause.verb_mark), clitic=True)))
    if clause.about is not None and _is_thing(clause.about):
        en = word("en", clause.about.mark, clause.particle_mark)
        found.append((4, replace(en.tagged("clitic"), clitic=True)))
    if clause.clitic is not None:
        found.append((4, replace(clause.clitic.tagged("clitic"), clitic=True)))
    found.sort(key=lambda pair: pair[0])
    return [clitic for _, clitic in found]


def _is_thing(phrase: Nominal) -> bool:
    """Whether de and this phrase become en: about it, but not about him."""
    return phrase.pronoun is not None and phrase.pronoun.english in ("it", "they")


def _hyphenated(clitics: list[Word]) -> list[Word]:
    """The clitics behind a command, le before moi: -le, -moi."""
    direct_first = sorted(clitics, key=lambda clitic: clitic.text not in ("le", "la", "les"))
    return [
        replace(clitic, text="-" + STRESSED.get(clitic.text, clitic.text))
        for clitic in direct_first
    ]


def _french_objects(clause: Clause) -> list[Word]:
    verb = clause.verb
    complement_mark = clause.particle_mark if verb.particle else clause.verb_mark
    result = [word(part, complement_mark) for part in _complement(clause)]
    direct = clause.direct
    spoken = direct is not None and direct.pronoun is None
    if direct is not None and spoken and direct.french[0].text != "rien":
        result += direct.french
    if clause.indirect is not None and clause.indirect.pronoun is None:
        # "phone Paul" has no English word for à: it belongs to the verb.
        has_word = verb.frame == "give" or verb.particle
        mark = clause.particle_mark if has_word else clause.verb_mark
        result += governed("à", clause.indirect, mark)
    if clause.about is not None and not _is_thing(clause.about):
        mark = clause.particle_mark if verb.particle else clause.verb_mark
        result += governed("de", clause.about, mark)
    return result


def _complement(clause: Clause) -> list[str]:
    """What belongs to the French verb; avoir de la chance, but ne pas avoir de chance."""
    parts = clause.verb.complement.split()
    negated = clause.negation is not None or clause.negative_phrase is not None
    if negated and clause.verb.infinitive in ("avoir", "faire", "prendre"):
        for article in (["de", "la"], ["de", "le"], ["un"], ["une"], ["des"]):
            if parts[: len(article)] == article:
                return ["de", *parts[len(article) :]]
    return parts
