"""The parts of a report: what stands where, from what was gathered of the sweep."""

from collections.abc import Iterator, Sequence
from statistics import mean, stdev
from typing import Any

from attnlab.evaluate.attention import SENTENCES
from attnlab.evaluate.comparison_table import cells, explanation
from attnlab.evaluation.metrics import NAMES
from attnlab.studies.report import figures
from attnlab.studies.report.claim import Finding, Published, Verdict
from attnlab.studies.report.document import (
    Block,
    Document,
    Drawn,
    Figures,
    Items,
    Judged,
    Section,
    Table,
    Text,
)
from attnlab.studies.report.figures import GroupScores
from attnlab.studies.report.gathered import FEWEST, Gathered
from attnlab.studies.report.repeating import repeating
from attnlab.studies.report.sentences import sentences

_ALIKE = ("test", "test_long")
"""Splits of the built-in corpus that differ in length alone: scores by length pool them."""


def compose_report(
    found: Gathered,
    findings: Sequence[Finding],
    names: Sequence[str],
    numbers: Sequence[int],
    typed: Sequence[str],
) -> Document:
    """The report of a sweep called `names`, with the sentences `numbers`.

    `typed`: the arguments of its command.
    """
    claim = found.wanted.claim
    title = claim.question if claim is not None else f"Report of {', '.join(names)}"
    lead: list[Block] = []
    if claim is not None and claim.claim:
        lead.append(Text(claim.claim))
    lead += [Judged(each.expectation.says, each.verdict, each.numbers) for each in findings]
    parts: list[tuple[str, list[Block]]] = []
    if claim is not None and claim.published is not None:
        parts.append(("Published", _published(claim.published)))
    parts += [
        ("Scores", _scores(found)),
        ("Learning curves", _curves(found)),
        ("By source length", _lengths(found)),
        ("By phenomenon", _phenomena(found)),
        ("Alignment error", _alignment(found)),
        ("Head entropies", _entropies(found)),
        ("The same sentences", sentences(found, numbers)),
    ]
    if findings:
        parts.append(("How verdicts are made", _sums(findings)))
    if found.notes:
        parts.append(("Notes", [Items(found.notes)]))
    parts.append(("To repeat it", repeating(found.runs, typed)))
    return Document(title, lead, [Section(name, blocks) for name, blocks in parts])


def _sums(findings: Sequence[Finding]) -> list[Block]:
    """What a verdict is, and the sums that each rests on."""
    seeds = sorted({seed for each in findings for seed in each.sums}, key=str)
    rows = []
    for each in findings:
        by_seed = [f"{each.sums[seed]:+.2f}" if seed in each.sums else "" for seed in seeds]
        interval = each.interval
        rows.append(
            [
                each.expectation.says,
                each.expectation.metric,
                *by_seed,
                f"{each.mean:+.2f}" if each.sums else "",
                f"{interval[0]:+.2f} to {interval[1]:+.2f}" if interval else "",
            ]
        )
    head = ["expectation", "metric", *(f"seed {seed}" for seed in seeds), "mean", "95 % interval"]
    return [
        Text(
            "A verdict is on a weighted sum of mean scores that the claim says is above 0. It is "
            "computed for each seed: reproduced, if the 95 % t-interval of its mean over seeds is "
            "above 0; contradicted, if it is below; else not decided. One seed has no interval, "
            "and so no verdict."
        ),
        Table("The sum of each expectation, by seed", head, rows, 2),
        Items(
            [
                f"{each.expectation.says}: {'; '.join(map(str, each.expectation.terms))}"
                for each in findings
            ]
        ),
    ]


def verdict_lines(findings: Sequence[Finding]) -> list[str]:
    """A line for each expectation, and one that counts them."""
    lines = [f"{each.expectation.says}: {each}" for each in findings]
    counts = {verdict: sum(each.verdict is verdict for each in findings) for verdict in Verdict}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return [*lines, f"{len(findings)} expectations: {counted}"] if findings else []


def _published(published: Published) -> list[Block]:
    columns = [_cells(column) for column in zip(*published.rows, strict=True)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    blocks: list[Block] = [Table(published.source, published.columns, rows)]
    return [*blocks, Text(published.note)] if published.note else blocks


def _cells(column: Sequence[Any]) -> list[str]:
    """A column as text, its numbers with as many decimals as that with the most."""
    decimals = [len(str(each).partition(".")[2]) for each in column if isinstance(each, float)]
    return [
        f"{each:.{max(decimals)}f}"
        if isinstance(each, float)
        else ""
        if each is None
        else str(each)
        for each in column
    ]


def _scores(found: Gathered) -> list[Block]:
    comparison = found.comparison
    left = len(comparison.baseline.settings) or 1
    tables: list[Block] = [
        Table(f"{NAMES[metric]} of {split}", *cells(comparison, split, metric), left)
        for split in comparison.splits
        for metric in comparison.metrics
    ]
    tables += _accuracies(found)
    return [*tables, *(Text(line, quiet=True) for line in explanation(comparison))]


def _accuracies(found: Gathered) -> Iterator[Block]:
    """What splits ask for besides a translation: the likelier version, the word looked for."""
    for split in found.comparison.splits:
        for name, what in (
            ("contrast", "sentences whose reference is likelier than the wrong version beside it"),
            ("focus", "sentences whose translation holds the word asked for"),
        ):
            groups = dict.fromkeys(
                group for run in found.runs for group in run.splits[split].accuracies[name]
            )
            if groups:
                rows = [
                    [
                        found.label(row),
                        *(
                            _spread(
                                [
                                    run.splits[split].accuracies[name][group]
                                    for run in row.runs
                                    if group in run.splits[split].accuracies[name]
                                ]
                            )
                            for group in groups
                        ),
                    ]
                    for row in found.comparison.rows
                ]
                yield Table(
                    f"{split}: % of {what}", ["", *(group or "all" for group in groups)], rows
                )


def _spread(values: Sequence[float], digits: int = 1) -> str:
    """Mean ± standard deviation over seeds."""
    if not values:
        return ""
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation}"


def _curves(found: Gathered) -> list[Block]:
    drawn = [
        Drawn(
            f"learning-{name.split()[-1].lower()}",
            f"{name.capitalize()} by update: mean over seeds, band from the lowest to the highest",
            figure,
        )
        for name, figure in figures.learning_curves(found).items()
    ]
    if not drawn:
        return [
            Text("No run recorded its loss or its validations more than once, so there is none.")
        ]
    return [Figures(drawn)]


def _lengths(found: Gathered) -> list[Block]:
    splits, metric = found.comparison.splits, found.comparison.metrics[0]
    alike = [split for split in splits if split in _ALIKE]
    sets = [alike] if len(alike) > 1 else []
    sets += [[split] for split in splits if [split] not in sets and not (sets and split in alike)]
    blocks: list[Block] = []
    for names in sets:
        place = " and ".join(names)
        scored = figures.length_scores(found, names, metric)
        if (figure := figures.by_length(found, names, metric)) is None:
            blocks.append(
                Text(f"{place}: fewer than two ranges of length have {FEWEST} sentences or more.")
            )
            continue
        title = (
            f"{NAMES[metric]} by source words, {place}: mean over seeds, band from the lowest to "
            f"the highest; ranges of {FEWEST} sentences or more"
        )
        blocks += [
            Figures([Drawn(f"length-{'-'.join(names)}", title, figure)]),
            _group_table(found, scored, f"{NAMES[metric]} by length, {place}", "source words"),
        ]
    return blocks


def _group_table(found: Gathered, scored: GroupScores, caption: str, first: str) -> Table:
    rows = [
        [
            name.removesuffix(" source words"),
            f"{scored.sentences[at]:,}",
            *(_spread([run[at] for run in runs]) for runs in scored.scores),
        ]
        for at, name in enumerate(scored.names)
    ]
    labels = [found.label(row) for row in found.comparison.rows]
    return Table(caption, [first, "sentences", *labels], rows)


def _phenomena(found: Gathered) -> list[Block]:
    metric = found.comparison.metrics[0]
    blocks: list[Block] = []
    for split in found.comparison.splits:
        scored = figures.tag_scores(found, split, metric)
        if not scored.names:
            if split in found.tags:
                blocks.append(Text(f"{split}: no tag marks {FEWEST} of its sentences or more."))
            continue
        title = (
            f"{NAMES[metric]} of the sentences of {split} with each tag: mean over seeds, line "
            "from the lowest to the highest"
        )
        blocks += [
            Figures([Drawn(f"phenomena-{split}", title, figures.by_tag(found, scored, metric))]),
            _group_table(found, scored, f"{NAMES[metric]} by tag, {split}", "tag"),
        ]
    return blocks or [Text("The sentences have no tags.")]


def _alignment(found: Gathered) -> list[Block]:
    split = found.wanted.splits[0]
    figure = figures.alignment_errors(found, split)
    if figure is None:
        return [Text(_why_no_alignment(found, split))]
    rows = []
    for row in found.comparison.rows:
        best = [head for each in found.attention_of(row, split) if (head := each.best) is not None]
        rates = [100 * head.error_rate for head in best if head.error_rate is not None]
        places = dict.fromkeys(f"{head.layer}.{head.head}" for head in best)
        rows.append([found.label(row), _spread(rates) or "no attention", ", ".join(places)])
    title = (
        f"Alignment error rate of the cross-attention head with the fewest errors, first "
        f"{SENTENCES} sentences of {split}: lower is better; mean over seeds, line from the lowest "
        "to the highest"
    )
    return [
        Figures([Drawn("alignment", title, figure)]),
        Table("Alignment error rate (%)", ["", "best head", "layer.head"], rows),
        Text(
            "Heads of the reference, decoded by force, against the gold links; by the attention of "
            "the step that predicts a word or of the next, whichever has fewer errors (attnlab "
            "heads). The straight line goes from the beginning of both sentences to their ends.",
            quiet=True,
        ),
    ]


def _why_no_alignment(found: Gathered, split: str) -> str:
    if not any(each.heads for each in found.attention.values()):
        return "No model here has attention, so that there is nothing to align."
    return f"{split} has no gold word alignments to measure by."


def _entropies(found: Gathered) -> list[Block]:
    split = found.wanted.splits[0]
    figure = figures.entropies(found, split)
    if figure is None:
        return [Text("No model here has attention, so that there are no heads.")]
    title = (
        f"Entropy of every head of every seed over the first {SENTENCES} sentences of {split}, "
        "divided by that of uniform attention, by kind and layer"
    )
    return [Figures([Drawn("entropies", title, figure)])]
