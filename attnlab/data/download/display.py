"""How a download looks while it runs: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from attnlab.support.console import animates, console


@contextmanager
def transfer_display(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar for one file; call what it gives with the bytes that are there and their total."""
    if not animates():
        yield lambda _done, _total: None
        return
    columns = (TextColumn(name), BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
