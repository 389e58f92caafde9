"""The first process of a group chooses the run, and the others train it too."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from attnlab.data.token_cache import TokenisedCorpus
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.run.folder import Run
from attnlab.support.errors import AttnlabError, described
from attnlab.training.distributed import ProcessGroup


@dataclass(frozen=True)
class SharedRun:
    """What every process trains; `models` are those of the vocabulary: one if shared, else two."""

    run: Run
    models: list[bytes]
    resume: bool

    @property
    def vocabulary(self) -> VocabularyPair:
        """The vocabulary that all train with."""
        sides = [Vocabulary(model) for model in self.models]
        return VocabularyPair(sides[0], sides[-1])


class RunBroadcast:
    """Sends the first process's run, or the error that it failed with, to the others of `group`.

    Each process reads the training files itself: those of another machine are elsewhere.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._is_sent = False

    def send(self, run: Run, corpus: TokenisedCorpus, resume: bool) -> None:
        """Have the others train `run`, too.

        Raises:
            AttnlabError: one of them cannot read the corpus, or has another one.
        """
        vocabulary = corpus.vocabulary
        sides = [vocabulary.source] if vocabulary.shared else [vocabulary.source, vocabulary.target]
        self._send(SharedRun(run, [side.model for side in sides], resume))
        self._agree(lambda: corpus)

    @contextmanager
    def failure_sent(self) -> Iterator[None]:
        """A block with a `send`; an error before it is sent instead, so that no process waits.

        Other exceptions become an `AttnlabError`, since not all of them can be pickled.
        """
        try:
            yield
        except BaseException as error:
            if not self._is_sent:
                text = described(error) if isinstance(error, Exception) else type(error).__name__
                known = isinstance(error, AttnlabError)
                ended = AttnlabError(f"the first process of this training has ended: {text}")
                with suppress(RuntimeError):  # the others may have ended
                    self._send(error if known else ended)
            raise

    def _send(self, content: SharedRun | BaseException) -> None:
        self._is_sent = True
        self.group.broadcast(content)

    def receive(
        self, load: Callable[[SharedRun], TokenisedCorpus]
    ) -> tuple[SharedRun, TokenisedCorpus]:
        """The first process's run, and the corpus that `load` makes of it.

        Raises:
            AttnlabError: the first process failed, with this error; or as for `send`.
        """
        content: SharedRun | AttnlabError | None = self.group.broadcast(None)
        if isinstance(content, AttnlabError):
            raise content
        assert isinstance(content, SharedRun)
        return content, self._agree(lambda: load(content))

    def _agree(self, load: Callable[[], TokenisedCorpus]) -> TokenisedCorpus:
        with self.group.raise_together():
            corpus = load()
        found = self.group.gather((socket.gethostname(), corpus.digest))
        for rank, (machine, digest) in enumerate(found):
            if digest != found[0][1]:
                raise AttnlabError(
                    f"process {rank} ({machine}) has other sentences than process 0 "
                    f"({found[0][0]}); give every machine the same files in the place that "
                    "data.root= names"
                )
        return corpus
