"""The corpus and vocabulary of a run before training, and the messages at its start."""

import logging
from dataclasses import replace

import torch
from torch import nn

from attnlab.config import ExperimentConfig
from attnlab.data.token_cache import TokenisedCorpus, tokenised_corpus
from attnlab.data.vocabulary import VocabularyPair
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.run.folder import Run, write_config, writing_to
from attnlab.support.errors import AttnlabError
from attnlab.support.files import sync
from attnlab.training.distributed import ProcessGroup
from attnlab.training.state import TrainState

logger = logging.getLogger(__name__)


def with_new_vocabulary(run: Run) -> tuple[Run, TokenisedCorpus]:
    """Load the run's corpus and write its vocabulary to its folder.

    The returned run has the digests of both in its identity.
    """
    corpus = load(run.config, run.config.vocabulary)
    if run.identity is not None:
        digests = {"corpus": corpus.digest, "vocabulary": corpus.vocabulary.digest}
        run = replace(run, identity=replace(run.identity, **digests))
    with writing_to(run.folder):
        write_config(run)
        corpus.vocabulary.save(run.folder)
        files = [path for path in run.folder.iterdir() if path.is_file()]
        sync([*files, run.folder, *list(run.folder.absolute().parents)[:2]])
    return run, corpus


def with_own_corpus(run: Run) -> TokenisedCorpus:
    """Load the corpus of a run to be resumed, in the run's own vocabulary.

    Raises:
        AttnlabError: the vocabulary or the sentences are not those that it was trained on.
    """
    corpus = load(run.config, run.load_vocabulary())
    if run.identity is None or run.identity.corpus is None:
        logger.warning(
            "%s: was begun by an attnlab that recorded no digest of its corpus; the training goes "
            "on with what the files hold now",
            run.folder,
        )
    elif corpus.digest != run.identity.corpus:
        files = dict.fromkeys(path for each in corpus.reports.values() for path in each.paths)
        raise AttnlabError(
            f"{', '.join(files)}: not the sentences that {run.folder} was trained on (their digest "
            "is another); put those back, name where they are with data.root= or data.train=, or "
            "train a new run"
        )
    return corpus


def load(
    config: ExperimentConfig, vocabulary: VocabularyConfig | VocabularyPair
) -> TokenisedCorpus:
    """The configured corpus in the pieces of a vocabulary, given or learnt; logs what was read."""
    corpus = tokenised_corpus(config.data, config.seed, vocabulary)
    for report in corpus.reports.values():
        logger.info("%s", report)
    return corpus


def log_start(
    config: ExperimentConfig, vocabulary: VocabularyPair, model: nn.Module, group: ProcessGroup
) -> None:
    """Log the model and its size, and the device and threads that train it."""
    parameters = list(model.parameters())
    threads = torch.get_num_threads()
    logger.info(
        "%s · %s parameters · vocabulary %s · score %s, weights by %s · %s products · "
        "%s, %d thread%s%s",
        config.model.name,
        f"{sum(parameter.numel() for parameter in parameters):,}",
        f"{len(vocabulary.target):,}",
        config.score.name,
        config.normaliser.name,
        config.precision,
        parameters[0].device,
        threads,
        "" if threads == 1 else "s",
        f" in each of {group.size} processes" if group.size > 1 else "",
    )


def log_resume(restored: TrainState | None, group: ProcessGroup) -> None:
    """Log where a resumed run goes on."""
    if restored is None:
        logger.info("there is no checkpoint yet; training begins once more")
        return
    logger.info("going on from update %s", f"{restored.update:,}")
    if restored.processes != group.size:
        logger.info(
            "%d processes instead of %d: random numbers will be others, such as dropout's",
            group.size,
            restored.processes,
        )
