"""What Dive into Deep Learning measures its translators by, beside what the field does.

Strings and numbers in, figures out: knows no model. Zhang et al. 2023, "Dive into Deep Learning",
sections 10.7 (sequence to sequence), 11.4 (Bahdanau attention) and 11.7 (the Transformer).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from attnlab.evaluation.metrics import Measured
from attnlab.support.table import table

SENTENCES = ("go .", "i lost .", "he's calm .", "i'm home .")
"""What the book has its models translate, in small letters and with punctuation apart."""

BEST_LOSSES: Mapping[str, float] = {"rnn": 2.54, "bahdanau": 1.39, "transformer": 1.73}
"""The lowest point of the validation curves in the book's figures, by our model's name."""

_COLUMNS = ("sentence", "translation", "book's bleu", "BLEU", "references")

_WHY = """\
The book's bleu is of one sentence, from 0 to 1: p1^(1/2) · p2^(1/4) and a brevity penalty, where p1
is the share of its words that the reference has and p2 that of its pairs of words. Its exponents
sum to 3/4 and look no further than pairs, so a sentence that is half right has about 0.5. BLEU
(Papineni et al. 2002), from 0 to 100, is of a corpus: p1 to p4 are counted over all of it and weigh
1/4 each. That is why the two differ, and why no bleu of the book's stands beside a published BLEU;
BLEU of a single sentence, as in the table, leaves out the n-grams that it is too short for."""

_LOSS = """\
Loss: nats a target token, sentence ends included and padding not, over the validation split; the
book's is the lowest point of its curve, which is the same mean. Words that the vocabulary lacks are
all one token, which is easy to guess and lowers the loss. The book's file of Tatoeba is an older
one, with other sentences and words, so the two are no race: docs/d2l.md says what else differs."""


def book_bleu(hypothesis: Sequence[str], reference: Sequence[str], longest: int = 2) -> float:
    """The book's `bleu` (section 10.7, evaluation of predicted sequences), of words, from 0 to 1.

    `exp(min(0, 1 - r / h)) · Π_n p_n^(1/2ⁿ)` for n from 1 to `longest`, or to the number h of the
    hypothesis's words if that is less; r is that of the reference, and p_n the share of the
    hypothesis's n-grams that the reference has, each as often as it is there.
    """
    if not hypothesis:
        return 0.0
    score = math.exp(min(0.0, 1 - len(reference) / len(hypothesis)))
    for n in range(1, min(longest, len(hypothesis)) + 1):
        said, wanted = _ngrams(hypothesis, n), _ngrams(reference, n)
        score *= ((said & wanted).total() / said.total()) ** (0.5**n)
    return score


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))


def best_book_bleu(
    hypothesis: Sequence[str], references: Sequence[Sequence[str]], longest: int = 2
) -> float:
    """The highest that one of the `references` gives; the book has but one of each sentence."""
    return max(book_bleu(hypothesis, reference, longest) for reference in references)


@dataclass(frozen=True)
class Translated:
    """A sentence, its translation, and as texts and as words all that it may be.

    `references` are none where the corpus has not the sentence: then there is no score either.
    """

    source: str
    hypothesis: str
    references: tuple[str, ...]
    hypothesis_words: tuple[str, ...] = field(repr=False)
    reference_words: tuple[tuple[str, ...], ...] = field(repr=False)

    def book_bleu(self) -> float | None:
        """The book's score, from 0 to 1."""
        if not self.references:
            return None
        return best_book_bleu(self.hypothesis_words, self.reference_words)

    def bleu(self) -> float | None:
        """BLEU of the sentence by sacreBLEU, from 0 to 100, capitals and small letters alike.

        Where there are no n-grams of some length, it leaves that length out (effective order).
        """
        if not self.references:
            return None
        scorer = BLEU(effective_order=True, lowercase=True)
        return float(scorer.sentence_score(self.hypothesis, list(self.references)).score)


def corpus_bleu(translated: Sequence[Translated]) -> Measured:
    """BLEU of several sentences as one corpus by sacreBLEU, with the first reference of each."""
    scorer = BLEU(lowercase=True)
    hypotheses = [each.hypothesis for each in translated]
    score = scorer.corpus_score(hypotheses, [[each.references[0] for each in translated]])
    return Measured(float(score.score), str(scorer.get_signature()))


@dataclass(frozen=True)
class BookReport:
    """A run beside the book's: losses, the four sentences, and a corpus's two scores.

    `unknown`: the share of the validation split's target tokens that are unknown. `recipe`:
    what the translations follow from, as a line of text, and `origin` the same as values.
    """

    model: str
    best_loss: float
    last_loss: float
    unknown: float
    sentences: tuple[Translated, ...]
    validation: tuple[Translated, ...]
    recipe: str
    origin: Mapping[str, Any]

    def _scores(self) -> tuple[float, Measured]:
        found = [each.book_bleu() or 0.0 for each in self.validation]
        return sum(found) / len(found), corpus_bleu(self.validation)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and strings; scores in the units of each."""
        book, measured = self._scores()
        return {
            "model": self.model,
            "loss": {
                "best": self.best_loss,
                "last": self.last_loss,
                "book_best": BEST_LOSSES[self.model],
                "unknown_share": self.unknown,
            },
            "sentences": [
                {
                    "source": each.source,
                    "hypothesis": each.hypothesis,
                    "references": list(each.references),
                    "book_bleu": each.book_bleu(),
                    "bleu": each.bleu(),
                }
                for each in self.sentences
            ],
            "validation": {
                "sentences": len(self.validation),
                "book_bleu": book,
                "bleu": {"score": measured.score, "signature": measured.signature},
            },
            **self.origin,
        }

    def __str__(self) -> str:
        book, measured = self._scores()
        losses = table(
            ["validation loss", "best", "last epoch"],
            [
                [f"model={self.model}", f"{self.best_loss:.2f}", f"{self.last_loss:.2f}"],
                ["the book", f"{BEST_LOSSES[self.model]:.2f}", ""],
            ],
        )
        rows = [
            [
                each.source,
                each.hypothesis,
                _number(each.book_bleu(), 3),
                _number(each.bleu(), 1),
                " / ".join(each.references) or "the file has no such sentence",
            ]
            for each in self.sentences
        ]
        count = len(self.validation)
        return "\n\n".join(
            (
                f"{losses}\n{self.unknown:.0%} of the validation targets' tokens are unknown.",
                _left_aligned(
                    ["sentence", "translation", "book's bleu", "BLEU", "references"], rows
                ),
                f"the {count} validation pairs: book's bleu {book:.3f} (mean of sentences) · "
                f"BLEU {measured.score:.1f}\n{self.recipe}\n{measured.signature}",
                _LOSS,
                _WHY,
            )
        )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _left_aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of texts, which a table of figures would put at the right."""
    lines = [list(headings), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
