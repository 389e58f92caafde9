"""What the training split shows of French grammar, and how often at least."""

import re

import pytest

# A French pattern, and in how many of the 20,000 sentences it must stand.
PHENOMENA = {
    "elision": (r"\b[lL]'|[jJ]'|d'|qu'", 4000),
    "contraction": (r"\b(?:du|au|aux|des)\b", 1500),
    "adjective changed before a vowel": (r"\b(?:bel|vieil|nouvel|cet) ", 80),
    "ne ... pas": (r"\b[Nn](?:e |').*\bpas\b", 1500),
    "ne ... jamais": (r"\bjamais\b", 100),
    "ne ... plus": (r"\bn(?:e |').*\bplus\b", 60),
    "personne": (r"[Pp]ersonne", 80),
    "rien": (r"\brien\b", 80),
    "two clitics": (r"\b(?:me|te|nous) (?:le|la|les)\b|\b(?:le|la|les) (?:lui|leur)\b", 80),
    "clitic behind a command": (r"\w-(?:le|la|les|moi|lui|leur)\b", 40),
    "y": (r"\b[yY] (?!a\b|avait|aura)", 200),
    "en, the pronoun": (r"\ben (?:ai|as|a|avons|ont|aur|av|parl|rêv|souv|mang|ach)|n'en\b", 100),
    "est-ce que": (r"[Ee]st-ce qu", 500),
    "inversion": (r"\w-(?:t-)?(?:il|elle|ils|elles|tu|nous)\b", 400),
    "où": (r"\b[Oo]ù\b", 150),
    "quand": (r"\b[Qq]uand\b", 150),
    "pourquoi": (r"\b[Pp]ourquoi\b", 80),
    "combien de": (r"\b[Cc]ombien d", 80),
    "qui": (r"\bqui\b", 500),
    "dont": (r"\bdont\b", 100),
    "il y a": (r"\b[Ii]l (?:n')?y a", 150),
    "superlative": (r"\b(?:le|la|les) plus \w", 150),
    "comparative": (r"(?:plus|moins|aussi) \w+ qu", 150),
    "beaucoup de, trop de": (r"\b(?:beaucoup|trop) d", 150),
    "être in the perfect": (r"\b(?:suis|es|est|sommes|sont) (?:all|ven|rest|part|arriv)", 300),
    "conditional": (r"\w(?:rais|rait|rions|raient)\b", 200),
    "pluperfect": (r"\bav(?:ais|ait|ions|aient) \w+(?:é|i|u|is|it)e?s?\b", 150),
    "hours": (r"\bheures?\b", 150),
    "year": (r"\b(?:en|janvier|mai|juin|mars) (?:1[89]|20)\d\d\b", 100),
    "age": (r"\b\w+ ans\b", 150),
    "a price of four figures": (r"\b\d{4} euros", 20),
    "weather": (r"\b(?:pleu|neige|fait froid|fait chaud|faisait|y avait du)", 80),
    "avoir in idioms": (r"\b(?:faim|soif|froid|chaud|raison|tort|honte|de la chance)\b", 150),
    "faire in idioms": (r"\b(?:sport|judo|du vélo|de vélo|les courses|la vaisselle)\b", 80),
    "avoir besoin, avoir peur": (r"\b(?:besoin|peur)\b", 150),
    "manquer à": (r"\bmanqu", 100),
    "plaire à": (r"\bpla(?:ît|is|isai|ira|ise)", 100),
    "quotation": (r"«\u202f", 100),
}  # fmt: skip


@pytest.mark.parametrize("name", list(PHENOMENA))
def test_train_shows_it_often_enough(rows: dict[str, list[list[str]]], name: str) -> None:
    pattern, least = PHENOMENA[name]
    assert sum(bool(re.search(pattern, row[1])) for row in rows["train"]) >= least
