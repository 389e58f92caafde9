"""Study of a run beside Dive into Deep Learning's own: its losses, four sentences, and scores.

Zhang et al. 2023, sections 10.7 (sequence to sequence), 11.4 (Bahdanau attention) and 11.7 (the
Transformer).
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from attnlab.data.corpus import find_files, load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.reading.files import read_files
from attnlab.data.reading.lines import normalise
from attnlab.data.tokens import UNKNOWN
from attnlab.evaluation.metrics import Measured
from attnlab.run.layout import METRICS
from attnlab.run.loaded import LoadedRun
from attnlab.run.metrics import recorded_validations
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.table import table
from attnlab.training.selection import LOSS

SENTENCES = ("go .", "i lost .", "he's calm .", "i'm home .")
"""The sentences that the book translates, in small letters and with punctuation apart."""

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
    """The book's sentence `bleu` of words, from 0 to 1 (section 10.7).

    `exp(min(0, 1 - r / h)) · Π_n p_n^(1/2ⁿ)` for n from 1 to min(`longest`, h), where h and r are
    the lengths of hypothesis and reference, and p_n is the clipped n-gram precision.
    """
    if not hypothesis:
        return 0.0
    score = math.exp(min(0.0, 1 - len(reference) / len(hypothesis)))
    for n in range(1, min(longest, len(hypothesis)) + 1):
        found, wanted = _ngrams(hypothesis, n), _ngrams(reference, n)
        score *= ((found & wanted).total() / found.total()) ** (0.5**n)
    return score


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))


def best_book_bleu(
    hypothesis: Sequence[str], references: Sequence[Sequence[str]], longest: int = 2
) -> float:
    """The highest `book_bleu` over the `references`; the book has one of each sentence."""
    return max(book_bleu(hypothesis, reference, longest) for reference in references)


@dataclass(frozen=True)
class Translated:
    """A sentence, its translation and its references, if the corpus has any, as text and words."""

    source: str
    hypothesis: str
    references: tuple[str, ...]
    hypothesis_words: tuple[str, ...] = field(repr=False)
    reference_words: tuple[tuple[str, ...], ...] = field(repr=False)

    def book_bleu(self) -> float | None:
        """The book's score, from 0 to 1; None without references."""
        return (
            best_book_bleu(self.hypothesis_words, self.reference_words) if self.references else None
        )

    def bleu(self) -> float | None:
        """Sentence BLEU by sacreBLEU, from 0 to 100: case-insensitive, of effective order."""
        if not self.references:
            return None
        scorer = BLEU(effective_order=True, lowercase=True)
        return float(scorer.sentence_score(self.hypothesis, list(self.references)).score)


def corpus_bleu(translated: Sequence[Translated]) -> Measured:
    """Corpus BLEU by sacreBLEU, case-insensitive, with the first reference of each."""
    scorer = BLEU(lowercase=True)
    hypotheses = [each.hypothesis for each in translated]
    score = scorer.corpus_score(hypotheses, [[each.references[0] for each in translated]])
    return Measured(float(score.score), str(scorer.get_signature()))


@dataclass(frozen=True)
class BookReport:
    """A run beside the book's: losses, the four sentences, and both scores of a split.

    `unknown`: the fraction of unknown tokens in the validation targets. `recipe`: the settings of
    search as a line of text; `origin`: the same as JSON values.
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
        """The object that `attnlab eval --book --json` prints."""
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
                table(_COLUMNS, rows, left=len(_COLUMNS)),
                f"the {count} validation pairs: book's bleu {book:.3f} (mean of sentences) · "
                f"BLEU {measured.score:.1f}\n{self.recipe}\n{measured.signature}",
                _LOSS,
                _WHY,
            )
        )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


SETTINGS = ("checkpoint=last", "search=greedy")
"""The book's settings: the weights after the last epoch, and greedy search."""


def with_book_settings(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command, with `SETTINGS` for those that it leaves open."""
    named = {argument.partition("=")[0] for argument in arguments}
    return [*arguments, *(each for each in SETTINGS if each.partition("=")[0] not in named)]


def book_report(trained: LoadedRun) -> BookReport:
    """Compare the run's losses and translations with the book's; references are its corpus's.

    Raises:
        UsageError: the book has no model of this kind.
        AttnlabError: the corpus has none of the book's sentences, or the run was not validated.
    """
    run, data = trained.run, trained.run.config.data
    model = run.config.model.name
    if model not in BEST_LOSSES:
        raise UsageError(
            f"--book: the book trains no model={model}; it has: {', '.join(BEST_LOSSES)}"
        )
    references = _references(trained)
    losses = [
        found.scores[LOSS]
        for found in recorded_validations(run.folder).values()
        if LOSS in found.scores
    ]
    if not losses:
        raise AttnlabError(f"{run.folder}: {METRICS} has no valid/{LOSS} to put beside the book's")
    pairs = load_split(data, run.config.seed, "valid")
    target = trained.vocabulary.target
    tokens = [token for ids in target.encode_many([p.target for p in pairs]) for token in ids]
    return BookReport(
        model=model,
        best_loss=min(losses),
        last_loss=losses[-1],
        unknown=tokens.count(UNKNOWN) / (len(tokens) + len(pairs)),  # with an end each
        sentences=_translated(trained, [(each, references[each]) for each in SENTENCES]),
        validation=_translated(trained, [(pair.source, [pair.reference]) for pair in pairs]),
        recipe=str(trained.recipe),
        origin=trained.recipe.as_json(),
    )


def _references(trained: LoadedRun) -> dict[str, list[str]]:
    """All translations of each of the book's sentences in the corpus."""
    data = trained.run.config.data
    pairs: list[SentencePair] = []
    if (data.source_language, data.target_language) == ("en", "fr"):
        pairs, _ = read_files(find_files(data, data.train))
    found: dict[str, list[str]] = {sentence: [] for sentence in SENTENCES}
    asked = {_key(sentence): sentence for sentence in SENTENCES}
    for pair in pairs:
        if sentence := asked.get(_key(pair.source)):
            found[sentence].append(pair.reference)
    if not any(found.values()):
        raise AttnlabError(
            f"{trained.run.folder}: --book is for runs on Tatoeba's English and French, and "
            f"data={data.name} has none of the book's sentences; train experiment=d2l_seq2seq, "
            "d2l_bahdanau or d2l_transformer, after `attnlab data get tatoeba` or with data.root="
        )
    return found


def _key(text: str) -> str:
    """The same for the book's spelling and the file's: no capitals, no space before punctuation."""
    return re.sub(r"\s+(?=[,.!?])", "", text.lower())


def _translated(
    trained: LoadedRun, asked: Sequence[tuple[str, Sequence[str]]]
) -> tuple[Translated, ...]:
    def words(text: str) -> tuple[str, ...]:
        return tuple(trained.vocabulary.target.rewritten(normalise(text)).split())

    found = trained.translator.translate([source for source, _ in asked])
    return tuple(
        Translated(
            source=source,
            hypothesis=each.text,
            references=tuple(dict.fromkeys(references)),
            hypothesis_words=words(each.text),
            reference_words=tuple(map(words, references)),
        )
        for each, (source, references) in zip(found, asked, strict=True)
    )
