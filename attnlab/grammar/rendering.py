"""A clause in words: English auxiliaries and do-support; French clitics, negation and agreement."""

from dataclasses import replace

from attnlab.grammar.clause import NEGATIONS, Clause
from attnlab.grammar.inflection import agreeing_participle, conjugate, english_verb, person_index
from attnlab.grammar.nominal import Nominal, governed
from attnlab.grammar.words import Both, Mark, Word, word

BE_FORMS = {
    "present": {"first": "am", "third": "is", "plural": "are"},
    "past": {"first": "was", "third": "was", "plural": "were"},
}
SIMPLE = ("present", "future when", "past", "state past", "unreal")
SELVES = {"I": "myself", "you": "yourself", "he": "himself", "she": "herself", "it": "itself",
          "we": "ourselves", "they": "themselves"}  # fmt: skip


def rendered(clause: Clause, french: Clause | None = None) -> Both:
    """Return a clause in both languages; `french` where the French one has other roles."""
    return Both(english=_english_clause(clause), french=_french_clause(french or clause))


def _english_clause(clause: Clause) -> list[Word]:
    """Return subject, auxiliary, not, adverb, verb, objects, rest; questions turn the first two."""
    auxiliaries, main = _english_group(clause)
    subject = clause.subject.english
    first, others = auxiliaries[:1], auxiliaries[1:]
    middle = [*_english_negation(clause), *_english_adverb(clause), *others]
    if clause.command:
        start = [*first, *middle]
    elif clause.question is not None:
        # question word + auxiliary + subject + (not) + verb
        start = [*clause.question.english, *first, *subject, *middle]
    else:
        start = [*subject, *first, *middle]
    return [*start, *main, *_english_objects(clause), *clause.rest.english]


VerbGroup = tuple[list[Word], list[Word]]


def _english_group(clause: Clause) -> VerbGroup:
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
    forms = BE_FORMS[when]
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


def _english_negation(clause: Clause) -> list[Word]:
    if clause.negation is None:
        return []
    return [word(part, clause.negation_mark) for part in clause.negation.split()]


def _english_adverb(clause: Clause) -> list[Word]:
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


def _english_objects(clause: Clause) -> list[Word]:
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


VOWEL_ENDINGS = ("a", "e")
REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
# The clitics that change when they follow a command: donne-le-moi.
STRESSED = {"me": "moi", "te": "toi"}


def _french_clause(clause: Clause) -> list[Word]:
    """Return subject, ne, clitics, verb, pas, adverb, participle, infinitive, objects, rest."""
    finite, participle = _french_group(clause)
    before, after = _french_negation(clause)
    clitics = _clitics(clause)
    start, behind = _opening(clause, finite)
    if clause.command and not before:
        # Donne-le-moi !
        start, behind, clitics = [], _hyphenated(clitics), []
    near = [] if clause.modal else clitics
    return [
        *start,
        *before,
        *near,
        finite,
        *behind,
        *after,
        *_french_adverb(clause),
        *participle,
        *_infinitive(clause, clitics),
        *_french_objects(clause),
        *clause.rest.french,
    ]


def _opening(clause: Clause, finite: Word) -> tuple[list[Word], list[Word]]:
    """Return what comes before the verb group, and the pronoun turned behind the finite verb."""
    subject = clause.subject
    if clause.command:
        return [], []
    if clause.question is None:
        return subject.french, []
    asking = [part.tagged("question") for part in clause.question.french]
    if subject.pronoun is not None and subject.pronoun.french != "je":
        # Où vas-tu ? Parle-t-il anglais ?
        return asking, [_inverted(subject, finite)]
    # Est-ce que le garçon dort ?
    question = [word(part, clause.question_mark, tags="question")
                for part in ("est", "-ce", "que")]  # fmt: skip
    return [*asking, *question, *subject.french], []


def _inverted(subject: Nominal, finite: Word) -> Word:
    form = subject.french[0].text
    link = "-t-" if finite.text.endswith(VOWEL_ENDINGS) and form[0] in "ie" else "-"
    return replace(subject.french[0], text=link + form).tagged("question")


def _french_group(clause: Clause) -> tuple[Word, list[Word]]:
    """Return the finite verb and the participle, if the tense has one."""
    subject, verb = clause.subject, clause.verb
    tense, compound = clause.french_tense
    head = conjugate(clause.modal.french if clause.modal else verb.infinitive)
    meaning = [clause.modal_mark if clause.modal else clause.verb_mark]
    if clause.modal is not None and clause.modal.kind == "just":
        meaning.append(clause.link_mark)
    auxiliary = "avoir" if clause.modal else verb.auxiliary
    carrier = conjugate(auxiliary) if compound else head
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
    participle = replace(participle, rival=agreeing_participle(head.participle, other, plural))
    return finite, [participle]


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


def _french_negation(clause: Clause) -> tuple[list[Word], list[Word]]:
    """Return ne and what closes it: pas, jamais, plus, rien; personne stands with the objects."""
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


def _french_adverb(clause: Clause) -> list[Word]:
    return [word(clause.adverb[1], clause.adverb_mark)] if clause.adverb else []


def _infinitive(clause: Clause, clitics: list[Word]) -> list[Word]:
    """Return the infinitive after a modal, its clitics before it: il veut le lire."""
    if clause.modal is None:
        return []
    link = [word(clause.modal.link, clause.link_mark)] if clause.modal.link else []
    return [*link, *clitics, word(clause.verb.infinitive, clause.verb_mark)]


def _clitics(clause: Clause) -> list[Word]:
    """Return the pronouns before the verb: me, te, se, nous; le, la, les; lui, leur; y, en."""
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
    """Say whether de and this phrase become en: about it, but not about him."""
    return phrase.pronoun is not None and phrase.pronoun.english in ("it", "they")


def _hyphenated(clitics: list[Word]) -> list[Word]:
    """Return the clitics behind a command, le before moi: -le, -moi."""
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
    """Return what belongs to the French verb; avoir de la chance, but ne pas avoir de chance."""
    parts = clause.verb.complement.split()
    negated = clause.negation is not None or clause.negative_phrase is not None
    if negated and clause.verb.infinitive in ("avoir", "faire", "prendre"):
        for article in (["de", "la"], ["de", "le"], ["un"], ["une"], ["des"]):
            if parts[: len(article)] == article:
                return ["de", *parts[len(article) :]]
    return parts
