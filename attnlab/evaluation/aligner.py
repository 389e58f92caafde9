"""An external aligner to compare attention with: fast_align, which an optional package brings.

Dyer et al. 2013: IBM Model 2 with links that prefer the diagonal, learnt from the sentence pairs
alone. Tokens in, links out. Knows no model and no files but its own temporary ones.
"""

import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from attnlab.evaluation.alignment import Links
from attnlab.support.errors import AttnlabError

ALIGNER = "fast_align"
_PACKAGE = "systran_align"
_FIRST_WITHOUT = (3, 12)  # of Python's versions, the first that nobody builds the package for
_SIDES = " ||| "  # between the two sides of a line

TokenPair = tuple[Sequence[str], Sequence[str]]
"""The tokens of a source sentence, and those of its translation."""


def aligner_missing() -> str | None:
    """Why there is no aligner here and how to get it; None where there is one."""
    if find_spec(_PACKAGE) is not None:
        return None
    if sys.version_info >= _FIRST_WITHOUT:
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"not to be had for Python {running}: use Python 3.11, pip install 'attnlab[align]'"
    return "not installed: pip install 'attnlab[align]'"


def align(pairs: Sequence[TokenPair], training: Sequence[TokenPair]) -> list[Links]:
    """The links of each of `pairs`, symmetrised from both directions.

    fast_align learns while it aligns: it sees `training` and `pairs` together. Case does not
    count. A pair with an empty side has no links.

    Raises:
        AttnlabError: where the package is not installed.
    """
    missing = aligner_missing()
    if missing is not None:
        raise AttnlabError(f"{ALIGNER} is {missing}")
    import systran_align

    prepared = [(_prepare(source), _prepare(target)) for source, target in (*training, *pairs)]
    lines = [
        f"{' '.join(source)}{_SIDES}{' '.join(target)}\n"
        for source, target in prepared
        if source and target
    ]
    if not lines:
        return [frozenset() for _ in pairs]
    with tempfile.TemporaryDirectory(prefix="attnlab-align-") as folder:
        text, forward, backward = (Path(folder) / name for name in ("text", "forward", "backward"))
        text.write_text("".join(lines), encoding="utf-8")
        systran_align.generate_alignment_probabilities(
            str(text),
            str(forward),
            str(backward),
            # What its authors advise: -d -o -v.
            favor_diagonal=True,
            optimize_tension=True,
            variational_bayes=True,
            beam_threshold=-100.0,  # a logarithm: keep all probabilities, and not the best alone
        )
        aligner = systran_align.Aligner(str(forward), str(backward))
    evaluated = prepared[len(training) :]
    whole = [index for index, (source, target) in enumerate(evaluated) if source and target]
    sources, targets = ([list(evaluated[index][side]) for index in whole] for side in (0, 1))
    found = dict(zip(whole, aligner.align_batch(sources, targets), strict=True))
    return [
        frozenset((int(source), int(target)) for source, target in found[index]["alignments"])
        if index in found
        else frozenset()
        for index in range(len(pairs))
    ]


def _prepare(tokens: Sequence[str]) -> list[str]:
    """Lower case; and no token may look like the mark between the two sides."""
    return [token.lower().replace("|||", "|") for token in tokens]
