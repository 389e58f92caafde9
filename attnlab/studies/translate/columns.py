"""What is written for a translated sentence: its text, columns between tabs, or a JSON object."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from attnlab.data.batching import EncodedPair
from attnlab.run.loaded import LoadedRun
from attnlab.studies.translate.alignment import pharaoh_links
from attnlab.translate import Translation

Format = Literal["tsv", "json"]


@dataclass(frozen=True)
class Columns:
    """What is wanted of each sentence.

    `format`: tsv has a row for each hypothesis, of its line's number, rank, score, text and
    alignment as far as they are wanted; json an object for each line. `alignment`: links in
    Pharaoh format, as of `pharaoh_links`.
    """

    format: Format = "tsv"
    alignment: bool = False

    def as_json(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)

    def render(
        self, trained: LoadedRun, translations: Sequence[Translation], first: int
    ) -> Iterator[str]:
        """The lines to write for `translations`, the first of which is line `first`."""
        links = [""] * len(translations)
        if self.alignment:
            pairs = [EncodedPair(each.source_tokens, each.target_tokens) for each in translations]
            links = pharaoh_links(trained, pairs, [each.source for each in translations])
        for number, (each, link) in enumerate(zip(translations, links, strict=True), first):
            if self.format == "json":
                yield self._object(trained, each, link, number)
            else:
                yield f"{each.text}\t{link}\n" if self.alignment else f"{each.text}\n"

    def _object(self, trained: LoadedRun, translation: Translation, link: str, number: int) -> str:
        found: dict[str, Any] = {
            "text": translation.text,
            "pieces": trained.vocabulary.target.pieces(translation.target_tokens),
            "log_probability": translation.log_probability,
        }
        if self.alignment:
            found["alignment"] = link
        values = {"line": number, "source": translation.source, "hypotheses": [found]}
        return json.dumps(values, ensure_ascii=False) + "\n"
