"""Tokenised BLEU as the literature on Multi30k prints it: of lower-cased text cut up by Moses.

The text is lower-cased, its punctuation normalised and then tokenised by the rules of Moses for
its language (Koehn et al. 2007), hyphens left in words, as Multi30k's own `lc.norm.tok` files are;
the score is that of multi-bleu.perl: 4-grams of the corpus, no smoothing. sacremoses is a port of
Moses' scripts. They differ where a curly apostrophe stands before an accented letter, which the
scripts, reading bytes, turn into a quotation mark.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec

from sacrebleu.metrics.bleu import BLEU

from attnlab.support.errors import UsageError


def require_moses() -> None:
    """Refuse tokenised BLEU where sacremoses is not installed.

    Raises:
        UsageError: it is not.
    """
    if find_spec("sacremoses") is None:
        raise UsageError("tokenised BLEU needs sacremoses: pip install 'attnlab[moses]'")


def moses_tokenise(texts: Sequence[str], language: str) -> list[str]:
    """The tokens of each of `texts`, joined by spaces; `language` is a code such as fr or fr_FR.

    Moses has rules of its own for about thirty languages, and treats others as English.
    """
    require_moses()
    from sacremoses import MosesPunctNormalizer, MosesTokenizer

    code = re.split(r"[-_.@ ]", language.lower())[0]
    normaliser, tokeniser = MosesPunctNormalizer(lang=code), MosesTokenizer(lang=code)
    normalised = (normaliser.normalize(text.lower()) for text in texts)
    return [str(tokeniser.tokenize(text, return_str=True)) for text in normalised]


def tokenised_scorer() -> BLEU:
    """The BLEU of multi-bleu.perl, for texts as `moses_tokenise` cuts them up."""
    # Without force, sacreBLEU warns of tokenised text.
    return BLEU(lowercase=True, force=True, tokenize="none", smooth_method="none")


def tokenised_bleu(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], language: str
) -> tuple[float, str]:
    """BLEU of texts as `moses_tokenise` cuts them up, from 0 to 100, and its signature."""
    require_moses()
    import sacremoses

    used = tokenised_scorer()
    cut = [moses_tokenise(texts, language) for texts in (hypotheses, *references)]
    score = float(used.corpus_score(cut[0], cut[1:]).score)
    return score, f"{used.get_signature()}|moses:{language}|sacremoses:{sacremoses.__version__}"
