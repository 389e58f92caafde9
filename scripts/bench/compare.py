"""Training speed and peak memory of attnlab beside its peers, on the same Multi30k batches.

    python scripts/bench/compare.py --root DIR [--work NAME ...] [--rounds 5] [--json FILE]

Every contender trains in a process of its own, and they take turns: a round is a few dozen
updates of each, one after the other, so that a machine that slows down slows all of them. Shown
are medians over the rounds; `ratio` is how many times faster than that contender the first one
is, the median over the rounds of both in the same round. Peers (requirements-bench.txt) train as
they come out of the box; one that is not installed is named. The classes that d2l leaves to its
book are read from a copy of the book's sources or notebooks, --book DIR.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from turns import measure_each, say
from works import WORKS, prepare

from attnlab.support.machine import omp_wait_briefly
from attnlab.support.table import table


class Worker:
    """A process that trains one contender whenever it is told to."""

    def __init__(self, label: str, peer: str, arguments: list[str]) -> None:
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), *arguments]
        environment = dict(os.environ)
        if peer == "attnlab":  # as its own command does
            omp_wait_briefly(environment)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.label = label
        self.rounds: list[dict[str, Any]] = []
        self.about = self._answer()

    def round(self) -> dict[str, Any]:
        """One more round's figures."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.label} ended early with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def measure(name: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each contender of the work of that name."""
    say(f"{name}: preparing batches and contenders")
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.pt"
        torch.save(prepare(WORKS[name], arguments.root, arguments.updates), prepared)
        given = ["--root", arguments.root]
        given += ["--book", str(arguments.book)] if arguments.book else []
        wanted = [
            each
            for each in WORKS[name].contenders
            if not arguments.contender or each.label in arguments.contender
        ]
        workers = [
            Worker(each.label, each.peer, [str(prepared), name, each.label, *given])
            for each in wanted
        ]
    there = [worker for worker in workers if "absent" not in worker.about]
    started = time.perf_counter()
    for worker in there:
        worker.round()  # warm-up
    once = time.perf_counter() - started
    for number in range(arguments.rounds):
        left = once * (arguments.rounds - number)
        say(f"{name}: round {number + 1} of {arguments.rounds}, about {left:.0f} s left")
        for worker in there:
            worker.rounds.append(worker.round())
    seconds = "processor_seconds" if arguments.processor_time else "seconds"
    rows = [row(worker, there[0], seconds) for worker in workers]
    for worker in workers:
        worker.close()
    return rows


def row(worker: Worker, first: Worker, seconds: str) -> dict[str, Any]:
    """The worker's medians, and by how much `first` was faster."""
    if not worker.rounds:
        return {"contender": worker.label, **worker.about}
    speeds = [each["tokens"] / each[seconds] for each in worker.rounds]
    ours = [each["tokens"] / each[seconds] for each in first.rounds]
    return {
        "contender": worker.label,
        **worker.about,
        "tokens_per_second": statistics.median(speeds),
        "slowest": min(speeds),
        "fastest": max(speeds),
        "ratio": statistics.median(a / b for a, b in zip(ours, speeds, strict=True)),
        "peak_memory_mib": worker.rounds[-1]["peak"] / 2**20,
        "last_loss": worker.rounds[-1]["loss"],
    }


def show(name: str, rows: list[dict[str, Any]]) -> None:
    """The table of one work."""
    figures = ["parameters", "target tokens/s", "(range)", "ratio", "peak MiB", "loss"]
    lines = [
        [
            row["contender"],
            f"{row['parameters']:,}",
            f"{row['tokens_per_second']:,.0f}",
            f"{row['slowest']:,.0f}–{row['fastest']:,.0f}",
            f"{row['ratio']:.2f}",
            f"{row['peak_memory_mib']:,.0f}",
            f"{row['last_loss']:.3f}",
            row["note"],
        ]
        for row in rows
        if "absent" not in row
    ]
    print(f"\n{name}\n{table(['contender', *figures, ''], lines)}")
    for row in rows:
        if "absent" in row:
            print(f"{row['contender']}: absent: {row['absent']}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="the folder of Multi30k")
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--contender", nargs="+", help="only these, by their labels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=24, help="batches in a round")
    parser.add_argument("--book", type=Path, help="the d2l book's sources or notebooks")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="count the process's own seconds, for a machine where others are at work",
    )
    arguments = parser.parse_args()
    threads = os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())
    print(f"torch {torch.__version__}, {threads} threads, {arguments.rounds} rounds")
    measure_each(arguments.work, lambda name: measure(name, arguments), show, arguments.json)


if __name__ == "__main__":
    main()
