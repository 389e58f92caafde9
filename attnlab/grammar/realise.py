"""From words to written sentences: elision, contraction, a and an, spacing and capitals.

Knows spelling and typography, no syntax.
"""

from dataclasses import replace

from attnlab.grammar.inflection import begins_with_vowel
from attnlab.grammar.words import Word

NARROW_SPACE = "\u202f"
ELIDING = ("le", "la", "je", "me", "te", "se", "ne", "de", "que", "jusque", "lorsque", "puisque")
ENGLISH_MERGERS = {("a", "other"): "another", ("can", "not"): "cannot"}
CONTRACTIONS = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}


def french_words(sentence: list[Word]) -> list[Word]:
    """Return the words as they are spelt next to each other: l'ami, un bel arbre, du pain."""
    return _contract(_before_vowels(sentence))


def _before_vowels(sentence: list[Word]) -> list[Word]:
    changed = []
    for index, current in enumerate(sentence):
        following = sentence[index + 1].text if index + 1 < len(sentence) else "."
        changed.append(_next_to(current, following))
    return changed


def _next_to(current: Word, following: str) -> Word:
    if current.text == "si" and following in ("il", "ils"):
        return replace(current, text="s'")
    if not following[0].isalpha() or not begins_with_vowel(following):
        return current
    if current.before_vowel:
        return replace(current, text=current.before_vowel, rival=None)
    if current.text.lower() in ELIDING:
        return replace(current, text=current.text[:-1] + "'", rival=None)
    return current


def _contract(sentence: list[Word]) -> list[Word]:
    result: list[Word] = []
    for current in sentence:
        previous = result[-1] if result else None
        if previous and not current.clitic:
            contracted = CONTRACTIONS.get((previous.text, current.text))
            # "de de" is one "de": parler de + de beaux livres.
            if previous.text == "de" and current.text in ("de", "d'"):
                contracted = current.text
            if contracted:
                result[-1] = previous.merged_into(current, contracted)
                continue
        result.append(current)
    return result


def english_words(sentence: list[Word]) -> list[Word]:
    """Return the words with "an" for "a" before a vowel sound, "another" and "cannot" for two."""
    result: list[Word] = []
    for current in sentence:
        previous = result[-1].text if result else ""
        if (previous, current.text) in ENGLISH_MERGERS:
            result[-1] = result[-1].merged_into(current, ENGLISH_MERGERS[previous, current.text])
            continue
        if previous == "a" and _vowel_sound(current.text):
            result[-1] = replace(result[-1], text="an")
        result.append(current)
    return result


def _vowel_sound(text: str) -> bool:
    lowered = text.lower()
    if lowered.startswith(("hour", "honest", "eight")):
        return True
    return lowered[0] in "aeiou" and not lowered.startswith(("uni", "use", "euro", "one"))


def capitalised(sentence: list[Word]) -> list[Word]:
    """Return the sentence with a capital on its first letter, behind an opening quote if any."""
    result = list(sentence)
    for index, current in enumerate(result):
        if current.text[0].isalnum():
            result[index] = replace(current, text=current.text[0].upper() + current.text[1:])
            break
    return result


def english_text(sentence: list[Word]) -> str:
    """Return the English sentence as it is printed."""
    text = ""
    opened = False
    for current in sentence:
        glued = current.text in (".", ",", "?", "!", ":", ";", "'s") or not text
        if current.text == '"':
            glued, opened = opened or not text, not opened
        elif text.endswith('"') and opened:
            glued = True
        text += current.text if glued else " " + current.text
    return text


def french_text(sentence: list[Word]) -> str:
    """Return the French sentence as it is printed, with narrow spaces before ! ? ; : and in « »."""
    text = ""
    for current in sentence:
        if not text or text.endswith("'") or current.text[0] in ".,-":
            gap = ""
        elif current.text in ("?", "!", ";", ":", "»") or text.endswith("«"):
            gap = NARROW_SPACE
        else:
            gap = " "
        text += gap + current.text
    return text
