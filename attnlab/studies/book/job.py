"""A run beside Dive into Deep Learning's own: what `attnlab eval --book` shows."""

import re
from collections.abc import Sequence

from attnlab.data.corpus import find_files, load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.reading.files import read_files
from attnlab.data.reading.lines import normalise
from attnlab.data.tokens import UNKNOWN
from attnlab.run.loaded import LoadedRun
from attnlab.run.metrics import METRICS, recorded_validations
from attnlab.studies.book.figures import BEST_LOSSES, SENTENCES, BookReport, Translated
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.training.selection import LOSS

SETTINGS = ("checkpoint=last", "search=greedy")
"""How the book uses its models: as they are after the last epoch, by the likeliest next word."""


def with_book_settings(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command, and `SETTINGS`, where they say nothing else."""
    named = {argument.partition("=")[0] for argument in arguments}
    return [*arguments, *(each for each in SETTINGS if each.partition("=")[0] not in named)]


def book_report(trained: LoadedRun) -> BookReport:
    """The run's losses and translations beside the book's.

    References are those of the run's own corpus, which is the user's file: attnlab has none.

    Raises:
        UsageError: the book has no model of this kind.
        AttnlabError: the corpus has none of the book's sentences, or the run was not validated.
    """
    run, data = trained.run, trained.run.config.data
    model = run.config.model.name
    if model not in BEST_LOSSES:
        raise UsageError(
            f"--book: the book trains no model={model}; it has: {', '.join(BEST_LOSSES)}"
        )
    references = _references(trained)
    losses = [
        found.scores[LOSS] for found in recorded_validations(run).values() if LOSS in found.scores
    ]
    if not losses:
        raise AttnlabError(f"{run.folder}: {METRICS} has no valid/{LOSS} to put beside the book's")
    pairs = load_split(data, run.config.seed, "valid")
    target = trained.vocabulary.target
    tokens = [token for ids in target.encode_many([p.target for p in pairs]) for token in ids]
    return BookReport(
        model=model,
        best_loss=min(losses),
        last_loss=losses[-1],
        unknown=tokens.count(UNKNOWN) / (len(tokens) + len(pairs)),  # with an end each
        sentences=_translated(trained, [(each, references[each]) for each in SENTENCES]),
        validation=_translated(trained, [(pair.source, [pair.reference]) for pair in pairs]),
        recipe=str(trained.recipe),
        origin=trained.recipe.as_json(),
    )


def _references(trained: LoadedRun) -> dict[str, list[str]]:
    """All translations that the corpus's file has of each of the book's sentences."""
    data = trained.run.config.data
    pairs: list[SentencePair] = []
    if (data.source_language, data.target_language) == ("en", "fr"):
        pairs, _ = read_files(find_files(data, data.train))
    found: dict[str, list[str]] = {sentence: [] for sentence in SENTENCES}
    asked = {_key(sentence): sentence for sentence in SENTENCES}
    for pair in pairs:
        if sentence := asked.get(_key(pair.source)):
            found[sentence].append(pair.reference)
    if not any(found.values()):
        raise AttnlabError(
            f"{trained.run.folder}: --book is for runs on Tatoeba's English and French, and "
            f"data={data.name} has none of the book's sentences; train experiment=d2l_seq2seq, "
            "d2l_bahdanau or d2l_transformer, after `attnlab data get tatoeba` or with data.root="
        )
    return found


def _key(text: str) -> str:
    """A sentence as the book writes it and as the file does, alike."""
    return re.sub(r"\s+(?=[,.!?])", "", text.lower())


def _translated(
    trained: LoadedRun, asked: Sequence[tuple[str, Sequence[str]]]
) -> tuple[Translated, ...]:
    def words(text: str) -> tuple[str, ...]:
        return tuple(trained.vocabulary.target.rewritten(normalise(text)).split())

    found = trained.translator.translate([source for source, _ in asked])
    return tuple(
        Translated(
            source=source,
            hypothesis=each.text,
            references=tuple(dict.fromkeys(references)),
            hypothesis_words=words(each.text),
            reference_words=tuple(map(words, references)),
        )
        for each, (source, references) in zip(found, asked, strict=True)
    )
