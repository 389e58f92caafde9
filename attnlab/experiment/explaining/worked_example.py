"""One attention step as a worked example: text of at most 80 columns, to be followed by hand.

What is printed can be recomputed from what is printed above it; `arithmetic.py` sees to that.
"""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.experiment.explaining.explanation import Explanation
from attnlab.inspection.arithmetic import (
    WEIGHT_DIGITS,
    PrintedSoftmax,
    print_average,
    print_softmax,
    print_sums,
)
from attnlab.table import table

_WIDTH, _INDENT = 80, "   "
_FEATURES, _TERMS = 4, 2  # of a vector, and of a sum, that are printed
_LONGEST_KEY = 12
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

_ASKS = {
    "cross": "the decoder asks, about to say",
    "decoder": "the decoder asks, about to say",
    "encoder": "the encoder asks, at its piece",
}
_KEYS = {
    "cross": "pieces of the source",
    "encoder": "pieces of the source",
    "decoder": "pieces of the target, read by now or still to be read",
}


def worked_example(told: Explanation) -> str:
    """The whole of it: what is asked, of what, the scores, the weights and the context."""
    worked = told.worked
    softmax = print_softmax(worked.scores, worked.visible, worked.weights)
    return "\n\n".join(
        (
            _situation(told),
            _query(told),
            _keys(told),
            _scores(told, softmax),
            _softmax(told, softmax),
            _context(told, softmax),
        )
    )


def _situation(told: Explanation) -> str:
    kind = told.place.kind
    title = [f"{kind} attention" if kind == "cross" else f"{kind} self-attention"]
    if told.place.layers > 1:
        title.append(f"layer {told.place.layer} of {told.place.layers}")
    if told.worked.heads is not None:
        title.append(f"head {told.head} of {told.worked.heads}")
    lines = [
        " · ".join(title),
        "",
        *_named("run", f"model={told.model} score={told.score}"),
        *_named("source", told.source),
        *_named("reference" if told.is_reference else "translation", told.target),
        *_named("step", f"{told.step} of {len(told.askers)}: {_ASKS[kind]} {told.asks}"),
    ]
    if kind != "encoder":
        lines += _named("read by now", " ".join(told.read[: told.step]))
    if told.also:
        lines += _named("", f"(the same word is also at: {', '.join(map(str, told.also))})")
    return "\n".join(lines)


def _query(told: Explanation) -> str:
    worked = told.worked
    lines = ["1. The query q is the question"]
    if worked.heads is not None:
        lines += _paragraph(
            f"What is known at this step is projected for each of {worked.heads} heads, and so are "
            f"the keys and the values below: these are head {told.head}'s projections."
        )
    lines.append(f"{_INDENT}q  = {_vector(worked.query)}   {_size_and_norm(worked.query)}")
    if not np.array_equal(worked.query, worked.projected_query):
        lines.append(f"{_INDENT}q′ = {_vector(worked.projected_query)}")
    return "\n".join(lines)


def _keys(told: Explanation) -> str:
    worked = told.worked
    projects = not np.array_equal(worked.keys, worked.projected_keys)
    shown = min(worked.keys.shape[1], 2 if projects else _FEATURES)
    columns = {f"k{_lowered(n)}": worked.keys[:, n - 1] for n in range(1, shown + 1)}
    columns["‖k‖"] = np.linalg.norm(worked.keys, axis=1)
    if projects:
        columns |= {
            f"k′{_lowered(n)}": worked.projected_keys[:, n - 1] for n in range(1, shown + 1)
        }
    return "\n".join(
        [
            "2. The keys k are what can be looked at",
            *_paragraph(
                f"{len(told.keys)} {_KEYS[told.place.kind]} (▁ begins a word), each with "
                f"{worked.keys.shape[1]} numbers, of which the first {shown} are here."
            ),
            _columns(told, {name: _fixed(column, 3) for name, column in columns.items()}),
        ]
    )


def _scores(told: Explanation, softmax: PrintedSoftmax) -> str:
    lines = [f"3. The score says how well a key answers: {told.formula}"]
    if told.parameters:
        lines += _paragraph(f"learnt: {', '.join(map(str, told.parameters))}")
    terms = told.worked.terms
    if terms is None:
        return "\n".join(lines)
    lines += _paragraph(f"in numbers: {told.working}")
    times = "" if told.factor == 1 else f" score = {told.factor:.10g} × sum."
    lines += _paragraph(
        f"The first {_TERMS} of its {terms.shape[1]} terms, from unrounded numbers, and the others "
        f"together.{times}"
    )
    sums = print_sums(terms, told.factor, softmax.scores, softmax.digits, _TERMS)
    columns = {f"i = {n}": _fixed(each, sums.digits) for n, each in enumerate(sums.first.T, 1)}
    columns["others"] = _fixed(sums.others, sums.digits)
    if told.factor != 1:
        columns["sum"] = _fixed(sums.sums, sums.digits)
    columns["score"] = _fixed(softmax.scores, softmax.digits)
    return "\n".join([*lines, _columns(told, columns)])


def _softmax(told: Explanation, softmax: PrintedSoftmax) -> str:
    visible, digits = told.worked.visible, softmax.digits
    hidden = int((~visible).sum())
    mask = (
        f"The mask hides {hidden} of the keys: nothing looks at a word that is still to be said."
        if hidden
        else "The mask hides none of the keys."
    )
    greatest = f"{softmax.scores[visible].max(initial=-np.inf):.{digits}f}"
    if greatest.startswith("-"):
        greatest = f"({greatest})"
    columns = {
        "score": _fixed(softmax.scores, digits),
        "mask": ["visible" if each else "hidden" for each in visible],
        "difference": _where(visible, _fixed(softmax.differences, digits)),
        "exp": _where(visible, _fixed(softmax.exponentials, digits)),
        "weight": _fixed(softmax.weights, WEIGHT_DIGITS),
    }
    return "\n".join(
        [
            "4. Mask and softmax make weights of the scores",
            *_paragraph(
                f"{mask} difference = score − {greatest}, the greatest that is visible; "
                "that changes no weight and keeps exp small. weight = exp(difference) / sum."
            ),
            _columns(told, columns, ["sum", "", "", "", f"{softmax.sum:.{digits}f}", ""]),
        ]
    )


def _context(told: Explanation, softmax: PrintedSoftmax) -> str:
    worked = told.worked
    size = worked.values.shape[1]
    shown = min(size, _FEATURES)
    average = print_average(softmax.weights, worked.values[:, :shown], worked.context[:shown])
    are_keys = np.array_equal(worked.values, worked.keys)
    values = "The values are the keys themselves" if are_keys else "Behind each key is a value"
    columns = {"weight": _fixed(softmax.weights, WEIGHT_DIGITS)}
    columns |= {
        f"v{_lowered(n)}": _fixed(each, average.value_digits)
        for n, each in enumerate(average.values.T, start=1)
    }
    return "\n".join(
        [
            "5. The context is the average of the values v: Σⱼ weightⱼ vⱼ",
            *_paragraph(f"{values}, {size} numbers, of which the first {shown} are here."),
            _columns(told, columns, ["context", "", *_fixed(average.average, average.digits)]),
            f"{_INDENT}It has {_size_and_norm(worked.context)}; the model goes on with it.",
        ]
    )


def _columns(
    told: Explanation, columns: dict[str, list[str]], last: Sequence[str] | None = None
) -> str:
    """A table with a row a key, and a `last` one."""
    names = [f"{n} {_cut(key)}" for n, key in enumerate(told.keys, start=1)]
    rows = [list(cells) for cells in zip(names, *columns.values(), strict=True)]
    lines = table(["key", *columns], rows if last is None else [*rows, last]).splitlines()
    return "\n".join(_INDENT + line for line in lines)


def _named(name: str, text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=f"{name:<13}", subsequent_indent=" " * 13)


def _paragraph(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _vector(x: NDArray[Any]) -> str:
    more = ", …" if len(x) > _FEATURES else ""
    return f"({', '.join(_fixed(x[:_FEATURES], 3))}{more})"


def _size_and_norm(x: NDArray[Any]) -> str:
    return f"{len(x)} numbers, norm {np.linalg.norm(x):.3f}"


def _fixed(numbers: Iterable[float], digits: int) -> list[str]:
    # Adding 0 makes 0 of -0.
    return [f"{round(float(number), digits) + 0.0:.{digits}f}" for number in numbers]


def _where(visible: Iterable[bool], cells: list[str]) -> list[str]:
    return [cell if seen else "" for seen, cell in zip(visible, cells, strict=True)]


def _cut(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else f"{key[: _LONGEST_KEY - 1]}…"


def _lowered(number: int) -> str:
    return str(number).translate(_LOWERED)
