"""Training speed and peak memory of each model family, on the same Multi30k batches.

    python scripts/bench/families.py --root DIR [--rounds 5] [--json FILE] [OVERRIDE...]

Each family trains in a process of its own, and the families take turns: a round is a few dozen
updates of each, one after the other, so that a machine that slows down slows all of them. Shown
are medians over the rounds. Memory is the process's highest resident set, less what it held
before there was a model.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

FAMILIES = ("rnn", "bahdanau", "transformer")
UPDATES_A_ROUND = 30


def work(family: str, root: str, overrides: list[str]) -> None:
    """Train `family`: a round for each line on standard input, a JSON line of figures for it."""
    import torch

    from attnlab import launch
    from attnlab.config import ExperimentConfig, from_node
    from attnlab.experiment.train import encode
    from attnlab.experiment.trained import build_model, pick_device
    from attnlab.text.batching import TrainingBatches
    from attnlab.text.corpus import load_split
    from attnlab.text.vocabulary import VocabularyPair
    from attnlab.training.allocator import keep_freed_memory
    from attnlab.training.loop import Limits, Progress, optimise
    from attnlab.training.optimiser import OPTIMISERS
    from attnlab.training.precision import resolve_precision
    from attnlab.training.schedule import SCHEDULES

    keep_freed_memory()
    chosen = [f"model={family}", "data=multi30k", f"data.root={root}", *overrides]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, chosen))
    pairs = load_split(config.data, config.seed, "train")
    vocabulary = VocabularyPair.train(pairs, config.vocabulary)
    batches = TrainingBatches(encode(pairs, vocabulary), config.batch_tokens, config.seed)
    device = pick_device(config.device)
    precision = resolve_precision(config.precision, device)
    before = peak_bytes()
    torch.manual_seed(config.seed)
    model = build_model(config, vocabulary, device)
    steps = optimise(
        model,
        batches,
        OPTIMISERS.build(config.optimiser, model),
        SCHEDULES.build(config.schedule),
        Limits(max_updates=1_000_000, max_epochs=None, max_seconds=None),
        Progress(),
        learning_rate=config.optimiser.learning_rate,
        label_smoothing=config.label_smoothing,
        clip_norm=config.optimiser.clip_norm,
        precision=precision,
    )
    parameters = sum(p.numel() for p in model.parameters())
    for _ in sys.stdin:
        done = list(islice(steps, UPDATES_A_ROUND))
        figures = {
            "tokens": sum(step.target_tokens for step in done),
            "seconds": sum(step.seconds for step in done),
            "peak": peak_bytes() - before,
            "parameters": parameters,
            "precision": precision,
        }
        print(json.dumps(figures), flush=True)


def peak_bytes() -> int:
    """The process's highest resident set so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Worker:
    """A process that trains one family whenever it is told to."""

    def __init__(self, family: str, root: str, overrides: list[str]) -> None:
        command = [sys.executable, __file__, "--work", family, "--root", root, *overrides]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.rounds: list[dict[str, Any]] = []

    def round(self) -> dict[str, Any]:
        """One more round's figures."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended early with code {self._process.wait()}")
        figures: dict[str, Any] = json.loads(line)
        return figures

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="the folder of Multi30k")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--work", choices=FAMILIES, help=argparse.SUPPRESS)
    parser.add_argument("overrides", nargs="*", help="settings, as for attnlab train")
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.root, arguments.overrides)
        return
    workers = {name: Worker(name, arguments.root, arguments.overrides) for name in FAMILIES}
    for worker in workers.values():
        worker.round()  # warm-up
    for _ in range(arguments.rounds):
        for worker in workers.values():
            worker.rounds.append(worker.round())
    rows = []
    for name, worker in workers.items():
        speeds = [each["tokens"] / each["seconds"] for each in worker.rounds]
        rows.append(
            {
                "model": name,
                "parameters": worker.rounds[-1]["parameters"],
                "precision": worker.rounds[-1]["precision"],
                "tokens_per_second": statistics.median(speeds),
                "slowest": min(speeds),
                "fastest": max(speeds),
                "peak_memory_mib": worker.rounds[-1]["peak"] / 2**20,
            }
        )
        worker.close()
    print(
        f"{'model':<12} {'parameters':>11} {'target tokens/s':>16} {'(range)':>17} {'peak MiB':>9}"
    )
    for row in rows:
        spread = f"{row['slowest']:,.0f}–{row['fastest']:,.0f}"
        print(
            f"{row['model']:<12} {row['parameters']:>11,} {row['tokens_per_second']:>16,.0f} "
            f"{spread:>17} {row['peak_memory_mib']:>9,.0f}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
