"""attnlab export."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import (
    AsJson,
    Compare,
    ConfigDir,
    RunAndOverrides,
    load,
    load_compared,
    print_report,
    with_examples,
)
from attnlab.support.errors import UsageError


@with_examples(
    """
    # the latest run as two ONNX graphs
    attnlab export --to onnx
    # smaller ones, and what that costs in BLEU
    attnlab export --to onnx --check \\
      --precision float16 --precision int8
    # a Transformer for CTranslate2, to a folder
    attnlab export builtin-transformer \\
      --to ctranslate2 -o ct2
    # one page that translates in any browser
    attnlab export builtin-transformer --to web \\
      -o lesson.html
    # its own commands export on demand
    attnlab eval --bleu engine=onnxruntime
"""
)
def export(
    arguments: RunAndOverrides = None,
    to: Annotated[
        Literal["onnx", "ctranslate2", "web"] | None,
        typer.Option(
            "--to",
            help="The format: onnx for every model, ctranslate2 for Transformers, web for a page "
            "on which every model translates.",
        ),
    ] = None,
    precisions: Annotated[
        list[str] | None,
        typer.Option(
            "--precision",
            help="Format of the weights: float32 (the default), float16 or int8; may be repeated: "
            "a folder for each. For web float32, float16, or auto (the default), which is float16 "
            "where the page would have more than 35 MB.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder, or the page. RUN/export/FORMAT-PRECISION, or RUN/export/web.html, if "
            "left out.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Translate a split by torch and by each export; score both."),
    ] = False,
    split: Annotated[
        str | None, typer.Option("--split", help="The split of --check; test if left out.")
    ] = None,
    compare: Compare = None,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Export a run to a folder or page with all that is needed to translate without attnlab."""
    from attnlab.support.console import show_messages

    show_messages()
    if to is None:
        raise UsageError("name the format: --to onnx, --to ctranslate2 or --to web")
    if split is not None and not check:
        raise UsageError(f"--split {split} is for --check; add it, or leave out --split")
    if to == "web":
        if check or len(precisions or []) > 1:
            raise UsageError("--to web writes one page: leave out --check, give one --precision")
        from attnlab.studies.web.job import write_lesson

        runs = load_compared(arguments, compare, config_dir)
        lesson = write_lesson(runs, output, *(precisions or []))
        print_report(lesson, as_json)
        return
    if compare is not None:
        raise UsageError("--compare is for --to web; leave it out, or see attnlab compare")
    from attnlab.studies.export.report import export_run

    trained, config = load(arguments, config_dir)
    report = export_run(
        *(trained, config, to, precisions or ["float32"], output),
        split=(split or "test") if check else None,
    )
    print_report(report, as_json)
