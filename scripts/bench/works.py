"""What is measured: sizes of models, the batches they train on, and who trains on them.

A work is a configuration of attnlab's, from which the peers' adaptors read the same sizes. Every
contender gets the same Multi30k batches, made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.batching import Batch, EncodedPair, TrainingBatches, collate
from attnlab.data.corpus import load_split
from attnlab.data.vocabulary import VocabularyPair
from attnlab.support.schema import from_node


@dataclass(frozen=True)
class Contender:
    """A trainer of a work: the adaptor of that name, with `overrides` to the work's settings.

    `book_padding`: it trains on batches padded as the d2l book pads them instead of on ours.
    """

    label: str
    peer: str
    overrides: tuple[str, ...] = ()
    book_padding: bool = False


@dataclass(frozen=True)
class Work:
    """One table: settings as for `attnlab train`, and who trains with them, ours first.

    Batches have at most `batch_tokens` target tokens as the settings say, or `sentences`.
    """

    settings: tuple[str, ...]
    contenders: tuple[Contender, ...]
    sentences: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A work's vocabulary size and its batches: ours, and padded as in the book."""

    vocabulary: int
    batches: list[Batch]
    book_batches: list[Batch]


OURS = Contender("attnlab", "attnlab")
FLOAT32 = Contender("attnlab, float32", "attnlab", ("precision=float32",))
JOEYNMT = Contender("JoeyNMT", "joeynmt")
D2L = (
    Contender("d2l, our batches", "d2l"),
    Contender("d2l, padded as in the book", "d2l", book_padding=True),
)
TRANSFORMERS = (
    OURS,
    FLOAT32,
    JOEYNMT,
    Contender("MarianMT", "marian"),
    Contender("OpenNMT-py", "opennmt"),
    Contender("torch.nn.Transformer", "torch_nn"),
)
RECURRENT = (
    "vocabulary.size=8000",
    "model.embedding_size=256",
    "model.hidden_size=256",
    "model.layers=2",
)
WORKS = {
    "transformer-tiny": Work(
        (
            "model=transformer",
            "vocabulary.size=10000",
            "model.size=128",
            "model.feedforward_size=256",
            "model.encoder_layers=4",
            "model.decoder_layers=4",
        ),
        TRANSFORMERS,
    ),
    "transformer-mid": Work(
        (
            "model=transformer",
            "vocabulary.size=8000",
            "model.size=256",
            "model.feedforward_size=1024",
        ),
        TRANSFORMERS,
    ),
    "bahdanau": Work(
        ("model=bahdanau", *RECURRENT),  # both directions: JoeyNMT's encoder knows no other
        (
            OURS,
            Contender("attnlab, no input feeding", "attnlab", ("model.input_feeding=false",)),
            FLOAT32,
            JOEYNMT,
            *D2L,
        ),
        sentences=128,
    ),
    "rnn": Work(
        ("model=rnn", *RECURRENT, "model.bidirectional=false"),  # as in the book
        (OURS, FLOAT32, *D2L),
        sentences=128,
    ),
    "defaults": Work(
        ("model=bahdanau",),
        tuple(
            Contender(name, "attnlab", (f"model={name}",))
            for name in ("rnn", "bahdanau", "transformer")
        ),
    ),
}


def configuration(work: Work, root: str, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """The work's settings on Multi30k in `root`, with `overrides` on top."""
    chosen = ["data=multi30k", f"data.root={root}", "batch_tokens=4096", *work.settings, *overrides]
    return from_node(ExperimentConfig, launch.compose(launch.TRAIN, chosen))


def prepare(work: Work, root: str, updates: int) -> Prepared:
    """The first `updates` batches of training on the work."""
    config = configuration(work, root)
    pairs = load_split(config.data, config.seed, "train")
    vocabulary = VocabularyPair.train(pairs, config.vocabulary)
    sources = vocabulary.source.encode_many([pair.source for pair in pairs])
    targets = vocabulary.target.encode_many([pair.target for pair in pairs])
    encoded = [EncodedPair(*sides) for sides in zip(sources, targets, strict=True)]
    if work.sentences is None:
        all_batches = TrainingBatches(encoded, config.batch_tokens, config.seed).epoch(0)
        batches = [batch for _, batch in zip(range(updates), all_batches, strict=False)]
    else:
        batches = _group_by_length(encoded, work.sentences, updates)
    book_batches = _as_the_book_pads(encoded, work.sentences or 128, updates)
    return Prepared(len(vocabulary.target), batches, book_batches)


def _group_by_length(pairs: Sequence[EncodedPair], sentences: int, updates: int) -> list[Batch]:
    order = sorted(range(len(pairs)), key=lambda i: (len(pairs[i].target), len(pairs[i].source)))
    starts = np.arange(0, len(pairs) - sentences, sentences)
    chosen = np.random.default_rng(1).permutation(starts)[:updates]
    return [collate([pairs[i] for i in order[start : start + sentences]]) for start in chosen]


def _as_the_book_pads(pairs: Sequence[EncodedPair], sentences: int, updates: int) -> list[Batch]:
    """Sentences in random order, all padded to one length, that of the longest.

    The book cuts longer sentences off at its length; here the longest hundredth is left out,
    which favours it.
    """
    lengths = np.array([max(len(pair.source), len(pair.target)) + 1 for pair in pairs])
    longest = int(np.quantile(lengths, 0.99))
    fitting = np.flatnonzero(lengths <= longest)
    order = np.random.default_rng(1).permutation(fitting)
    batches = []
    for start in range(0, updates * sentences, sentences):
        batch = collate([pairs[i] for i in order[start : start + sentences]])
        for name, side in vars(batch).items():
            # PAD and False are both 0.
            padded = side.new_zeros(len(side), longest)
            padded[:, : side.size(1)] = side
            setattr(batch, name, padded)
        batches.append(batch)
    return batches
