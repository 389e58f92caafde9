"""One attention step as a worked example: text of at most 80 columns, to be followed by hand.

What is printed can be recomputed from what is printed above it; `arithmetic.py` sees to that.
"""

import numpy as np

from attnlab.studies.explain.arithmetic import WEIGHT_DIGITS, print_average, print_sums
from attnlab.studies.explain.explanation import Explanation
from attnlab.studies.explain.layout import (
    FEATURES,
    INDENT,
    WIDTH,
    columns,
    fixed,
    lowered,
    named,
    paragraph,
    size_and_norm,
    vector,
    width,
)
from attnlab.studies.explain.normalising import PrintedWeights
from attnlab.studies.explain.weights import print_weights, weights_section

_TERMS = 2  # of a sum, that are printed, if there is room

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
    printed = print_weights(told)
    return "\n\n".join(
        (
            _situation(told),
            _query(told),
            _keys(told),
            _scores(told, printed),
            weights_section(told, printed),
            _context(told),
        )
    )


def _situation(told: Explanation) -> str:
    kind = told.place.kind
    title = [f"{kind} attention" if kind == "cross" else f"{kind} self-attention"]
    if told.place.layers > 1:
        title.append(f"layer {told.place.layer} of {told.place.layers}")
    if told.worked.heads is not None:
        title.append(f"head {told.head} of {told.worked.heads}")
    run = f"model={told.model} score={told.score.name} normaliser={told.normaliser.name}"
    if told.positions != "none":
        run += f" positions={told.positions}"
    lines = [
        " · ".join(title),
        "",
        *named("run", str(told.recipe.run)),
        *named("", told.recipe.trained),
        *named("model", run),
        *named("source", told.source),
        *named("reference" if told.is_reference else "translation", told.target),
        *([] if told.is_reference else named("found by", told.recipe.searched)),
        *named("step", f"{told.step} of {len(told.askers)}: {_ASKS[kind]} {told.asks}"),
    ]
    if kind != "encoder":
        lines += named("read by now", " ".join(told.read[: told.step]))
    if told.also:
        lines += named("", f"(the same word is also at: {', '.join(map(str, told.also))})")
    return "\n".join(lines)


def _query(told: Explanation) -> str:
    worked = told.worked
    lines = ["1. The query q is the question"]
    if worked.heads is not None:
        lines += paragraph(
            f"What is known at this step is projected for each of {worked.heads} heads, and so are "
            f"the keys and the values below: these are head {told.head}'s projections."
        )
    if worked.turned:
        lines += paragraph(
            f"positions={told.positions} has turned the query and the keys by their places already."
        )
    lines.append(f"{INDENT}q  = {vector(worked.query)}   {size_and_norm(worked.query)}")
    if not np.array_equal(worked.query, worked.projected_query):
        lines.append(f"{INDENT}q′ = {vector(worked.projected_query)}")
    return "\n".join(lines)


def _keys(told: Explanation) -> str:
    worked = told.worked
    projected = worked.projected_keys
    projects = told.score.reads_keys and not np.array_equal(worked.keys, projected)
    shown = min(worked.keys.shape[1], 2 if projects else FEATURES)
    cells = {f"k{lowered(n)}": worked.keys[:, n - 1] for n in range(1, shown + 1)}
    cells["‖k‖"] = np.linalg.norm(worked.keys, axis=1)
    if projects:
        cells |= {f"k′{lowered(n)}": projected[:, n - 1] for n in range(1, shown + 1)}
    more = "" if told.score.reads_keys else " The score reads none of them, only their places."
    if told.is_covered:
        moved = "k′" if told.score.reads_keys else "wⱼ, below,"
        more += f" Coverage has moved {moved} by what was looked at in the steps before."
    return "\n".join(
        [
            "2. The keys k are what can be looked at",
            *paragraph(
                f"{len(told.keys)} {_KEYS[told.place.kind]} (▁ begins a word), each with "
                f"{worked.keys.shape[1]} numbers, of which the first {shown} are here.{more}"
            ),
            columns(told.keys, {name: fixed(column, 3) for name, column in cells.items()}),
        ]
    )


def _scores(told: Explanation, printed: PrintedWeights) -> str:
    terms, score = told.worked.terms, told.score
    lines = [f"3. The score says how well a key answers: {score.formula}"]
    if score.parameters:
        lines += paragraph(f"learnt: {', '.join(map(str, score.parameters))}")
    if terms is None:
        return "\n".join(lines)
    lines += paragraph(f"in numbers: {score.working}")
    for shown in range(min(_TERMS, terms.shape[1]), 0, -1):
        table = _sums(told, printed, shown)
        if width(table) <= WIDTH:
            break
    content = "score" if told.worked.bias is None else "content"
    times = "" if score.factor == 1 else f" {content} = {score.factor:.10g} × sum."
    first = "first" if shown == 1 else f"first {shown}"
    lines += paragraph(
        f"The {first} of its {terms.shape[1]} terms, from unrounded numbers, and the others "
        f"together.{times}"
    )
    if told.worked.bias is not None:
        lines += paragraph(
            f"positions={told.positions} adds the bias, which knows of places alone: "
            "score = content + bias."
        )
    return "\n".join([*lines, table])


def _sums(told: Explanation, printed: PrintedWeights, shown: int) -> str:
    """The scores as sums of terms, of which so many are shown."""
    worked, digits = told.worked, printed.digits
    assert worked.terms is not None
    bias = None if worked.bias is None else worked.bias.round(digits)
    content = printed.scores if bias is None else (printed.scores - bias).round(digits)
    sums = print_sums(worked.terms, told.score.factor, content, digits, shown)
    cells = {f"i = {n}": fixed(each, sums.digits) for n, each in enumerate(sums.first.T, 1)}
    cells["others"] = fixed(sums.others, sums.digits)
    if told.score.factor != 1:
        cells["sum"] = fixed(sums.sums, sums.digits)
    if bias is not None:
        cells["content"] = fixed(content, digits)
        cells["bias"] = fixed(bias, digits)
    cells["score"] = fixed(printed.scores, digits)
    return columns(told.keys, cells)


def _context(told: Explanation) -> str:
    worked = told.worked
    size = worked.values.shape[1]
    shown = min(size, FEATURES)
    told_by_positions = np.zeros(size) if worked.told is None else worked.told
    average = print_average(
        worked.weights.round(WEIGHT_DIGITS),
        worked.values[:, :shown],
        (worked.context - told_by_positions)[:shown],
    )
    are_keys = np.array_equal(worked.values, worked.keys)
    values = "The values are the keys themselves" if are_keys else "Behind each key is a value"
    cells = {"weight": fixed(worked.weights, WEIGHT_DIGITS)}
    cells |= {
        f"v{lowered(n)}": fixed(each, average.value_digits)
        for n, each in enumerate(average.values.T, start=1)
    }
    last = [["context", "", *fixed(average.average, average.digits)]]
    what = f"{values}, {size} numbers, of which the first {shown} are here."
    if worked.told is not None:
        added = told_by_positions[:shown].round(average.digits)
        last[0][0] = "average"
        last.append(["positions", "", *fixed(added, average.digits)])
        last.append(["context", "", *fixed(average.average + added, average.digits)])
        what += f" positions={told.positions} adds to their average, too."
    return "\n".join(
        [
            "5. The context is the average of the values v: Σⱼ weightⱼ vⱼ",
            *paragraph(what),
            columns(told.keys, cells, last),
            f"{INDENT}It has {size_and_norm(worked.context)}; the model goes on with it.",
        ]
    )
