"""Objects of a verb, and phrases of place, company and time."""

from random import Random

from attnlab.grammar import lexicon
from attnlab.grammar.clause import Clause
from attnlab.grammar.content import a_thing, chance, described, someone_as_object
from attnlab.grammar.lexicon import PLACES, Classes, Place, Verb, nouns_of
from attnlab.grammar.nominal import Nominal, negative_phrase, pronoun_phrase, stressed
from attnlab.grammar.words import Both, Mark, both, tied, word


def place_of(place: Place) -> Both:
    """Where a superlative holds: "in the village", du village; "in Paris", de Paris."""
    return both(place.at[0].split()[0], "de") + place_name(place)


def place_phrase(rng: Random, kind: str, places: tuple[Place, ...] = PLACES) -> Both:
    """A place: "at" it, "to" it or "from" it."""
    place = rng.choice(places)
    english, french = {"at": place.at, "to": place.to, "from": place.origin}[kind]
    preposition, _, english_rest = english.partition(" ")
    french_preposition, _, french_rest = french.partition(" ")
    return both(preposition, french_preposition) + _article_and_noun(english_rest, french_rest)


def _article_and_noun(english: str, french: str) -> Both:
    """The market, le marché; a French article that English lacks is linked with the noun."""
    *english_articles, english_noun = english.split()
    *french_articles, french_noun = french.split()
    noun = Mark()
    article = Mark() if english_articles else noun
    return Both(
        english=[*(word(part, article) for part in english_articles), word(english_noun, noun)],
        french=[*(word(part, article) for part in french_articles), word(french_noun, noun)],
    )


def place_name(place: Place) -> Both:
    """The place itself, without a preposition: the market, le marché."""
    english, french = (side.partition(" ")[2] for side in place.origin)
    return _article_and_noun(english, french)


def company(rng: Random, subject: Nominal) -> Both:
    """With him, with her brother."""
    someone = someone_as_object(rng, "relation", subject)
    return both("with", "avec") + stressed(someone)


def time_phrase(rng: Random, group: str, near: bool = False, hours: bool = True) -> Both:
    """A time of one group: past, present, habit or future.

    `near` excludes weeks, months and years; `hours` allows an hour of the clock.
    """
    if group != "present" and chance(rng, 0.12):
        return weekday(rng, group == "habit")
    if group != "present" and hours and chance(rng, 0.25):
        return clock_time(rng)
    times = lexicon.TIMES[group]
    if near:
        times = tuple(time for time in times if not any(far in time[0] for far in FAR))
    english, french = rng.choice(times)
    return tied(english, french, tags="time")


FAR = ("week", "month", "year", "summer", "winter")


def weekday(rng: Random, habit: bool) -> Both:
    """On Monday, lundi, or as a habit on Mondays, le lundi."""
    english, french = rng.choice(lexicon.WEEKDAYS)
    if habit:
        return tied(f"on~1 {english}s~2", f"le~1 {french}~2", tags="time")
    return tied(f"on~1 {english}~1", f"{french}~1", tags="time")


def clock_time(rng: Random) -> Both:
    """At five o'clock, at half past five, at a quarter to five or at noon."""
    draw = rng.random()
    if draw < 0.1:
        english, french = rng.choice((("noon", "midi"), ("midnight", "minuit")))
        return tied(f"at~1 {english}~2", f"à~1 {french}~2", tags="time")
    english, french = lexicon.NUMBERS[rng.randint(2, 11)]
    english_hour, french_hour, tags = f"{english}~2", f"{french}~2 heures", "time number"
    if draw < 0.6:
        before, after = f"{english_hour} o'clock~3", f"{french_hour}~3"
    elif draw < 0.8:
        before, after = f"half~3 past~4 {english_hour}", f"{french_hour}~4 et~4 demie~3"
    elif draw < 0.9:
        before, after = f"a~3 quarter~3 past~4 {english_hour}", f"{french_hour}~4 et~4 quart~3"
    else:
        before = f"a~3 quarter~3 to~4 {english_hour}"
        after = f"{french_hour}~4 moins~4 le~3 quart~3"
    return tied(f"at~1 {before}", f"à~1 {after}", tags=tags)


HUMAN = frozenset({"person"})


def give_objects(rng: Random, clause: Clause, negation: str | None = None) -> None:
    """Give a clause the objects of its verb; `negation`: "nothing" or "nobody" as the object."""
    verb, subject = clause.verb, clause.subject
    negated = clause.negation is not None
    free = not negated and not subject.negative and clause.adverb is None and not verb.state
    wanted = negation in ("nobody", "nothing") or chance(rng, 0.05)
    if verb.frame == "object" and free and wanted and "generic" not in verb.flags:
        # He sees nobody, he eats nothing.
        human = verb.objects <= HUMAN
        clause.direct = negative_phrase(*(("nobody", "personne") if human else ("nothing", "rien")))
    elif verb.frame == "object":
        human_only = verb.objects <= {"person", "adult", "artist", "child"}
        if "person" in verb.objects and chance(rng, 0.7 if not human_only else 1.0):
            clause.direct = _someone(rng, "person", clause)
        elif chance(rng, 0.1) and "named" not in verb.flags:
            clause.direct = pronoun_phrase(rng.choice((lexicon.IT_MASCULINE, lexicon.THEY)))
        else:
            determiner = "generic" if "generic" in verb.flags else ""
            determiner = "the" if subject.negative else determiner
            clause.direct = a_thing(rng, verb.objects - HUMAN, subject, negated, determiner)
            _mend_object(rng, clause, negated)
    elif verb.frame == "to":
        clause.indirect = _someone(rng, verb.objects, clause)
    elif verb.frame == "of":
        if chance(rng, 0.25):
            clause.about = _somebody_or_it(rng, verb, subject)
            return
        noun = rng.choice(nouns_of(verb.objects))
        clause.about = described(rng, noun, 0.2, owner=subject, plain=True)
        if noun.mass or "unique" in noun.classes or clause.about.plural:
            return
        if chance(rng, 0.3):
            clause.about = described(rng, noun, 0.2, determiner="a", plural=False)
    elif verb.frame == "give":
        if chance(rng, 0.3) and "named" not in verb.flags:
            clause.direct = pronoun_phrase(rng.choice((lexicon.IT_MASCULINE, lexicon.THEY)))
        else:
            clause.direct = a_thing(rng, verb.objects, subject, negated)
        clause.indirect = _someone(rng, "person", clause)


def _someone(rng: Random, classes: Classes, clause: Clause) -> Nominal:
    """A person; after a negation or "rarely", no indefinite one."""
    definite = clause.negation is not None or clause.adverb == ("rarely", "rarement")
    while True:
        someone = someone_as_object(rng, classes, clause.subject)
        if not (definite and someone.english[0].text in ("a", "some", "several")):
            return someone


def _mend_object(rng: Random, clause: Clause, negated: bool) -> None:
    """Let nobody have "the sister", and no man wear a skirt."""
    verb, thing, subject = clause.verb, clause.direct, clause.subject
    if thing is None or thing.noun is None:
        return
    if verb.english == "have" and "relation" in thing.noun.classes:
        determiner = "a" if not thing.plural else str(rng.randint(2, 5))
        clause.direct = described(rng, thing.noun, 0.1, negated=negated, determiner=determiner,
                                  plural=thing.plural)  # fmt: skip
    if verb.english == "wear" and "ladies" in thing.noun.classes and subject.gender == "m":
        clause.direct = a_thing(rng, frozenset({"unisex"}), subject, negated)


def _somebody_or_it(rng: Random, verb: Verb, subject: Nominal) -> Nominal:
    """A pronoun: about him, de lui; about it, en. "Them" would leave open which."""
    if not verb.objects & HUMAN or chance(rng, 0.4):
        return pronoun_phrase(lexicon.IT_MASCULINE)
    while True:
        someone = someone_as_object(rng, "person", subject)
        if someone.pronoun is not None and someone.pronoun.english != "they":
            return someone
