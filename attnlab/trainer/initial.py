"""The run that a new one begins with, `init_from`: its vocabulary and its weights."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from attnlab.config import ExperimentConfig
from attnlab.data.token_cache import TokenisedCorpus, tokenised_corpus
from attnlab.data.tokens import UNKNOWN
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models import EncoderDecoder
from attnlab.run.folder import Run, open_run
from attnlab.run.loaded import load_model, update_of_checkpoint
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import shown_path
from attnlab.trainer.monitor import part_name
from attnlab.training.checkpoint import checkpoint_stands, weights_digest
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.initialisation import Transfer, transfer_weights

_UNKNOWN_SHARE = 0.01
"""The share of training's tokens that may be unknown to another run's vocabulary, unsaid."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class InitialRun:
    """A run whose weights another one begins with: its model and vocabulary."""

    run: Run
    model: EncoderDecoder[Any]
    vocabulary: VocabularyPair


def load_initial(config: ExperimentConfig) -> InitialRun | None:
    """The run `config.init_from`; `config` then records which weights it has. None without one.

    Raises:
        AttnlabError: it has no such checkpoint, its weights are not those that `config` asks for,
            or its vocabulary is of other languages.
    """
    if config.init_from is None:
        return None
    run = open_run(Path(config.init_from))
    _require_languages(run, config)
    name = config.init.checkpoint
    folder = run.checkpoints / name
    if name in ("best", "last") and not checkpoint_stands(folder):
        others = [each for each in ("best", "last") if checkpoint_stands(run.checkpoints / each)]
        remedy = f"choose init.checkpoint={others[0]}" if others else "let it train on, or name"
        raise AttnlabError(
            f"init_from={shown_path(run.folder)}: it has no checkpoint {name} to begin with; "
            f"{remedy}{'' if others else ' another run'}"
        )
    vocabulary, digest = run.load_vocabulary(), None
    while True:
        before = weights_digest(folder)
        model = load_model(run, name, vocabulary, torch.device("cpu"))
        digest, update = weights_digest(folder), update_of_checkpoint(run, name)
        if digest == before:  # no other took its place meanwhile
            break
    found = replace(config.init, update=update, weights=digest)
    for setting in ("weights", "update"):
        wanted, value = getattr(config.init, setting), getattr(found, setting)
        if wanted not in (None, value):
            raise AttnlabError(
                f"init_from={shown_path(run.folder)}: init.{setting}={wanted} is asked for, and "
                f"that of checkpoint {name} is {value}; put the checkpoint back, or train a new run"
            )
    config.init = found
    return InitialRun(run, model, vocabulary)


def _require_languages(run: Run, config: ExperimentConfig) -> None:
    """Refuse to keep separate vocabularies of other languages than the new corpus has."""
    if config.init.vocabulary != "keep" or run.config.vocabulary.name != "separate":
        return
    theirs, ours = (
        f"{data.source_language} to {data.target_language}"
        for data in (run.config.data, config.data)
    )
    if theirs != ours:
        raise UsageError(
            f"init_from={shown_path(run.folder)}: its vocabularies, one for each side, are for "
            f"{theirs}, and this corpus is {ours}; choose init.vocabulary=new"
        )


def corpus_for(config: ExperimentConfig, initial: InitialRun | None) -> TokenisedCorpus:
    """The corpus of a new run, in a vocabulary learnt from it or in that of `initial`.

    Warns if many of the training split's tokens are unknown to that.
    """
    if initial is None or config.init.vocabulary == "new":
        return tokenised_corpus(config.data, config.seed, config.vocabulary)
    corpus = tokenised_corpus(config.data, config.seed, initial.vocabulary)
    for side in ("source", "target"):
        tokens = getattr(corpus.train, side).values
        share = float((tokens == UNKNOWN).mean()) if len(tokens) else 0.0
        if share > _UNKNOWN_SHARE:
            logger.warning(
                "%.1f %% of the %s tokens of train are unknown to the vocabulary of %s; "
                "init.vocabulary=new learns one of this corpus",
                100 * share,
                side,
                shown_path(initial.run.folder),
            )
    return corpus


def initialise(
    model: EncoderDecoder[Any],
    vocabulary: VocabularyPair,
    initial: InitialRun | None,
    group: ProcessGroup = ALONE,
) -> None:
    """Give `model` the weights of `initial`, which the first process of `group` has; say which.

    Nothing changes where that process has none.

    Raises:
        AttnlabError: none of them fits.
    """
    with group.raise_together():
        if initial is not None:
            found = transfer_weights(
                initial.model, _pieces(initial.vocabulary), model, _pieces(vocabulary)
            )
            _log_transfer(found, initial, vocabulary)
    if group.size > 1:
        weights = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
        sent = group.broadcast(weights if initial is not None else None)
        if sent is not None:
            model.load_state_dict(sent)


def _pieces(vocabulary: VocabularyPair) -> dict[str, dict[str, int]]:
    return {"source": vocabulary.source.ids(), "target": vocabulary.target.ids()}


def _log_transfer(found: Transfer, initial: InitialRun, vocabulary: VocabularyPair) -> None:
    where = shown_path(initial.run.folder)
    if not found.taken:
        raise AttnlabError(
            f"init_from={where}: none of its weights fits this model; leave out what makes it "
            "another one, such as model= or model.size="
        )
    sides = found.rows.items() if not vocabulary.shared else list(found.rows.items())[:1]
    for side, (rows, pieces) in sides:
        of_side = "" if vocabulary.shared else f"{side} "
        logger.info("%s of %s %spieces keep their embeddings", f"{rows:,}", f"{pieces:,}", of_side)
    count = len(found.taken) + len(found.fresh)
    logger.info("%d of %d weights are those of %s", len(found.taken), count, where)
    if found.fresh:
        logger.info("begin at random: %s", _by_part(found.fresh))
    if found.left:
        logger.info("not taken from there: %s", _by_part(found.left))


def _by_part(names: Sequence[str]) -> str:
    """The parts of a model that weights belong to, each with their number."""
    counts = Counter(map(part_name, names))
    return ", ".join(f"{part} ({count})" for part, count in counts.items())
