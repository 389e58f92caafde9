"""Metrics by hand, and signatures that say how."""

import math
from importlib.util import find_spec

import pytest

from attnlab.evaluation.metrics import (
    choose_tokeniser,
    exact_match,
    holds_word,
    measure,
    percentage,
    require_tokeniser,
    tokeniser_of,
)
from attnlab.support.errors import UsageError


def test_bleu_by_hand():
    # 13a tokens: hypothesis "a b c d e f ." against "a b c d x f ."
    # 1-grams 6/7, 2-grams 4/6, 3-grams 2/5 ("a b c", "b c d"), 4-grams 1/4 ("a b c d");
    # equally long, so no brevity penalty
    expected = 100 * math.exp(sum(math.log(p) for p in (6 / 7, 4 / 6, 2 / 5, 1 / 4)) / 4)
    found = measure("bleu", ["a b c d e f."], ["a b c d x f."])
    assert found.score == pytest.approx(expected)
    assert found.signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")


def test_ter_by_hand():
    # one substitution in four words
    assert measure("ter", ["a b c d"], ["a b x d"]).score == pytest.approx(25.0)


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter"])
def test_perfect_and_of_a_plain_number(metric):
    texts = ["Le chat dort sur le lit .", "Il ne l'a pas vu , hier ."]
    found = measure(metric, texts, texts)
    assert found.score == pytest.approx(0.0 if metric == "ter" else 100.0)
    assert type(found.score) is float


def test_no_break_spaces_count_as_spaces():
    assert measure("bleu", ["Où vas - tu donc\u202f?"], ["Où vas - tu donc ?"]).score > 99.9


@pytest.mark.parametrize(("tokeniser", "warnings"), [("none", 0), ("13a", 1)])
def test_tokenised_text_is_warned_of_unless_it_is_said_to_be(tokeniser, warnings, caplog):
    texts = [f"le chat numéro {number} dort ." for number in range(101)]
    assert measure("bleu", texts, texts, tokeniser=tokeniser).score == pytest.approx(100)
    assert sum("tokenized period" in each.message for each in caplog.records) == warnings


@pytest.mark.parametrize(
    ("tokeniser", "languages"),
    [
        ("zh", "zh zh_TW zh-Hans zho_Hant cmn yue-HK Chinese"),
        ("ja-mecab", "ja ja-JP jpn_Jpan"),
        ("ko-mecab", "ko kor_Hang ko_KR.UTF-8"),
        ("char", "th tha_Thai lo km my-MM bo dz shn_Mymr"),
        ("13a", "fr en-GB zh-Latn zho_Latn sr-Cyrl sr_Latn target hu vi"),
    ],
)
def test_the_tokeniser_follows_from_the_language(tokeniser, languages):
    assert {tokeniser_of(language) for language in languages.split()} == {tokeniser}


@pytest.mark.parametrize(("language", "module"), [("ja", "MeCab"), ("ko", "mecab_ko")])
def test_japanese_and_korean_by_words_where_that_is_installed(language, module):
    if find_spec(module) is None:
        assert choose_tokeniser("auto", language) == "char"
        with pytest.raises(UsageError, match=rf'pip install "sacrebleu\[{language}\]"'):
            require_tokeniser(f"{language}-mecab")
    else:
        assert choose_tokeniser("auto", language) == f"{language}-mecab"
        require_tokeniser(f"{language}-mecab")
    with pytest.raises(UsageError, match="bleu_tokeniser=words is none of: auto, 13a"):
        choose_tokeniser("words", language)


@pytest.mark.parametrize(
    ("metric", "tokeniser", "hypothesis", "reference", "remark"),
    [
        (
            "bleu",
            "13a",
            "狗在喝水。",
            "狗在喝水。",
            "choose bleu_tokeniser=zh",
        ),
        ("bleu", "13a", "le chat", "le chat", "no reference is that long"),
        ("bleu", "13a", "le chat", "le chat dort ici .", "no translation is four tokens long"),
        ("bleu", "13a", "chats noir blancs gris", "chat noirs blanc griss", "no whole token"),
        ("ter", "char", "แมวกินปลา", "แมวกินปลาใหญ่", "TER counts what spaces separate"),
        ("bleu", "zh", "狗在喝水。", "狗在喝水。", None),
        ("bleu", "13a", "我 喜欢 红色 的 车 。", "我 喜欢 红色 的 车 。", None),
        ("bleu", "13a", "xyz xyz xyz xyz xyz", "le chat dort ici .", None),
        ("ter", "zh", "狗在喝水。", "狗在吃水。", None),
    ],
)
def test_a_score_of_little_meaning_has_a_remark(metric, tokeniser, hypothesis, reference, remark):
    found = measure(metric, [hypothesis] * 3, [reference] * 3, tokeniser=tokeniser).remark
    assert found is None if remark is None else remark in found


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="1 hypotheses for 2 references"):
        measure("bleu", ["a"], ["a", "b"])


def test_exact_match():
    assert exact_match(["a", "b", "c", "d"], ["a", "x", "c", "y"]) == 50.0


def test_a_word_is_found_whole_and_in_capitals():
    assert holds_word("L'écureuil mange.", "écureuil")
    assert holds_word("Écureuil !", "écureuil")
    assert not holds_word("Les écureuils mangent.", "écureuil")
    assert not holds_word("", "écureuil")


def test_a_share_of_nothing_is_refused():
    assert percentage([True, False, False, False]) == 25.0
    with pytest.raises(ValueError, match="nothing"):
        percentage([])
