"""Do the weights of a figure explain what was said? The line under it that says how far.

`measures.py` has what is measured.
"""

from collections.abc import Sequence

from attnlab.evaluate.inspected import Inspected
from attnlab.inspection.choice import Choice
from attnlab.run.loaded import LoadedRun
from attnlab.studies.faithfulness.agreement import Head
from attnlab.studies.faithfulness.job import measure_agreement
from attnlab.studies.faithfulness.sentence import faithfulness_line, sentence_faithfulness
from attnlab.support.errors import UsageError

_SENTENCES = 100  # of the split, to compare with; a few seconds
_BATCH_TOKENS = 2048


class Explained:
    """Tells it of figures of `choices`; measures the first sentences of `split` when made.

    Raises:
        UsageError: there is no cross-attention among the choices, or a mean of it that was never
            one layer's whole attention.
    """

    def __init__(self, trained: LoadedRun, choices: Sequence[Choice], split: str) -> None:
        self._choice = _measurable(choices)
        self._trained, self._split = trained, split
        self._of_split = measure_agreement(
            trained, split, count=_SENTENCES, batch_tokens=_BATCH_TOKENS
        )

    def __call__(self, sentence: Inspected) -> str:
        """For the figure of that sentence: its own agreement, and that of the split."""
        found = sentence_faithfulness(self._trained, sentence, _BATCH_TOKENS)
        shown = _shown(self._choice, sentence)
        return faithfulness_line(found, self._of_split, self._split, shown)


def _measurable(choices: Sequence[Choice]) -> Choice:
    of_cross = [choice for choice in choices if choice.kind == "cross"]
    if not of_cross:
        raise UsageError("--faithfulness is of words of the source; choose --kind cross")
    (choice,) = of_cross
    if "layers" in choice.average:
        raise UsageError(
            "--faithfulness is of a head, or of the mean of a layer's heads; leave out "
            "--average layers"
        )
    if choice.average and choice.heads:
        raise UsageError(
            "--faithfulness is of a head, or of the mean of all of a layer's heads; leave out "
            "--head or --average heads"
        )
    return choice


def _shown(choice: Choice, sentence: Inspected) -> list[Head]:
    there = [(each.layer, each.head) for each in sentence.maps if each.kind == "cross"]
    several = len({head for _, head in there}) > 1
    chosen = [
        Head(layer, None if choice.average and several else head)
        for layer, head in there
        if layer in (choice.layers or [layer]) and head in (choice.heads or [head])
    ]
    return list(dict.fromkeys(chosen))
