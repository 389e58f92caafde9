"""How the cost of training grows with the corpus: time to the first step, speed and memory.

    python scripts/bench/corpora.py [--rounds 5] [--cold-rounds 1] [--json FILE] FOLDER...

Each FOLDER is one that `attnlab data generate` wrote. Shown for each are

- the seconds from the command to the first step, with an empty cache and with a filled one;
- the most memory that the process with the empty cache held till then, and the most that the one
  with the filled cache held in all its training;
- target tokens a second by the clock, batches made and all.

All are medians over the rounds, in which the folders take turns, so that a machine that slows
down slows all of them. The model is a small one, because what is measured is not the model. With
--processor-time, seconds are those that the processes had of a core, which others at work on the
machine change little; it means something on one core, as with `taskset -c 0`. Linux only.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

WARM_UP, UPDATES = 20, 150
TIMEOUT_SECONDS = 1800.0
SMALL = ["model=rnn", "model.embedding_size=64", "model.hidden_size=64", "precision=float32"]


@dataclass
class Measured:
    """What was found of one corpus, a number a round; seconds, MiB, tokens a second."""

    folder: Path
    pairs: int
    cold_seconds: list[float] = field(default_factory=list)
    cold_peak: list[float] = field(default_factory=list)
    warm_seconds: list[float] = field(default_factory=list)
    warm_peak: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """The medians."""
        values = {name: value for name, value in vars(self).items() if isinstance(value, list)}
        medians = {name: statistics.median(value) for name, value in values.items()}
        return {"folder": self.folder.name, "pairs": self.pairs, **medians}


def first_step(folder: Path, cache: Path, processor_time: bool) -> tuple[float, float]:
    """Seconds till a user's training on `folder` has made a step, and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as runs:
        settings = [f"data.root={folder}", f"runs_root={runs}", "log_every=1", *SMALL]
        settings += ["checkpoint_every=1000000", "validate_every=1000000"]
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "attnlab", "train", *settings],
            env=os.environ | {"ATTNLAB_CACHE": str(cache)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not any(path.stat().st_size for path in Path(runs).glob("*/*/metrics.jsonl")):
                if process.poll() is not None:
                    raise SystemExit(f"training on {folder} ended early")
                if time.monotonic() - started > TIMEOUT_SECONDS:
                    raise SystemExit(f"training on {folder} made no step")
                time.sleep(0.01)
            by_the_clock = time.monotonic() - started
            seconds = processor_seconds(process.pid) if processor_time else by_the_clock
            return seconds, peak_mebibytes(process.pid)
        finally:
            process.kill()
            process.wait()


def processor_seconds(process: int) -> float:
    """How long a process ran on a core so far, for itself or in the kernel for it."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mebibytes(process: int | str = "self") -> float:
    """The most memory that a process held so far."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def work(folder: Path, processor_time: bool) -> None:
    """Train on `folder`, whose tokens are kept; print tokens a second and peak memory."""
    import torch

    from attnlab import launch
    from attnlab.config import ExperimentConfig
    from attnlab.data.batching import TrainingBatches
    from attnlab.data.token_cache import tokenised_corpus
    from attnlab.run.loaded import build_model
    from attnlab.support.schema import from_node
    from attnlab.training.execution import keep_freed_memory
    from attnlab.training.loop import Limits, optimise
    from attnlab.training.objective import Objective
    from attnlab.training.optimiser import build_optimiser
    from attnlab.training.schedule import SCHEDULES
    from attnlab.training.state import Step, TrainState

    config = from_node(
        ExperimentConfig, launch.compose(launch.TRAIN, [f"data.root={folder}", *SMALL])
    )
    corpus = tokenised_corpus(config.data, config.seed, config.vocabulary)
    keep_freed_memory()
    model = build_model(config, corpus.vocabulary, torch.device("cpu"))
    steps = optimise(
        Objective(model, config.objective),
        TrainingBatches(corpus.train, config.batch_tokens, config.seed),
        build_optimiser(config.optimiser, model),
        SCHEDULES.build(config.schedule),
        Limits(max_updates=WARM_UP + UPDATES, max_epochs=None, max_seconds=None),
        TrainState(),
        clip_norm=config.optimiser.clip_norm,
        precision=config.precision,
        accumulate=config.accumulate,
    )
    list(islice(steps, WARM_UP))
    clock = time.process_time if processor_time else time.perf_counter
    started = clock()
    tokens = sum(step.target_tokens for step in steps if isinstance(step, Step))
    print(json.dumps([tokens / (clock() - started), peak_mebibytes()]))


def measure(each: Measured, cache: Path, is_cold: bool, processor_time: bool) -> None:
    """One round of one corpus."""
    if is_cold:
        with tempfile.TemporaryDirectory(dir=cache.parent) as empty:
            # the first time, what is made there is what the other rounds find
            place = Path(empty) if each.cold_seconds else cache
            seconds, peak = first_step(each.folder, place, processor_time)
        each.cold_seconds.append(seconds)
        each.cold_peak.append(peak)
    seconds, _ = first_step(each.folder, cache, processor_time)
    each.warm_seconds.append(seconds)
    options = ["--processor-time"] if processor_time else []
    done = subprocess.run(
        [sys.executable, __file__, "--work", str(each.folder), *options],
        env=os.environ | {"ATTNLAB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        check=True,
    )
    speed, peak = json.loads(done.stdout)
    each.speed.append(speed)
    each.warm_peak.append(peak)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-rounds", type=int, default=1, help="of these, 1 or more")
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.processor_time)
        return
    found = []
    for folder in arguments.folders:
        with (folder / "train.tsv").open("rb") as file:
            found.append(Measured(folder.absolute(), sum(1 for _ in file)))
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(arguments.rounds):
            for each in found:
                is_cold = number < max(1, arguments.cold_rounds)
                measure(each, Path(scratch) / "cache", is_cold, arguments.processor_time)
    from attnlab.support.table import table

    rows = [each.row() for each in found]
    head = ["pairs", "cold s", "warm s", "target tokens/s", "cold MiB", "warm MiB"]
    lines = [
        [
            f"{row['pairs']:,}",
            f"{row['cold_seconds']:.1f}",
            f"{row['warm_seconds']:.1f}",
            f"{row['speed']:,.0f}",
            f"{row['cold_peak']:,.0f}",
            f"{row['warm_peak']:,.0f}",
        ]
        for row in rows
    ]
    print(f"seconds to the first step, and peak memory\n{table(head, lines, left=0)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
