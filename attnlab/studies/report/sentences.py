"""The same few sentences by each setting, with heatmaps of where each word looked."""

from collections.abc import Sequence

from attnlab.evaluate.comparison import Row
from attnlab.evaluate.sentences import Inspected, inspect_sentences
from attnlab.inspection.drawing import TRANSLATION, Choice, choose_maps, panel
from attnlab.plotting import Figure
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.run.loaded import load_run
from attnlab.studies.report.document import Block, Drawn, Figures, Table, Text
from attnlab.studies.report.gathered import Gathered
from attnlab.support.errors import AttnlabError, UsageError, described

_LENGTHS = (6, 9, 12)
"""Source words of the sentences that are shown where none is asked for."""


def chosen_numbers(sources: Sequence[str]) -> list[int]:
    """Numbers, from 1, of the first sentence of each of `_LENGTHS`; else of the first ones."""
    lengths = [len(source.split(" ")) for source in sources]
    found = [lengths.index(length) + 1 for length in _LENGTHS if length in lengths]
    rest = (number for number in range(1, len(sources) + 1) if number not in found)
    while len(found) < min(len(_LENGTHS), len(sources)):
        found.append(next(rest))
    return sorted(found)


def sentences(found: Gathered, numbers: Sequence[int]) -> list[Block]:
    """Translations of the sentences `numbers` of the first split, and a heatmap of each.

    Every setting is shown by its first seed.

    Raises:
        UsageError: there is no such sentence.
    """
    split = found.wanted.splits[0]
    texts = found.runs[0].splits[split]
    numbers = numbers or chosen_numbers(texts.sources)
    for number in numbers:
        if not 1 <= number <= len(texts.sources):
            raise UsageError(
                f"--sentence {number}: {split} has sentences 1 to {len(texts.sources):,}"
            )
    maps: dict[str, list[Figure | None]] = {}
    remarks = []
    for row in found.comparison.rows:
        maps[found.label(row)], remark = _maps(found, row, split, numbers)
        remarks += [Text(remark)] if remark else []
    blocks: list[Block] = []
    for at, number in enumerate(numbers):
        source, reference = texts.sources[number - 1], texts.references[0][number - 1]
        said = [
            [found.label(row), row.runs[0].splits[split].hypotheses[number - 1]]
            for row in found.comparison.rows
        ]
        rows = [["reference", reference], *said]
        blocks.append(Table(f"{split}, sentence {number}: {source}", ["", "text"], rows, 2))
        drawn = [
            Drawn(
                f"sentence-{number}-{row + 1}",
                f"Sentence {number} by {label}: where each word of the translation looked",
                figure,
            )
            for row, (label, of_row) in enumerate(maps.items())
            if (figure := of_row[at]) is not None
        ]
        blocks += [Figures(drawn)] if drawn else []
    seeds = len({run.seed for run in found.runs}) > 1
    if seeds:
        remarks.append(Text("Each setting is shown by its first seed.", quiet=True))
    if any(figure is not None for of_row in maps.values() for figure in of_row):
        remarks.append(
            Text(
                "Darker is a higher attention weight, from 0 to 1; on a dark page, lighter. Where "
                "the translation is the reference, words that the gold alignment links are "
                "outlined.",
                quiet=True,
            )
        )
    return [*blocks, *remarks]


def _maps(
    found: Gathered, row: Row, split: str, numbers: Sequence[int]
) -> tuple[list[Figure | None], str]:
    """A heatmap of each sentence by the row's first run, or none and why."""
    run, label = row.runs[0], found.label(row)
    figures = found.attention.get((run.summary.folder, split))
    head = None if figures is None else figures.shown
    if head is None:
        nothing: list[Figure | None] = [None] * len(numbers)
        if figures is not None and not figures.heads:
            return nothing, f"{label} has no attention, and so no heatmap."
        return nothing, f"{label} has no heatmap: its attention was not measured."
    choice = Choice(kind="cross", layers=(head.layer,), heads=(head.head,))
    several = (
        len([each for each in figures.heads if each.kind == "cross"]) > 1 if figures else False
    )
    title = f"{label} · layer {head.layer} head {head.head}" if several else label
    try:
        trained = load_run(run.summary.folder, found.wanted.config)
        inspected = list(inspect_sentences(trained, split=split, numbers=numbers))
    except (AttnlabError, OSError) as error:
        return [None] * len(numbers), f"{label} has no heatmap: {described(error)}"
    return [_heatmap(each, choice, title) for each in inspected], ""


def _heatmap(inspected: Inspected, choice: Choice, title: str) -> Figure:
    (shown,) = choose_maps(inspected.maps, choice)
    return draw_heatmaps([panel(shown, TRANSLATION, inspected.gold, title)], colour_bar=False)
