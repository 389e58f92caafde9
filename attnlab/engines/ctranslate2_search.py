"""CTranslate2's own search, with the settings of attnlab's that it has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from attnlab.data.tokens import BEGIN, END, PAD
from attnlab.data.vocabulary import VocabularyPair
from attnlab.engines.ctranslate2_model import LONGEST
from attnlab.models.interface import Source, SourceMask
from attnlab.models.stepping import StepDecoder
from attnlab.search import Hypothesis, Search, SearchConfig
from attnlab.search.beam import BeamConfig
from attnlab.search.interface import Task
from attnlab.support.errors import AttnlabError, UsageError


class CTranslate2Model:
    """A converted model, in its folder, on the CPU with torch's number of threads."""

    def __init__(self, folder: Path, vocabulary: VocabularyPair, compute_type: str) -> None:
        import ctranslate2

        try:
            self.translator = ctranslate2.Translator(
                str(folder),
                device="cpu",
                compute_type=compute_type,
                inter_threads=1,
                intra_threads=torch.get_num_threads(),
            )
        except (RuntimeError, ValueError) as error:
            raise AttnlabError(
                f"{folder}: CTranslate2 cannot load it ({error}); delete the folder, and it is "
                "exported anew"
            ) from error
        self._source = vocabulary.source.pieces(range(len(vocabulary.source)))
        self._target = vocabulary.target.pieces(range(len(vocabulary.target)))
        self._ids = {piece: token for token, piece in enumerate(self._target)}

    @property
    def device(self) -> torch.device:
        """See `Searchable`."""
        return torch.device("cpu")

    def step_decoder(self, source: Source, source_mask: SourceMask) -> StepDecoder:
        """Not there: CTranslate2 shows no step of its searches."""
        raise NotImplementedError("CTranslate2 searches by itself")

    def translate(
        self, sources: list[list[int]], prefixes: list[list[int]] | None, **options: Any
    ) -> list[list[tuple[list[int], float]]]:
        """The ids of hypotheses, with END if they reached it, and their scores.

        `sources` are without END; `options` are those of `Translator.translate_batch`.
        """
        begun = None
        if prefixes is not None:
            begun = [[self._target[token] for token in prefix] for prefix in prefixes]
        found = self.translator.translate_batch(
            [[self._source[token] for token in source] for source in sources],
            target_prefix=begun,
            suppress_sequences=[[self._target[PAD]], [self._target[BEGIN]]],
            disable_unk=True,
            return_scores=True,
            return_end_token=True,
            max_input_length=0,
            **options,
        )
        return [
            [
                ([self._ids[piece] for piece in pieces], score)
                for pieces, score in zip(each.hypotheses, each.scores, strict=True)
            ]
            for each in found
        ]


class CTranslate2Search(Search):
    """Greedy and beam search of a `CTranslate2Model`.

    Probabilities of the tokens that may be chosen sum to 1: those of no other token count, of which
    a trained model has next to nothing.

    Raises:
        UsageError: the search has a setting that CTranslate2 does not.
    """

    def __init__(self, config: SearchConfig) -> None:
        super().__init__(config)
        reasons = list(_unknown(config))
        if reasons:
            raise UsageError(
                f"engine=ctranslate2 has no {', nor '.join(reasons)}; leave it out, or choose "
                "engine=onnxruntime or torch"
            )
        self._options: dict[str, Any] = {
            "beam_size": 1,
            "length_penalty": 0.0,
            "min_decoding_length": config.min_length,
            "no_repeat_ngram_size": config.no_repeat_ngram or 0,
        }
        if isinstance(config, BeamConfig):
            self._options |= {
                "beam_size": config.beam_size,
                "num_hypotheses": config.n_best,
                "length_penalty": config.length_penalty,
            }

    def _search(self, task: Task) -> list[list[Hypothesis]]:
        """See `Search`. CTranslate2 has one limit of lengths a call: sources are grouped by it."""
        model, prefixes = task.model, task.constraints.prefixes
        assert isinstance(model, CTranslate2Model)
        lengths, limits = task.source_mask.sum(1).tolist(), task.longest.tolist()
        for length, longest in zip(lengths, limits, strict=True):
            if max(length, longest) > LONGEST:
                raise AttnlabError(
                    f"engine=ctranslate2: a source of {length} tokens, with a translation of up to "
                    f"{longest}, has more than the {LONGEST} positions that were exported; lower "
                    "search.max_length_factor=, or choose engine=onnxruntime"
                )
        found: list[list[Hypothesis]] = [[] for _ in lengths]
        for longest in sorted(set(limits)):
            rows = [row for row, limit in enumerate(limits) if limit == longest]
            results = model.translate(
                [task.source[row, : lengths[row] - 1].tolist() for row in rows],
                None if prefixes is None else [list(prefixes[row]) for row in rows],
                max_decoding_length=longest,
                **self._options,
            )
            for row, hypotheses in zip(rows, results, strict=True):
                found[row] = [self._hypothesis(*each) for each in hypotheses]
        return found

    def _hypothesis(self, tokens: list[int], score: float) -> Hypothesis:
        log_probability = score * len(tokens) ** self._options["length_penalty"]
        ended = tokens[:-1] if tokens[-1:] == [END] else tokens
        return Hypothesis(ended, log_probability, score)


def _unknown(config: SearchConfig) -> Iterator[str]:
    if config.name not in ("greedy", "beam"):
        yield f"search={config.name}"
    if isinstance(config, BeamConfig):
        if config.length_normalisation != "average":
            yield f"search.length_normalisation={config.length_normalisation}"
        if config.coverage_penalty:
            yield f"search.coverage_penalty={config.coverage_penalty} of attnlab's kind"
        if config.groups > 1:
            yield f"search.groups={config.groups}"
