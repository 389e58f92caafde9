"""How good are translations? sacreBLEU's metrics, each with the signature it was measured by.

Texts are scored as they are given: a score equals that of the `sacrebleu` command on the same
files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU, BLEUScore
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from attnlab.data.words import lacks_spaces

NAMES = {"bleu": "BLEU", "chrf": "chrF2", "ter": "TER", "exact": "exact match"}
"""BLEU: Papineni et al. 2002. chrF: Popović 2015. TER: Snover et al. 2006 (lower is better)."""

_ORDER = 4  # of the longest n-grams that BLEU counts
_BY_SPACES = ("13a", "intl", "none")


@dataclass(frozen=True)
class Measured:
    """A score from 0 to 100 (TER: from 0, without end), and the signature it was measured by.

    `remark`: why the score says less than it seems to, if it does.
    """

    score: float
    signature: str
    remark: str | None = None


def scorer(metric: str, tokeniser: str = "13a") -> Metric:
    """SacreBLEU's `metric` by a `tokeniser` of BLEU's; TER then splits Chinese characters, too."""
    if metric == "bleu":
        return BLEU(tokenize=tokeniser)
    if metric == "chrf":
        return CHRF()
    splits = tokeniser in ("zh", "ja-mecab", "char")
    return TER(normalized=splits, asian_support=splits)


def measure(
    metric: str, hypotheses: Sequence[str], *references: Sequence[str], tokeniser: str = "13a"
) -> Measured:
    """The corpus's `metric`, one of `NAMES`, of detokenised texts.

    Each of `references` has one reference for each hypothesis.
    """
    for each in references:
        if len(hypotheses) != len(each):
            raise ValueError(f"{len(hypotheses)} hypotheses for {len(each)} references")
    if metric == "exact":
        return Measured(exact_match(hypotheses, *references), "% of sentences, to the letter")
    used = scorer(metric, tokeniser)
    # One list of references for each hypothesis set: a bare list would silently score 0.
    score = used.corpus_score(list(hypotheses), list(map(list, references)))
    remark = None
    if isinstance(score, BLEUScore):
        remark = _remark_on_bleu(score, hypotheses, references, tokeniser)
    elif isinstance(used, TER) and lacks_spaces(map(used.tokenizer, references[0])):
        remark = "TER counts what spaces separate, and these references are written without them"
    return Measured(float(score.score), str(used.get_signature()), remark)


def bleu_remark(references: Sequence[str], tokeniser: str) -> str | None:
    """Why BLEU says little with these references, whatever the translations, if that is so."""
    if tokeniser in _BY_SPACES and lacks_spaces(references):
        return (
            f"tok:{tokeniser} finds words between spaces, and these references are written without "
            "them: choose bleu_tokeniser=zh (Chinese), ja-mecab, ko-mecab or char"
        )
    tokenise = BLEU(tokenize=tokeniser).tokenizer
    if all(len(tokenise(text).split()) < _ORDER for text in references):
        return (
            "BLEU counts four tokens in a row, and no reference is that long: see chrF2 and exact "
            "match (stopping.metric=chrf)"
        )
    return None


def _remark_on_bleu(
    score: BLEUScore,
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    tokeniser: str,
) -> str | None:
    """Why BLEU says little of these translations, if that is so."""
    if remark := bleu_remark(references[0], tokeniser):
        return remark
    if score.score or not CHRF().corpus_score(list(hypotheses), list(map(list, references))).score:
        return None
    if not score.totals[-1]:
        return (
            "BLEU is 0 because no translation is four tokens long, and it counts four in a row: "
            "see chrF2 and exact match"
        )
    return (
        f"BLEU is 0 because no whole token of tok:{tokeniser} is right, though parts of some are: "
        "see chrF2"
    )


def exact_match(hypotheses: Sequence[str], *references: Sequence[str]) -> float:
    """The share, in per cent, of hypotheses that equal a reference of theirs to the letter.

    White space at the end does not count, as in sacreBLEU; nor does a line that is blank in all.
    """
    stripped = [[text.rstrip() for text in texts] for texts in (hypotheses, *references)]
    rows = zip(*stripped, strict=True)
    return percentage([h in wanted for h, *wanted in rows if h or any(wanted)])


def holds_word(text: str, word: str) -> bool:
    """Whether `word` stands in `text`, as a whole word, in capitals or not."""
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
    return found is not None


def percentage(outcomes: Sequence[bool]) -> float:
    """The share of those that are true, in per cent.

    Raises:
        ValueError: there are none.
    """
    if not outcomes:
        raise ValueError("nothing to take a share of")
    return 100.0 * sum(outcomes) / len(outcomes)
