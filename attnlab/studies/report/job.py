"""The report of a sweep, from names of runs to the file: `attnlab report`, and a sweep's end."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attnlab.config import InferenceConfig
from attnlab.evaluate.scored import named_folders
from attnlab.evaluate.stored import stored_search
from attnlab.launch import compose_inference
from attnlab.plotting.saving import save_page
from attnlab.plotting.vector import figure_svg
from attnlab.run.folder import open_run
from attnlab.run.summary import find_runs, summarise
from attnlab.studies.report.claim import Claim, Finding, load_claim
from attnlab.studies.report.content import compose_report, verdict_lines
from attnlab.studies.report.document import Document, as_markdown
from attnlab.studies.report.gathered import Wanted, gather
from attnlab.studies.report.page import report_page
from attnlab.support.errors import AttnlabError, UsageError, described
from attnlab.support.folders import shown_path
from attnlab.training.selection import require_metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What the user chose; empty or None is what the claim says, or the default."""

    splits: Sequence[str] = ()
    metrics: Sequence[str] = ()
    group_by: Sequence[str] = ()
    baseline: str | None = None
    sentences: Sequence[int] = ()
    claim: str | None = None
    overrides: Sequence[str] = ()
    config_dir: Path | None = None

    def typed(self) -> list[str]:
        """The options as they are typed."""
        several = {"split": self.splits, "metric": self.metrics, "sentence": self.sentences}
        options = [f"--{name}={each}" for name, values in several.items() for each in values]
        if self.group_by:
            options.append(f"--group-by={','.join(self.group_by)}")
        single = {"baseline": self.baseline, "claim": self.claim, "config-dir": self.config_dir}
        options += [f"--{name}={each}" for name, each in single.items() if each is not None]
        return [*options, *(each for each in self.overrides if not each.startswith("runs_root="))]


@dataclass(frozen=True)
class Report:
    """A report that was written: its files, and the findings on the claim."""

    files: list[Path]
    findings: list[Finding] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([*verdict_lines(self.findings), *map(shown_path, self.files)])


def make_report(names: Sequence[str], outputs: Sequence[Path], options: ReportOptions) -> Report:
    """Write the report of the runs that `names` stand for; no output is `default_output`.

    Raises:
        UsageError: an option fits no run, or an output is neither HTML nor Markdown.
        AttnlabError: there is no such run, none can be scored, or a file cannot be written.
    """
    for output in outputs:
        require_kind(output)
    require_metrics("--metric", list(options.metrics))
    root = compose_inference(options.overrides, options.config_dir).runs_root
    folders = named_folders(names, root)
    claim = _claim(folders, options)
    splits = list(options.splits or (claim.read if claim else ["test"]))
    wanted = Wanted(
        config=_config(folders, splits, options),
        splits=splits,
        metrics=list(options.metrics or (claim.scored if claim else ["bleu"])),
        group_by=list(options.group_by or (claim.group_by if claim else [])) or None,
        baseline=options.baseline,
        claim=claim,
    )
    found = gather(folders, wanted)
    findings = found.findings()
    shown = _shown_names(folders)
    typed = [*shown, *options.typed()]
    document = compose_report(found, findings, shown, options.sentences, typed)
    files = list(outputs or [default_output(folders)])
    for file in files:
        write_document(document, file)
    return Report(files, findings)


def _claim(folders: Sequence[Path], options: ReportOptions) -> Claim | None:
    """The claim that was asked for, or else that of the runs, if they have one."""
    if options.claim is not None:
        return load_claim(options.claim, options.config_dir)
    named = {str(each) for folder in folders if (each := summarise(folder).settings.get("claim"))}
    if len(named) > 1:
        logger.warning(
            "the runs have several claims (%s); choose --claim", ", ".join(sorted(named))
        )
    if len(named) != 1:
        return None
    try:
        return load_claim(named.pop(), options.config_dir)
    except UsageError as error:
        logger.warning("%s; the report is without it", error)
        return None


def _config(
    folders: Sequence[Path], splits: Sequence[str], options: ReportOptions
) -> InferenceConfig:
    """The search: as the overrides say; else by which the runs are scored; else greedy."""
    overrides = list(options.overrides)
    if any(each.lstrip("+").startswith("search") for each in overrides):
        return compose_inference(overrides, options.config_dir)
    for folder in folders:
        try:
            search = stored_search(open_run(folder), splits)
        except AttnlabError:
            continue
        if search is not None:
            chosen = [f"search={search.pop('name')}"]
            chosen += [
                f"search.{key}={'null' if value is None else value}"
                for key, value in search.items()
                if key != "batch_tokens"
            ]
            try:
                return compose_inference([*overrides, *chosen], options.config_dir)
            except UsageError:  # of another attnlab
                continue
    return compose_inference([*overrides, "search=greedy"], options.config_dir)


def _shown_names(folders: Sequence[Path]) -> list[str]:
    """The runs' common name, if it has no others; else NAME/RUN of each."""
    parents = {folder.parent for folder in folders}
    if len(parents) == 1 and set(find_runs(*parents)) == set(folders):
        return [each.name for each in parents]
    return [f"{folder.parent.name}/{folder.name}" for folder in folders]


def default_output(folders: Sequence[Path]) -> Path:
    """`report.html` in the folder that holds all of these runs, or else here."""
    parents = {folder.parent for folder in folders}
    return parents.pop() / "report.html" if len(parents) == 1 else Path("report.html")


_PAGE, _MARKDOWN = (".html", ".htm"), (".md", ".markdown")


def require_kind(output: Path) -> None:
    """Refuse a file that is neither HTML nor Markdown.

    Raises:
        UsageError: it is not.
    """
    if output.suffix.lower() not in (*_PAGE, *_MARKDOWN):
        raise UsageError(f"--output {output}: end the name with .html or .md")


def write_document(document: Document, output: Path) -> None:
    """Write the document as HTML, or as Markdown with its figures in a folder beside it.

    The folder is called as the file, with `-figures`. Figures of an earlier report at `output` that
    this one does not have are deleted.

    Raises:
        AttnlabError: a place that cannot be written to.
    """
    if output.suffix.lower() in _PAGE:
        save_page(report_page(document), output)
        return
    folder = output.with_name(f"{output.stem}-figures")
    before = _figures_in(output, folder)
    now = {folder / f"{each.name}.svg": each for each in document.drawn()}
    for path, each in now.items():
        save_page(figure_svg(each.figure, each.title), path)
    save_page(as_markdown(document, folder.name), output)
    for path in before - now.keys():
        path.unlink(missing_ok=True)


def _figures_in(output: Path, folder: Path) -> set[Path]:
    """The figures in `folder` that the Markdown at `output`, of an earlier report, shows."""
    try:
        text = output.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return {folder / name for name in re.findall(rf"{re.escape(folder.name)}/([\w-]+\.svg)", text)}


def report_sweep(folders: Sequence[Path], config_dir: Path | None = None) -> None:
    """Write report.html and report.md beside a sweep's runs; a failure is said, and is no failure.

    The verdicts and the paths are logged.
    """
    try:
        names = [str(folder) for folder in folders]
        page = default_output(folders)
        report = make_report(
            names, [page, page.with_suffix(".md")], ReportOptions(config_dir=config_dir)
        )
        logger.info("\n%s", report)
    except Exception as error:
        logger.warning("no report was made: %s", described(error))
