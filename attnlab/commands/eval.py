"""attnlab eval."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import (
    AsJson,
    ConfigDir,
    RunAndOverrides,
    load,
    print_report,
    with_examples,
)
from attnlab.support.errors import UsageError


@with_examples(
    """
    # the latest run, its test split
    attnlab eval --bleu
    # every split but train, which takes a few minutes
    attnlab eval --split all
    # the test split by phenomenon and by length
    attnlab eval --by tag --by length
    # the alignment error rate of every head
    attnlab eval --alignment
    # what is a wider beam worth, and what does it cost?
    attnlab eval --sweep-beam 1,2,4,8
    # a run by its name, with a wider beam
    attnlab eval builtin-rnn --bleu search.beam_size=8
    # after experiment=d2l_bahdanau: the book's results
    attnlab eval d2l-bahdanau --book
    # your own sentences
    attnlab eval --source my.en --reference my.fr --json
    # two references for each sentence
    attnlab eval --source my.en --reference a.fr \\
      --reference b.fr
    # BLEU by characters, in lower case, by Moses tokens
    attnlab eval --bleu bleu_tokeniser=char
    attnlab eval --bleu --lowercase
    attnlab eval --bleu --tokenised
    # how far would other sentences change it?
    attnlab eval --bleu --interval
    # a moved run, whose corpus is in another folder
    attnlab eval --bleu data.root=/new/folder
"""
)
def evaluate(
    arguments: RunAndOverrides = None,
    bleu: Annotated[bool, typer.Option("--bleu", help="Score by BLEU.")] = False,
    chrf: Annotated[bool, typer.Option("--chrf", help="Score by chrF2.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Count exact matches.")] = False,
    ter: Annotated[bool, typer.Option("--ter", help="Score by TER; lower is better.")] = False,
    tokenised: Annotated[
        bool,
        typer.Option("--tokenised", help="Score by BLEU of lower-cased text that Moses tokenised."),
    ] = False,
    lowercase: Annotated[
        bool, typer.Option("--lowercase", help="Let metrics ignore case, as sacreBLEU does.")
    ] = False,
    interval: Annotated[
        bool,
        typer.Option(
            "--interval",
            help="Add where 95 % of the scores of resampled sentences lie (bootstrap).",
        ),
    ] = False,
    splits: Annotated[
        list[str] | None,
        typer.Option("--split", help="Split to score, or all; test if left out; may be repeated."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", help="Also score groups of sentences, by tag or length; may be repeated."
        ),
    ] = None,
    alignment: Annotated[
        bool, typer.Option("--alignment", help="Measure how well each attention head aligns words.")
    ] = False,
    source: Annotated[
        Path | None, typer.Option("--source", help="Your own sentences, one a line.")
    ] = None,
    references: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference",
            help="Their translations, line for line; may be repeated: several for each sentence.",
        ),
    ] = None,
    sweep_beam: Annotated[
        str | None,
        typer.Option(
            "--sweep-beam",
            metavar="SIZES",
            help="Measure quality and speed with beams of these sizes, such as 1,2,4,8; a table, "
            "and a figure in RUN/plots/.",
        ),
    ] = None,
    book: Annotated[
        bool, typer.Option("--book", help="Compare with what Dive into Deep Learning prints.")
    ] = False,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Translate splits and score them, by BLEU, chrF and exact match if no metric is named.

    The texts go to RUN/translations/, the scores to RUN/scores/.
    """
    from attnlab.evaluate.splits import evaluate_files, evaluate_splits
    from attnlab.studies.beam_sweep import parse_sizes, sweep_beams
    from attnlab.studies.book import book_report, with_book_settings
    from attnlab.support.console import show_messages

    show_messages()
    choices = {"bleu": bleu, "tokenised": tokenised, "chrf": chrf, "exact": exact, "ter": ter}
    others = (by, alignment, source, references, *choices.values(), lowercase, interval)
    if sweep_beam is not None:
        if any((*others, book)) or len(splits or ()) > 1:
            raise UsageError("--sweep-beam takes no option but one --split and --json")
        sizes = parse_sizes(sweep_beam)
        trained, config = load(arguments, config_dir)
        split = splits[0] if splits else "test"
        print_report(sweep_beams(trained, config, split, sizes), as_json)
        return
    if book:
        if any((*others, splits)):
            raise UsageError("--book shows what the book does, and takes no option but --json")
        trained, _ = load(with_book_settings(arguments or ()), config_dir)
        print_report(book_report(trained), as_json)
        return
    if (source is None) != (not references):
        raise UsageError("--source and --reference belong together; give both files")
    if source is not None and (splits or alignment):
        raise UsageError("--source goes with neither --split nor --alignment; leave it out")
    metrics = [name for name, on in choices.items() if on]
    if not metrics and (by or not alignment):
        metrics = ["bleu", "chrf", "exact"]
    trained, config = load(arguments, config_dir)
    if source is not None and references:
        found = evaluate_files(
            *(trained, config, source, references, metrics, by or (), lowercase, interval)
        )
    else:
        chosen = splits or ["test"]
        found = evaluate_splits(
            *(trained, config, chosen, metrics, by or (), alignment, lowercase, interval)
        )
    print_report(found, as_json)
