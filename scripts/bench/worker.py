"""A process that trains one contender, one round of batches for each line on standard input.

    python scripts/bench/worker.py PREPARED WORK CONTENDER --root DIR [--book DIR]

It answers each line with a JSON line of figures; and before the first with one that says whether
the contender is there at all. Memory is the process's highest resident set, less what it held
before there was a model.
"""

import argparse
import importlib
import json
import resource
import sys
import time
from pathlib import Path

import torch
from peers import AbsentError, Setting, Trainee
from torch import nn
from works import WORKS, Prepared, configuration

from attnlab.data.batching import Batch


def main() -> None:
    """Be told, train, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", type=Path)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("contender")
    parser.add_argument("--root", required=True)
    parser.add_argument("--book", type=Path)
    arguments = parser.parse_args()
    work = WORKS[arguments.work]
    contender = next(each for each in work.contenders if each.label == arguments.contender)
    config = configuration(work, arguments.root, contender.overrides)
    prepared: Prepared = torch.load(arguments.prepared, weights_only=False)
    batches = prepared.book_batches if contender.book_padding else prepared.batches
    answers, sys.stdout = sys.stdout, sys.stderr  # peers print what they like
    try:
        peer = importlib.import_module(f"peers.{contender.peer}")
        before = peak_bytes()
        torch.manual_seed(config.seed)
        trainee = peer.build(Setting(config, prepared.vocabulary, arguments.book))
    except (ImportError, AbsentError) as error:
        print(json.dumps({"absent": str(error)}), file=answers, flush=True)
        return
    parameters = sum(p.numel() for p in trainee.model.parameters())
    ready = {"parameters": parameters, "note": trainee.note}
    print(json.dumps(ready), file=answers, flush=True)
    tokens = sum(batch.target_tokens for batch in batches)
    for _ in sys.stdin:
        started, processor_started = time.perf_counter(), time.process_time()
        losses = [train_on(trainee, batch) for batch in batches]
        figures = {
            "tokens": tokens,
            "seconds": time.perf_counter() - started,
            "processor_seconds": time.process_time() - processor_started,
            "peak": peak_bytes() - before,
            "loss": sum(losses) / len(losses),
        }
        print(json.dumps(figures), file=answers, flush=True)


def train_on(trainee: Trainee, batch: Batch) -> float:
    """Forward, loss, backward and step: the loss as a number."""
    trainee.model.train()
    loss = trainee.loss(batch)
    trainee.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(trainee.model.parameters(), 1.0)
    trainee.optimiser.step()
    return loss.item()


def peak_bytes() -> int:
    """The process's highest resident set so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
