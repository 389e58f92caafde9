"""What each special split holds that train does not, and that it keeps what it promises."""

from collections import Counter

from attnlab.grammar import tokenise_english, tokenise_french
from attnlab.grammar.lexicon import MEN, WOMEN, nouns, rare_nouns


def test_dense_is_dense(rows: dict[str, list[list[str]]]) -> None:
    """Two words in five or more are names or numbers; in test, far fewer."""

    def share(name: str) -> float:
        tokens = [token for row in rows[name] for token in tokenise_english(row[0])[1:]]
        return sum(token.isdigit() or token[0].isupper() for token in tokens) / len(tokens)

    assert share("test_dense") > 2.5 * share("test")


def test_minimal_pairs_differ_in_one_token(rows: dict[str, list[list[str]]]) -> None:
    kinds: Counter[str] = Counter()
    for _, right, _, tags, wrong in rows["test_agree"]:
        tokens = tokenise_french(right), tokenise_french(wrong)
        assert sum(one != other for one, other in zip(*tokens, strict=True)) == 1
        kinds.update(tag for tag in tags.split(",") if tag.startswith("agree-"))
    assert set(kinds) == {"agree-verb", "agree-adjective", "agree-participle"}
    assert min(kinds.values()) > 150


def test_a_tempting_noun_stands_before_what_agrees(rows: dict[str, list[list[str]]]) -> None:
    """Another noun, of the other gender or number, stands between the first noun and the fault."""
    known = {noun.french.split()[0]: (noun.gender, False) for noun in nouns()}
    known |= {noun.french_plural.split()[0]: (noun.gender, True) for noun in nouns()}
    known |= dict.fromkeys(WOMEN, ("f", False)) | dict.fromkeys(MEN, ("m", False))
    alike = {noun.french for noun in nouns() if noun.french == noun.french_plural}
    checked = 0
    for _, right, _, _, wrong in rows["test_agree"]:
        tokens, others = tokenise_french(right), tokenise_french(wrong)
        fault = next(place for place, token in enumerate(tokens) if token != others[place])
        heads = [known[token] for token in tokens[:fault] if token in known]
        # "ours" and "tapis" do not say whether they are one or many.
        if len(heads) > 1 and not alike & set(tokens):
            assert set(heads[1:]) - {heads[0]}, right
            checked += 1
    assert checked > 800


def test_rare_words_are_shown_as_often_as_they_say(rows: dict[str, list[list[str]]]) -> None:
    shown: Counter[str] = Counter()
    for name in ("train", "fewshot"):
        for noun, times in rare_nouns():
            forms = {noun.english, noun.english_plural}
            found = [row for row in rows[name]
                     if forms & {token.lower() for token in tokenise_english(row[0])}]  # fmt: skip
            if name == "train":
                assert len(found) == times, noun.english
            assert len(found) >= 1
            assert all(f"shown-{times}" in row[3].split(",") for row in found)
            shown[name] += len(found)
    assert shown == {"train": 5 * (1 + 2 + 4 + 8 + 16 + 32), "fewshot": 1_000}
