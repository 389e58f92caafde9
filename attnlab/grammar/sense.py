"""What no sentence may say: the same word twice, or of one thing that it is hot and cold.

Looks at the finished English words, so it holds for every rule alike.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from random import Random

from attnlab.grammar.closed_classes import MEN, PLACES, WOMEN
from attnlab.grammar.inflection import english_verb
from attnlab.grammar.lexicon import adjectives, nouns, rare_nouns, travels, verbs
from attnlab.grammar.words import Both

# Of one thing, only one of these is true.
CONTRARIES = (
    "big small little", "young old new modern", "good bad", "long short", "hot cold",
    "clean dirty", "empty full", "heavy light", "cheap expensive", "rich poor",
    "happy sad angry worried", "interesting boring", "funny sad boring serious",
    "difficult easy", "dangerous quiet", "beautiful strange", "lazy serious brave", "proud jealous",
    "quiet nervous angry", "polite angry", "kind jealous angry",
    "red blue green black white yellow grey brown pink",
    "French English Italian German Spanish",
)  # fmt: skip
# Verbs that also help another verb to its tense, or stand in many idioms.
HELPING = ("be", "have", "do", "go", "get", "use", "know")
VERB_FORMS = ("base", "third", "past", "participle", "ing")


def sensible(phrase: Both) -> bool:
    """Say whether no noun, adjective, verb or name comes twice and nothing contradicts itself."""
    lemmas = _lemmas()
    found = [lemmas[part.text] for part in phrase.english if part.text in lemmas]
    if len(found) != len(set(found)):
        return False
    if not any("attribute" in part.notes for part in phrase.french):
        return True
    contraries = _contraries()
    groups = Counter(group for lemma in found for group in contraries[lemma])
    return all(count == 1 for count in groups.values())


def sensibly(make: Callable[[Random], Both], rng: Random) -> Both:
    """Return the first phrase of a rule that is sensible."""
    while True:
        phrase = make(rng)
        if sensible(phrase):
            return phrase


@cache
def _lemmas() -> dict[str, str]:
    """Return, for each English form of a word with a meaning, the word that it belongs to."""
    found: dict[str, str] = {}
    for noun in (*nouns(), *(rare for rare, _ in rare_nouns())):
        for form in (noun.english, noun.english_plural):
            found[form.split()[-1]] = noun.english
    for adjective in adjectives():
        found[adjective.english] = adjective.english
    for verb in (*verbs(), *travels()):
        if verb.english not in HELPING:
            for form in VERB_FORMS:
                # "painting" stays a noun.
                found.setdefault(english_verb(verb.english, form), verb.english)
    for name in (*WOMEN, *MEN, *(place.at[0].split()[-1] for place in PLACES)):
        found[name] = name
    # "The broken cup that she broke" says it twice.
    found["broken"] = "break"
    return found


@cache
def _contraries() -> defaultdict[str, list[int]]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(CONTRARIES):
        for adjective in line.split():
            groups[adjective].append(number)
    return groups
