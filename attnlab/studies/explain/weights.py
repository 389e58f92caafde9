"""The part of a worked example that leads from scores to weights, by whichever normaliser."""

from collections.abc import Iterable

import numpy as np

from attnlab.studies.explain.arithmetic import WEIGHT_DIGITS
from attnlab.studies.explain.explanation import Explanation
from attnlab.studies.explain.layout import columns, fixed, in_brackets_if_negative, paragraph
from attnlab.studies.explain.normalising import (
    PrintedEntmax,
    PrintedSoftmax,
    PrintedWeights,
    digits_for_window,
    print_entmax,
    print_plain,
    print_softmax,
)


def print_weights(told: Explanation) -> PrintedWeights:
    """How the scores become weights, before any window, in as few digits as lead there."""
    worked, chosen = told.worked, told.normaliser
    digits = WEIGHT_DIGITS
    if worked.window is not None:
        digits = digits_for_window(worked.normalised, worked.window)
    if chosen.temperature is not None:
        temperature = float(f"{chosen.temperature:.10g}")  # as it is printed
        return print_softmax(worked.scores, worked.visible, worked.normalised, temperature, digits)
    if chosen.entmax_alpha in (1.5, 2.0):
        return print_entmax(
            worked.scores, worked.visible, worked.normalised, chosen.entmax_alpha, digits
        )
    return print_plain(worked.scores, worked.normalised, digits)


def weights_section(told: Explanation, printed: PrintedWeights) -> str:
    """Section 4: what the mask hides, and the normaliser step by step."""
    worked = told.worked
    steps, cells, sums = _steps(told, printed)
    how = [_mask(told), steps]
    weights = fixed(printed.weights, printed.weight_digits)
    if worked.window is not None:
        how.append("The window then multiplies what is left, and no sum is made 1 again.")
        cells["before it"] = weights
        cells["window"] = fixed(worked.window, printed.weight_digits)
        weights = fixed(worked.weights, WEIGHT_DIGITS)
    table = {
        "score": fixed(printed.scores, printed.digits),
        "mask": ["visible" if each else "hidden" for each in worked.visible],
        **cells,
        "weight": weights,
    }
    last = [["sum", *(sums.get(name, "") for name in table)]] if sums else []
    return "\n".join(
        [
            f"4. Mask and {told.normaliser.name} make weights of the scores: "
            f"{told.normaliser.formula}",
            *paragraph(" ".join(how)),
            columns(told.keys, table, last),
        ]
    )


def _mask(told: Explanation) -> str:
    hidden = int((~told.worked.visible).sum())
    if not hidden:
        return "The mask hides none of the keys."
    why = ""
    if told.place.kind == "decoder":
        why = ": nothing looks at a word that is still to be said"
    elif told.worked.window is not None:
        why = ": they stand outside of the window"
    return f"The mask hides {hidden} of the keys{why}."


Steps = tuple[str, dict[str, list[str]], dict[str, str]]
"""In words; columns by their names, of visible keys; and sums of some of them."""


def _steps(told: Explanation, printed: PrintedWeights) -> Steps:
    if isinstance(printed, PrintedSoftmax):
        return _softmax(told, printed)
    if isinstance(printed, PrintedEntmax):
        return _entmax(told, printed)
    return f"normaliser={told.normaliser.name} does not say its steps.", {}, {}


def _softmax(told: Explanation, printed: PrintedSoftmax) -> Steps:
    visible, digits = told.worked.visible, printed.digits
    cells, minuend, temperature = {}, "score", ""
    if printed.temperature != 1:
        minuend = "score/τ"
        temperature = f"The temperature τ is {printed.temperature:.10g}. "
        cells["score/τ"] = _where(visible, fixed(printed.tempered, digits))
    greatest = in_brackets_if_negative(printed.tempered[visible].max(initial=-np.inf), digits)
    cells["difference"] = _where(visible, fixed(printed.differences, digits))
    cells["exp"] = _where(visible, fixed(printed.exponentials, digits))
    steps = (
        f"{temperature}difference = {minuend} − {greatest}, the greatest that is visible; that "
        "changes no weight and keeps exp small. weight = exp(difference) / sum."
    )
    return steps, cells, {"exp": f"{printed.sum:.{digits}f}"}


def _entmax(told: Explanation, printed: PrintedEntmax) -> Steps:
    visible, digits = told.worked.visible, printed.scaled_digits
    threshold = fixed([printed.threshold], digits)[0]
    cells = {}
    count = printed.support
    greatest = "The greatest z is" if count == 1 else f"The {count} greatest z are"
    if printed.alpha == 2:
        found = (
            f"z is the score. {greatest} above the threshold τ = (their sum − 1) / {count} = "
            f"{threshold}, and no other z is"
        )
        power = "weight = z − τ where that is above 0"
    else:
        cells["z"] = _where(visible, fixed(printed.scaled, digits))
        mean, spread = fixed([printed.mean, printed.spread], digits)
        found = (
            f"z = score / 2. {greatest} above the threshold τ, and no other z is: their mean is "
            f"m = {mean}, Σ(z − m)² = S = {spread}, and τ = m − √((1 − S) / {count}) = {threshold}"
        )
        power = "weight = (z − τ)² where z is above τ"
    without = int((visible & (told.worked.normalised == 0)).sum())
    cells["z − τ"] = [
        each if seen and above else ("≤ 0" if seen else "")
        for each, above, seen in zip(
            fixed(printed.excess, digits), printed.excess > 0, visible, strict=True
        )
    ]
    steps = (
        f"{found}. {power}; the weights then sum to 1, and {without} of the visible keys get "
        "exactly none."
    )
    return steps, cells, {}


def _where(visible: Iterable[bool], cells: list[str]) -> list[str]:
    return [cell if seen else "" for seen, cell in zip(visible, cells, strict=True)]
