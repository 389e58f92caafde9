"""The book's bleu by hand arithmetic, and what is printed of it."""

import math

import pytest
from sacrebleu import sentence_bleu

from attnlab.studies.book.figures import (
    SENTENCES,
    BookReport,
    Translated,
    best_book_bleu,
    book_bleu,
    corpus_bleu,
)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("A B C D", "A B C D", 1.0),
        # The book's own example: p1 = 4/5, p2 = 3/4 (p3 = 1/3 has no part), and no brevity.
        ("A B B C D", "A B C D E F", math.exp(1 - 6 / 5) * (4 / 5) ** 0.5 * (3 / 4) ** 0.25),
        ("A B", "A B C D E F", math.exp(1 - 6 / 2)),  # the book: only two words, all of them right
        ("A A A", "A B", (1 / 3) ** 0.5 * 0),  # each word counts as often as it is in the reference
        ("A", "A B", math.exp(-1)),  # no pairs, so no p2
        ("A B C D E", "A X C Y E", (3 / 5) ** 0.5 * 0.0),
        ("", "A", 0.0),
    ],
)
def test_by_hand(hypothesis, reference, expected):
    assert book_bleu(hypothesis.split(), reference.split()) == pytest.approx(expected)


def test_n_grams_up_to_the_length_that_is_asked_for():
    words, reference = ["A", "B", "B", "C", "D"], ["A", "B", "C", "D", "E", "F"]
    brevity = math.exp(1 - 6 / 5)
    assert book_bleu(words, reference, longest=1) == pytest.approx(brevity * (4 / 5) ** 0.5)
    of_three = brevity * (4 / 5) ** 0.5 * (3 / 4) ** 0.25 * (1 / 3) ** 0.125
    assert book_bleu(words, reference, longest=3) == pytest.approx(of_three)


def test_the_best_of_several_references():
    assert best_book_bleu(["va", "!"], [["bouge", "!"], ["va", "!"]]) == 1.0


def translated(source, hypothesis, *references):
    words = [tuple(text.lower().split()) for text in (hypothesis, *references)]
    return Translated(source, hypothesis, references, words[0], tuple(words[1:]))


def test_a_sentence_without_references_has_no_scores():
    alone = translated("he's calm .", "il dort .")
    assert (alone.book_bleu(), alone.bleu()) == (None, None)


def test_bleu_of_a_sentence_is_that_of_sacrebleu_whatever_its_capitals():
    found = translated("i'm home .", "je suis gros .", "Je suis chez moi .", "Me voilà .")
    expected = sentence_bleu(
        found.hypothesis, list(found.references), lowercase=True, use_effective_order=True
    )
    assert found.bleu() == pytest.approx(expected.score)
    assert translated("go .", "va !", "Va !").bleu() == pytest.approx(100.0)


def test_the_report_has_both_scores_and_the_reason():
    sentences = (
        translated(SENTENCES[0], "va !", "Va !", "Bouge !"),
        translated(SENTENCES[2], "il dort ."),
    )
    validation = (translated("a", "je suis ici .", "je suis ici ."), translated("b", "non", "oui"))
    report = BookReport("rnn", 1.25, 2.5, 0.25, sentences, validation, "greedy", {"run": "it"})
    values = report.as_json()
    assert values["loss"] == {"best": 1.25, "last": 2.5, "book_best": 2.54, "unknown_share": 0.25}
    assert [each["book_bleu"] for each in values["sentences"]] == [1.0, None]
    assert values["validation"]["book_bleu"] == 0.5
    assert values["run"] == "it"
    assert values["validation"]["bleu"]["score"] == corpus_bleu(validation).score
    text = str(report)
    for shown in ("2.54", "1.25", "25%", "the file has no such sentence", "Va ! / Bouge !"):
        assert shown in text
    assert max(map(len, text.splitlines())) <= 100
