"""Several processes make the updates that one process makes."""

import math
import threading
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist

from attnlab.data.batching import EncodedPair, collate
from attnlab.models import MODELS
from attnlab.models.layers import running_statistics
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.training.distributed import ALONE, DistributedConfig, ProcessGroup
from attnlab.training.loop import Limits, NonFinite
from attnlab.training.objective import Objective
from attnlab.training.state import TrainState
from attnlab.training.torchrun import _agents, rendezvous
from tests.conftest import every_model_and_score, objective_config, small_model
from tests.together import each_of
from tests.training.test_loop import steps_of

CONFIG = DistributedConfig(backend="auto", timeout_seconds=60, threads=None)
UPDATES = Limits(max_updates=4, max_epochs=None, max_seconds=None)
EPOCHS = Limits(max_updates=None, max_epochs=2, max_seconds=None)

CASES = {
    **{name: (name, "additive", {"limits": UPDATES}) for name in MODELS},
    # Epochs end with fewer batches than an update has.
    "accumulated": ("transformer", "scaled_dot", {"limits": EPOCHS, "accumulate": 4}),
    # Most batches have fewer rows than there are processes.
    "few rows": ("bahdanau", "general", {"limits": UPDATES, "batch_tokens": 8}),
    "few rows, accumulated": (
        "transformer",
        "dot",
        {"limits": UPDATES, "batch_tokens": 8, "accumulate": 3},
    ),
    "batch norm": (
        "transformer",
        "scaled_dot",
        {"limits": UPDATES, "choices": {"normalisation": "batch", "norm": "post"}},
    ),
    "batch norm, few rows": (
        "transformer",
        "dot",
        {"limits": UPDATES, "batch_tokens": 8, "choices": {"normalisation": "batch"}},
    ),
    "tied": ("rnn", "dot", {"limits": UPDATES, "clip_norm": None}),
    "R-Drop": (
        "bahdanau",
        "scaled_dot",
        {"limits": UPDATES, "batch_tokens": 16, "objective": {"r_drop": 1.0}},
    ),
}


def trained(case, group):
    name, score, settings = CASES[case]
    settings = dict(settings)
    torch.manual_seed(2)
    model = small_model(name, score, dropout=0.0, **settings.pop("choices", {}))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    steps = [
        (step.loss, step.gradient_norm, step.target_tokens, step.epoch)
        for step in steps_of(model, None, optimiser, group=group, **settings)
    ]
    learnt = [*model.parameters(), *running_statistics(model)]
    weights = torch.cat([tensor.detach().flatten() for tensor in learnt])
    return steps, weights.tolist()


def all_cases(group, folder):
    if group is not ALONE:
        group.begin(CONFIG, torch.device("cpu"))
    return {case: trained(case, group) for case in CASES}


@pytest.mark.parametrize("size", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_the_updates_of_several_are_those_of_one(size, tmp_path):
    alone = all_cases(ALONE, tmp_path)
    together = each_of(all_cases, tmp_path, size)
    for case, (steps, weights) in alone.items():
        for other_steps, other_weights in (found[case] for found in together):
            assert len(other_steps) == len(steps), case
            for one, other in zip(steps, other_steps, strict=True):
                assert other == pytest.approx(one, rel=1e-6), case
            assert other_weights == pytest.approx(weights, rel=1e-5, abs=1e-8), case
        assert all(found[case][1] == together[0][case][1] for found in together), case


CHANCE = {
    "word_dropout": {"source": 0.3, "target_input": 0.3},
    "r_drop": 2.0,
    "sampling": {"share": 0.7},
}


@pytest.mark.parametrize("chance", [{}, CHANCE], ids=["plain", "chance"])
@every_model_and_score
def test_every_parameter_takes_part_even_without_a_row(name, score, chance):
    # DistributedDataParallel waits for each parameter's gradient.
    pairs = [EncodedPair([5, 6, 7], [8, 9]), EncodedPair([11], [12, 13, 14, 15])]
    config = objective_config(label_smoothing=0.1, **chance)
    objective = Objective(small_model(name, score), config).train()
    objective(collate(pairs).share(1, 2), done=0.5).backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())
    objective.zero_grad()
    loss = objective(collate(pairs).share(2, 3), done=0.5)
    loss.backward()
    assert loss.item() == 0.0
    assert all(not parameter.grad.any() for parameter in objective.parameters())


def test_shares_of_a_batch_are_its_rows_without_needless_padding():
    pairs = [EncodedPair([4] * n, [5] * (9 - n)) for n in (1, 5, 2, 8, 3)]
    batch = collate(pairs)
    for shares in (1, 2, 3):
        for number in range(shares):
            expected = collate(pairs[number::shares])
            for name, tensor in vars(batch.share(number, shares)).items():
                assert torch.equal(tensor, getattr(expected, name)), name
    assert batch.share(5, 6).target_tokens == 0


def refuse(rank):
    if rank > 0:
        raise AttnlabError(f"no room in {rank}")


def agreed_on(group, _):
    group.begin(CONFIG, torch.device("cpu"))
    model = small_model("rnn", dropout=0.0)
    late = TrainState(earlier_seconds=0.0 if group.is_first else 1e6)
    limits = Limits(max_updates=3, max_epochs=None, max_seconds=1000.0)
    by_the_first_clock = len(list(steps_of(model, late, limits=limits, group=group)))
    spoilt = small_model("rnn", dropout=0.0)
    if group.rank == 1:  # whatever it may be that goes wrong in one process alone
        spoilt.output.weight.register_hook(lambda gradient: gradient * math.inf)
    state = TrainState()
    first = next(steps_of(spoilt, state, group=group))
    with pytest.raises(AttnlabError, match="no room in 1"), group.raise_together():
        refuse(group.rank)
    torch.manual_seed(5)
    group.reseed(5)
    return {
        "updates by the first clock": by_the_first_clock,
        "not made": isinstance(first, NonFinite) and (state.update, state.skipped),
        "divided": group.divide(lambda items: [item * 2 for item in items], list(range(7))),
        "batches": group.gather(list(group.shard(iter(range(5))))),
        "sum": group.sum([1.0, group.rank]),
        "largest": group.all_reduce_max(group.rank),
        "first": (group.broadcast(group.rank + 0.5), group.broadcast(f"{group.rank}")),
        "seeds": len(set(group.gather(torch.rand(1).item()))),
    }


def test_what_processes_agree_on(tmp_path):
    one, other = each_of(agreed_on, tmp_path)
    assert one == other
    assert one == {
        "updates by the first clock": 3,
        "not made": (0, 1),
        "divided": [0, 2, 4, 6, 8, 10, 12],
        "batches": [[0, 2, 4], [1, 3]],
        "sum": [2.0, 1.0],
        "largest": 1,
        "first": (0.5, "0"),
        "seeds": 2,
    }


def test_rendezvous_ignores_processes_that_ended():
    store = dist.HashStore()
    timeout = timedelta(seconds=20)
    # Three processes were there before, and ended at different moments.
    for rank in (1, 2):
        store.set(f"attnlab/request/{rank}", f"stale {rank}")
    store.set("attnlab/answer/stale 1", "an earlier rendezvous")
    parts = {}

    def come(rank):
        parts[rank] = rendezvous(store, rank, 3, timeout)

    threads = [threading.Thread(target=come, args=(rank,)) for rank in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parts[0].set("where", "here")
    assert [parts[rank].get("where") for rank in range(3)] == [b"here"] * 3
    with pytest.raises(RuntimeError, match="1 of 2 have not come"):
        rendezvous(dist.HashStore(), 0, 2, timedelta(seconds=0.1))


def test_restarted_processes_find_their_run_in_the_store(tmp_path, monkeypatch):
    store = dist.HashStore()
    first, second = (ProcessGroup(rank, 2, rank, store) for rank in range(2))
    second.remember(tmp_path / "another")  # only the first process does
    assert first.remembered() is None
    first.remember(tmp_path / "run")
    assert first.remembered() == second.remembered() == tmp_path / "run"
    ALONE.remember(tmp_path)
    assert ALONE.remembered() is None
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    assert _agents(store) is store
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "False")
    assert _agents(store) is None
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    with pytest.raises(AttnlabError, match="with a new store, so that the run is not known; unset"):
        _agents(store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backend": "mpi"}, "distributed.backend=mpi is none of: auto, gloo, nccl"),
    ],
)
def test_settings_are_checked(change, message):
    with pytest.raises(UsageError, match=message):
        DistributedConfig(**{"backend": "auto", "timeout_seconds": 9, "threads": None} | change)
