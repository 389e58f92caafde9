"""How the processes of a group come to train the same run: the first decides, the others follow.

Only the first composes a config, learns a vocabulary and opens the run's folder. The others read
the training files for themselves: another machine has its own.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from attnlab.data.store.corpus import TokenisedCorpus
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.run.folder import Run
from attnlab.support.errors import AttnlabError, described
from attnlab.training.distributed import ProcessGroup


@dataclass(frozen=True)
class Work:
    """What the first process has the others do; `models` are those of its vocabulary, or one."""

    run: Run
    models: list[bytes]
    resume: bool

    @property
    def vocabulary(self) -> VocabularyPair:
        """The vocabulary that all train with."""
        sides = [Vocabulary.from_model(model) for model in self.models]
        return VocabularyPair(sides[0], sides[-1])


class Orders:
    """What the first process of `group` tells the others, once: some work, or its failure."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._are_given = False

    def give(self, run: Run, corpus: TokenisedCorpus, resume: bool) -> None:
        """Have the others train `run` too, once they have its corpus, as this process has.

        Raises:
            AttnlabError: one of them has not, or has another one.
        """
        vocabulary = corpus.vocabulary
        sides = [vocabulary.source] if vocabulary.shared else [vocabulary.source, vocabulary.target]
        self._tell(Work(run, [side.model for side in sides], resume))
        self._meet(lambda: corpus)

    @contextmanager
    def given_or_refused(self) -> Iterator[None]:
        """A block that gives the others work, or fails; then they fail alike.

        A failure that nobody foresaw is told them in words: an exception of any kind may not reach
        another process. None of them waits for a first one that has gone.
        """
        try:
            yield
        except AttnlabError as error:
            if not self._are_given:
                self._tell(error)
            raise
        except BaseException as error:
            if not self._are_given:
                with suppress(RuntimeError):  # perhaps because the others have ended
                    self._tell(_in_words(error))
            raise

    def _tell(self, order: Work | AttnlabError) -> None:
        self._are_given = True
        self.group.broadcast(order)

    def take(self, load: Callable[[Work], TokenisedCorpus]) -> tuple[Work, TokenisedCorpus]:
        """What the first process gives, and what `load` makes of it.

        Raises:
            AttnlabError: the first process failed, and with this; or as for `give`.
        """
        order: Work | AttnlabError | None = self.group.broadcast(None)
        if isinstance(order, AttnlabError):
            raise order
        assert isinstance(order, Work)
        return order, self._meet(lambda: load(order))

    def _meet(self, load: Callable[[], TokenisedCorpus]) -> TokenisedCorpus:
        with self.group.raise_together():
            corpus = load()
        _require_one_corpus(corpus, self.group)
        return corpus


def _in_words(error: BaseException) -> AttnlabError:
    what = described(error) if isinstance(error, Exception) else type(error).__name__
    return AttnlabError(f"the first process of this training has ended: {what}")


def _require_one_corpus(corpus: TokenisedCorpus, group: ProcessGroup) -> None:
    if group.size == 1:
        return
    found = group.gather((socket.gethostname(), corpus.digest))
    for rank, (machine, digest) in enumerate(found):
        if digest != found[0][1]:
            raise AttnlabError(
                f"process {rank} ({machine}) has other sentences than process 0 ({found[0][0]}); "
                "give every machine the same files in the place that data.root= names"
            )
