"""sacreBLEU's BLEU and the literature's, against figures that the published tools gave.

The 200 hypotheses and references of hypotheses.tsv are the project's own. Their figures:

    sacrebleu REFERENCE -i HYPOTHESIS -w 6          (version 2.6.0), and with -lc
    lowercase.perl | normalize-punctuation.perl -l fr | tokenizer.perl -l fr   (Moses, version 1.1)
    multi-bleu.perl REFERENCE < HYPOTHESIS          (Moses)
"""

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from attnlab.evaluation.metrics import measure
from attnlab.evaluation.moses import moses_tokenise
from attnlab.evaluation.significance import statistics

pytest.importorskip("sacremoses", reason="pip install 'attnlab[moses]' brings Moses' rules")

ROWS = Path(__file__).with_name("hypotheses.tsv").read_text(encoding="utf-8").splitlines()
HYPOTHESES, REFERENCES = zip(*(row.split("\t") for row in ROWS), strict=True)
SACREBLEU, SACREBLEU_LOWERCASE, MULTI_BLEU = 62.070217, 67.367470, 68.0981
PRECISIONS, HYPOTHESIS_TOKENS, REFERENCE_TOKENS = (89.6, 76.6, 65.0, 55.8), 1716, 1779


def test_both_bleus_are_those_of_the_published_tools():
    found = measure("bleu", HYPOTHESES, REFERENCES)
    assert found.score == pytest.approx(SACREBLEU, abs=1e-6)
    assert found.signature == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
    found = measure("bleu", HYPOTHESES, REFERENCES, lowercase=True)
    assert found.score == pytest.approx(SACREBLEU_LOWERCASE, abs=1e-6)
    assert "case:lc" in found.signature
    found = measure("tokenised", HYPOTHESES, REFERENCES, language="fr")
    assert found.score == pytest.approx(MULTI_BLEU, abs=1e-4)
    assert "|case:lc|eff:no|tok:none|smooth:none|" in found.signature
    assert "|moses:fr|sacremoses:" in found.signature
    counts = statistics("tokenised", HYPOTHESES, REFERENCES, language="fr")
    assert counts.corpus_score == pytest.approx(MULTI_BLEU, abs=1e-4)


def test_tokenised_bleu_by_counting():
    hypotheses, references = (moses_tokenise(side, "fr") for side in (HYPOTHESES, REFERENCES))
    lengths = [sum(len(text.split()) for text in side) for side in (hypotheses, references)]
    assert lengths == [HYPOTHESIS_TOKENS, REFERENCE_TOKENS]
    logarithms = []
    for n, printed in enumerate(PRECISIONS, start=1):
        right = total = 0
        for pair in zip(hypotheses, references, strict=True):
            words = [text.split() for text in pair]
            grams = [Counter(zip(*(each[at:] for at in range(n)), strict=False)) for each in words]
            right, total = right + (grams[0] & grams[1]).total(), total + grams[0].total()
        assert 100 * right / total == pytest.approx(printed, abs=0.05)
        logarithms.append(math.log(right / total))
    penalty = math.exp(min(0, 1 - lengths[1] / lengths[0]))
    expected = 100 * penalty * math.exp(sum(logarithms) / 4)
    assert expected == pytest.approx(MULTI_BLEU, abs=1e-4)


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("fr", "L'été est-il là\u202f?", "l&apos; été est-il là ?"),
        ("fr_FR", "Il dit : «\u202fNon.\u202f»", "il dit : &quot; non . &quot;"),
        ("en", "It's Mr. Smith's T-shirt, 50 %.", "it &apos;s mr. smith &apos;s t-shirt , 50 % ."),
    ],
)
def test_tokens_are_those_of_the_scripts(language, text, tokens):
    assert moses_tokenise([text], language) == [tokens]


def test_capitals_alone_are_no_error_in_lower_case():
    texts = ["Le CHAT dort sur le lit."], ["le chat dort sur le lit."]
    for metric in ("bleu", "chrf", "exact"):
        assert measure(metric, *texts).score < 100
        assert measure(metric, *texts, lowercase=True).score == pytest.approx(100)
    assert measure("tokenised", *texts, language="fr").score == pytest.approx(100)


def test_without_sacremoses_its_package_is_named():
    program = (
        "import sys; sys.modules['sacremoses'] = None\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'sacremoses' else find(name)\n"
        "from attnlab.evaluation.moses import require_moses\n"
        "try:\n    require_moses()\nexcept Exception as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "tokenised BLEU needs sacremoses: pip install 'attnlab[moses]'\n"
