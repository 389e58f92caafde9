"""One attention step as text of at most 80 columns, to be checked with a calculator.

Each section is computed as a `Section` and rendered by `render`; each number follows from the
numbers printed above it (`rounding.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attnlab.studies.explain.rounding import (
    WEIGHT_DIGITS,
    RoundedWeights,
    decimals_for_window,
    fixed,
    round_average,
    round_entmax,
    round_scores,
    round_softmax,
    round_sums,
)
from attnlab.studies.explain.step import Explanation
from attnlab.support.table import table

_WIDTH, _INDENT = 80, "   "
_FEATURES = 4  # printed of a vector
_TERMS = 2  # printed of a sum, if they fit
_LONGEST_KEY = 12
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_KEYS = {
    "cross": "pieces of the source",
    "encoder": "pieces of the source",
    "decoder": "pieces of the target, of this step and of later ones, too",
}


@dataclass(kw_only=True)
class Section:
    """A heading, paragraphs, and a table with a row a key; `totals` are further rows.

    `before` and `after` the table are lines that are printed as they are.
    """

    heading: str
    paragraphs: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    totals: list[list[str]] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def worked_example(explanation: Explanation) -> str:
    """The inputs, and five sections: query, keys, scores, weights and context."""
    rounded = _round(explanation)
    sections = (
        _query(explanation),
        _keys(explanation),
        _scores(explanation, rounded),
        _weights(explanation, rounded),
        _context(explanation),
    )
    rendered = (
        render(section, number, explanation.keys) for number, section in enumerate(sections, 1)
    )
    return "\n\n".join((_inputs(explanation), *rendered))


def render(section: Section, number: int, keys: Sequence[str]) -> str:
    """The section as text, its table with the `keys` as row labels."""
    lines = [f"{number}. {section.heading}"]
    for paragraph in section.paragraphs:
        lines += wrap(paragraph, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    lines += [_INDENT + line for line in section.before]
    if section.columns:
        lines += _table(section, keys)
    return "\n".join([*lines, *(_INDENT + line for line in section.after)])


def _table(section: Section, keys: Sequence[str]) -> list[str]:
    labels = (
        f"{n} {key if len(key) <= _LONGEST_KEY else f'{key[: _LONGEST_KEY - 1]}…'}"
        for n, key in enumerate(keys, start=1)
    )
    rows = [list(row) for row in zip(labels, *section.columns.values(), strict=True)]
    text = table(["key", *section.columns], [*rows, *section.totals])
    return [_INDENT + line for line in text.splitlines()]


def _inputs(explanation: Explanation) -> str:
    """The attention, the run, the sentence and the step."""
    kind, config = explanation.kind, explanation.config
    title = [f"{kind} attention" if kind == "cross" else f"{kind} self-attention"]
    if explanation.layers > 1:
        title.append(f"layer {explanation.layer} of {explanation.layers}")
    if explanation.arrays.heads is not None:
        title.append(f"head {explanation.head} of {explanation.arrays.heads}")
    model = f"model={config.model.name} score={config.score.name} "
    model += f"normaliser={config.normaliser.name}"
    if config.positions.name != "none":
        model += f" positions={config.positions.name}"
    step = f"{explanation.step} of {len(explanation.queries)}: "
    step += "source piece" if kind == "encoder" else "the decoder predicts"
    facts = [
        ("run", str(explanation.recipe.run)),
        ("", explanation.recipe.trained),
        ("model", model),
        ("source", explanation.source),
        ("reference" if explanation.is_reference else "translation", explanation.target),
        *([] if explanation.is_reference else [("found by", explanation.recipe.searched)]),
        ("step", f"{step} {explanation.piece}"),
    ]
    if kind != "encoder":
        facts.append(("prefix", " ".join(explanation.prefix[: explanation.step])))
    if explanation.repeats:
        steps = ", ".join(map(str, explanation.repeats))
        facts.append(("", f"(the same word is also at step {steps})"))
    lines = [" · ".join(title), ""]
    for name, value in facts:
        lines += wrap(value, _WIDTH, initial_indent=f"{name:<13}", subsequent_indent=" " * 13)
    return "\n".join(lines)


def _query(explanation: Explanation) -> Section:
    arrays, heads = explanation.arrays, explanation.arrays.heads
    section = Section(heading="Query q")
    if heads is not None:
        section.paragraphs.append(
            f"Queries, keys and values are projected for each of {heads} heads; these are the "
            f"projections of head {explanation.head}."
        )
    if explanation.arrays.rotated:
        section.paragraphs.append(
            f"positions={explanation.config.positions.name} has already rotated query and keys by "
            "their positions."
        )
    section.before.append(f"q  = {_vector(arrays.query)}   {_size_and_norm(arrays.query)}")
    if not np.array_equal(arrays.query, arrays.projected_query):
        section.before.append(f"q′ = {_vector(arrays.projected_query)}")
    return section


def _keys(explanation: Explanation) -> Section:
    keys, projected = explanation.arrays.key_vectors, explanation.arrays.projected_keys
    reads_keys = explanation.score.reads_keys
    projects = reads_keys and not np.array_equal(keys, projected)
    shown = min(keys.shape[1], 2 if projects else _FEATURES)
    columns = {f"k{_subscript(n)}": keys[:, n - 1] for n in range(1, shown + 1)}
    columns["‖k‖"] = np.linalg.norm(keys, axis=1)
    if projects:
        columns |= {f"k′{_subscript(n)}": projected[:, n - 1] for n in range(1, shown + 1)}
    about = (
        f"{len(keys)} {_KEYS[explanation.kind]} (▁ begins a word), each with {keys.shape[1]} "
        f"features, of which the first {shown} are printed."
    )
    if not reads_keys:
        about += " The score reads their positions only."
    if explanation.covers:
        moved = "k′" if reads_keys else "wⱼ, below"
        about += f" Coverage, the sum of the weights of earlier steps, is part of {moved}."
    return Section(
        heading="Keys k",
        paragraphs=[about],
        columns={name: fixed(column, 3) for name, column in columns.items()},
    )


def _round(explanation: Explanation) -> RoundedWeights:
    """Scores, weights before any window, and the normaliser's steps between them."""
    arrays, alpha = explanation.arrays, explanation.normaliser.entmax_alpha
    decimals = WEIGHT_DIGITS
    if arrays.window is not None:
        decimals = decimals_for_window(arrays.normalised, arrays.window)
    scores, visible, weights = arrays.scores, arrays.visible, arrays.normalised
    if explanation.temperature is not None:
        temperature = float(f"{explanation.temperature:.10g}")  # as it is printed
        return round_softmax(scores, visible, weights, temperature, decimals)
    if alpha in (1.5, 2.0):
        return round_entmax(scores, visible, weights, alpha, decimals)
    return round_scores(scores, weights, decimals)


def _scores(explanation: Explanation, rounded: RoundedWeights) -> Section:
    score, terms = explanation.score, explanation.arrays.terms
    bias = explanation.arrays.bias
    section = Section(heading=f"Scores: {score.formula}")
    if explanation.parameters:
        parameters = (_parameter(name, each) for name, each in explanation.parameters.items())
        section.paragraphs.append(f"learnt: {', '.join(parameters)}")
    if terms is None:
        return section
    section.paragraphs.append(f"computed as {score.working}")
    for shown in range(min(_TERMS, terms.shape[1]), 0, -1):
        section.columns = _sums(explanation, rounded, shown)
        if max(map(len, _table(section, explanation.keys))) <= _WIDTH:
            break
    first = "first" if shown == 1 else f"first {shown}"
    about = (
        f"The {first} of {terms.shape[1]} terms, from unrounded numbers, and the sum of the others."
    )
    if score.factor != 1:
        content = "score" if bias is None else "content"
        about += f" {content} = {score.factor:.10g} × sum."
    section.paragraphs.append(about)
    if bias is not None:
        section.paragraphs.append(
            f"positions={explanation.config.positions.name} adds a bias that depends on the "
            "positions only: score = content + bias."
        )
    return section


def _sums(explanation: Explanation, rounded: RoundedWeights, shown: int) -> dict[str, list[str]]:
    """Columns of the scores as sums of terms, `shown` of which have a column of their own."""
    arrays, factor = explanation.arrays, explanation.score.factor
    assert arrays.terms is not None
    decimals = rounded.decimals
    bias = None if arrays.bias is None else arrays.bias.round(decimals)
    content = rounded.scores if bias is None else (rounded.scores - bias).round(decimals)
    sums = round_sums(arrays.terms, factor, content, decimals, shown)
    columns = {f"i = {n}": fixed(each, sums.decimals) for n, each in enumerate(sums.first.T, 1)}
    columns["others"] = fixed(sums.others, sums.decimals)
    if factor != 1:
        columns["sum"] = fixed(sums.sums, sums.decimals)
    if bias is not None:
        columns["content"] = fixed(content, decimals)
        columns["bias"] = fixed(bias, decimals)
    columns["score"] = fixed(rounded.scores, decimals)
    return columns


def _weights(explanation: Explanation, rounded: RoundedWeights) -> Section:
    arrays, normaliser = explanation.arrays, explanation.config.normaliser.name
    columns = {
        "score": fixed(rounded.scores, rounded.decimals),
        "mask": ["visible" if each else "masked" for each in arrays.visible],
    }
    for name, step in rounded.steps.items():
        cells = fixed(step, rounded.step_decimals)
        if name == "z − τ":
            cells = [cell if above else "≤ 0" for cell, above in zip(cells, step > 0, strict=True)]
        columns[name] = [
            cell if visible else "" for cell, visible in zip(cells, arrays.visible, strict=True)
        ]
    weights = fixed(rounded.weights, rounded.weight_decimals)
    about = f"{_mask(explanation)} {_normaliser_steps(explanation, rounded)}"
    if arrays.window is not None:
        about += " The window then multiplies the weights, which need no longer sum to 1."
        columns["normalised"] = weights
        columns["window"] = fixed(arrays.window, rounded.weight_decimals)
        weights = fixed(arrays.weights, WEIGHT_DIGITS)
    columns["weight"] = weights
    totals = []
    if "sum" in rounded.numbers:
        (total,) = fixed([rounded.numbers["sum"]], rounded.decimals)
        totals = [["sum", *(total if name == "exp" else "" for name in columns)]]
    return Section(
        heading=f"Weights: mask, then {normaliser}: {explanation.normaliser.formula}",
        paragraphs=[about],
        columns=columns,
        totals=totals,
    )


def _mask(explanation: Explanation) -> str:
    masked = int((~explanation.arrays.visible).sum())
    if not masked:
        return "No key is masked."
    why = ""
    if explanation.kind == "decoder":
        why = ": those of later positions"
    elif explanation.arrays.window is not None:
        why = ": those outside the window"
    return f"{masked} of the keys {'is' if masked == 1 else 'are'} masked{why}."


def _normaliser_steps(explanation: Explanation, rounded: RoundedWeights) -> str:
    """Text on the columns between scores and weights."""
    if not rounded.steps:
        return f"The steps of normaliser={explanation.config.normaliser.name} are not printed."
    if "exp" in rounded.steps:
        minuend, temperature = "score", ""
        if "score/τ" in rounded.steps:
            minuend = "score/τ"
            temperature = f"The temperature τ is {explanation.temperature:.10g}. "
        (greatest,) = fixed([rounded.numbers["greatest"]], rounded.decimals)
        if greatest.startswith("-"):
            greatest = f"({greatest})"
        return (
            f"{temperature}difference = {minuend} − {greatest}, the greatest visible one, which "
            "leaves the weights as they are and keeps exp from overflowing. weight = "
            "exp(difference) / sum."
        )
    count = int(rounded.numbers["support"])
    names = ("mean", "spread", "threshold")
    mean, spread, threshold = fixed(
        (rounded.numbers[name] for name in names), rounded.step_decimals
    )
    greatest = "The greatest z exceeds" if count == 1 else f"The {count} greatest z exceed"
    if "z" in rounded.steps:
        found = (
            f"z = score / 2. {greatest} the threshold τ: with their mean m = {mean} and S = Σ(z − "
            f"m)² = {spread}, τ = m − √((1 − S) / {count}) = {threshold}"
        )
        weight = "weight = (z − τ)² where z > τ"
    else:
        found = f"z = score. {greatest} the threshold τ = (their sum − 1) / {count} = {threshold}"
        weight = "weight = z − τ where z > τ"
    zeros = int((explanation.arrays.visible & (explanation.arrays.normalised == 0)).sum())
    return (
        f"{found}. {weight}, which sums to 1; {zeros} of the visible keys get a weight of exactly "
        "0."
    )


def _context(explanation: Explanation) -> Section:
    arrays = explanation.arrays
    values = arrays.value_vectors
    shown = min(values.shape[1], _FEATURES)
    output = arrays.position_output
    added = np.zeros(values.shape[1]) if output is None else output
    average = round_average(
        arrays.weights.round(WEIGHT_DIGITS),
        values[:, :shown],
        (arrays.context - added)[:shown],
    )
    columns = {"weight": fixed(arrays.weights, WEIGHT_DIGITS)}
    columns |= {
        f"v{_subscript(n)}": fixed(each, average.value_decimals)
        for n, each in enumerate(average.values.T, start=1)
    }
    totals = [["context", "", *fixed(average.average, average.decimals)]]
    same = np.array_equal(values, arrays.key_vectors)
    about = "The values are the keys" if same else "Each key has a value"
    about += f"; {values.shape[1]} features, of which the first {shown} are printed."
    if output is not None:
        by_position = added[:shown].round(average.decimals)
        totals[0][0] = "average"
        totals.append(["positions", "", *fixed(by_position, average.decimals)])
        totals.append(["context", "", *fixed(average.average + by_position, average.decimals)])
        about += f" positions={explanation.config.positions.name} adds to the average."
    return Section(
        heading="Context: the average of the values v, Σⱼ weightⱼ vⱼ",
        paragraphs=[about],
        columns=columns,
        totals=totals,
        after=[f"It has {_size_and_norm(arrays.context)}, and is the output of this attention."],
    )


def _parameter(symbol: str, value: Tensor) -> str:
    if value.dim() == 0:
        return f"{symbol} = {value.item():g}"
    return f"{symbol} ({' × '.join(map(str, value.shape))})"


def _vector(x: NDArray[Any]) -> str:
    return f"({', '.join(fixed(x[:_FEATURES], 3))}{', …' if len(x) > _FEATURES else ''})"


def _size_and_norm(x: NDArray[Any]) -> str:
    return f"{len(x)} features, norm {np.linalg.norm(x):.3f}"


def _subscript(number: int) -> str:
    return str(number).translate(_SUBSCRIPTS)
