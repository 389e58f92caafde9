"""What is written for a translated sentence: its text, columns between tabs, or a JSON object."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from attnlab.data.batching import EncodedPair
from attnlab.data.reading.lines import count_lines, lines_of_file
from attnlab.run.loaded import LoadedRun
from attnlab.search import Hypothesis
from attnlab.studies.translate.alignment import pharaoh_links
from attnlab.translate import Translation

Format = Literal["tsv", "json"]


@dataclass(frozen=True)
class Columns:
    """What is wanted of each sentence.

    `format`: tsv has a row for each hypothesis, of its line's number, rank, score, text and
    alignment as far as they are wanted; json an object for each line. `n_best`: the number of
    hypotheses; None is the best one, whose row has neither number nor rank. `alignment`: links in
    Pharaoh format, as of `pharaoh_links`.
    """

    format: Format = "tsv"
    n_best: int | None = None
    scores: bool = False
    alignment: bool = False

    @property
    def has_scores(self) -> bool:
        """Whether they have a score or log p."""
        return self.scores or self.n_best is not None or self.format == "json"

    def as_json(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)

    def count(self, path: Path) -> int:
        """The number of lines whose translations a file of these columns has."""
        if self.n_best is None or self.format == "json":
            return count_lines(path)
        last = ""
        for group in lines_of_file(path):
            last = group[-1]
        number = last.partition("\t")[0]
        return int(number) if number.isdecimal() else 0

    def render(
        self, trained: LoadedRun, translations: Sequence[Translation], first: int
    ) -> Iterator[str]:
        """The lines to write for `translations`, the first of which is line `first`."""
        found = [_ranked(each) for each in translations]
        links = [[""] * len(each) for each in found]
        if self.alignment:
            links = _aligned(trained, translations, found)
        vocabulary = trained.vocabulary.target
        for number, (each, ranked, aligned) in enumerate(
            zip(translations, found, links, strict=True), first
        ):
            texts = [each.text, *(vocabulary.decode(other.tokens) for other in ranked[1:])]
            rows = list(zip(texts, ranked, aligned, strict=True))
            if self.format == "json":
                hypotheses = [self._object(trained, *row) for row in rows]
                values = {"line": number, "source": each.source, "hypotheses": hypotheses}
                yield json.dumps(values, ensure_ascii=False) + "\n"
                continue
            for rank, row in enumerate(rows, start=1):
                yield "\t".join(self._cells(number, rank, *row)) + "\n"

    def _object(
        self, trained: LoadedRun, text: str, hypothesis: Hypothesis, links: str
    ) -> dict[str, Any]:
        found = {
            "text": text,
            "pieces": trained.vocabulary.target.pieces(hypothesis.tokens),
            "score": hypothesis.score,
            "log_probability": hypothesis.log_probability,
        }
        return found | ({"alignment": links} if self.alignment else {})

    def _cells(
        self, number: int, rank: int, text: str, hypothesis: Hypothesis, links: str
    ) -> Iterator[str]:
        if self.n_best is not None:
            yield str(number)
            yield str(rank)
        if self.has_scores:
            yield f"{hypothesis.score:.4f}"
        yield text
        if self.alignment:
            yield links


def _ranked(translation: Translation) -> list[Hypothesis]:
    """The n-best list; that of a blank source is an empty translation."""
    return translation.hypotheses or [Hypothesis([], 0.0, 0.0)]


def _aligned(
    trained: LoadedRun, translations: Sequence[Translation], found: Sequence[Sequence[Hypothesis]]
) -> list[list[str]]:
    """The links of each hypothesis of each sentence."""
    pairs = [
        (EncodedPair(each.source_tokens, hypothesis.tokens), each.source)
        for each, ranked in zip(translations, found, strict=True)
        for hypothesis in ranked
    ]
    links = iter(pharaoh_links(trained, [pair for pair, _ in pairs], [text for _, text in pairs]))
    return [[next(links) for _ in ranked] for ranked in found]
