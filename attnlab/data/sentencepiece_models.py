"""SentencePiece's models: learning one, and what one says of itself. Knows no ids of texts."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sentencepiece
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from attnlab.data.normalisation import joined_marks, rule_files, rules_of
from attnlab.data.tokens import BEGIN, END, PAD, SPECIAL, UNKNOWN
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.errors import AttnlabError

_FORMAT: Any = sentencepiece_model_pb2  # its classes are made when it is imported
_AS_IT_STANDS = "identity"  # SentencePiece's default turns no-break spaces into plain ones
_REWRITES = "attnlab"  # the name of what is done to text, where something is
_LONGEST_SENTENCE_BYTES = 1 << 30  # SentencePiece drops longer ones in silence; this is its limit
_CHARACTERS_NEEDED = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")
_SPACE = "\u2581"  # as SentencePiece writes it
_RESERVED = "\u2585"  # SentencePiece's trainer leaves out sentences that have it
_SPECIAL_NAMES = {  # in the order of their ids
    "pad_piece": "<pad>",
    "unk_piece": "<unk>",
    "bos_piece": "<s>",
    "eos_piece": "</s>",
}


@dataclass(frozen=True)
class ModelFacts:
    """`has_words`: whether its pieces are whole words. `rewrites`: whether it reads other text."""

    has_words: bool
    rewrites: bool


def facts_of(model: bytes) -> ModelFacts:
    """What a model of attnlab's says of itself.

    Raises:
        ValueError: it is none, or is cut short.
    """
    if not model:
        raise ValueError("it is empty")
    try:
        proto = _FORMAT.ModelProto.FromString(model)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    # What is done to text is written last. SentencePiece does not miss it, nor any piece before
    # it, in a file that was cut between two pieces.
    rewrites = proto.denormalizer_spec.name == _REWRITES
    if not rewrites and proto.normalizer_spec.name != _AS_IT_STANDS:
        raise ValueError("it is cut short, or normalises text in another way")
    return ModelFacts(proto.trainer_spec.model_type == _FORMAT.TrainerSpec.WORD, rewrites)


def learn_model(sentences: Iterable[str], config: VocabularyConfig) -> bytes:
    """SentencePiece's model of normalised sentences; the same ones give the same model.

    Raises:
        AttnlabError: when `config.size` does not even hold the characters.
    """
    rules = rules_of(config)
    if not rules and config.model != "word":
        model = _trained(sentences, config, normalization_rule_name=_AS_IT_STANDS)
        return _serialised(_finished(model, config))
    texts = list(sentences)
    if rules:
        written = joined_marks(texts) if config.split_punctuation else {}
        with rule_files(rules, written) as (reading, writing):
            files = {"normalization_rule_tsv": reading}
            if written:
                files["denormalization_rule_tsv"] = writing
            model = _trained(texts, config, **files)
    else:
        model = _trained(texts, config, normalization_rule_name=_AS_IT_STANDS)
    proto = _finished(model, config)
    for spec in (proto.normalizer_spec, proto.denormalizer_spec):
        spec.ClearField("normalization_rule_tsv")  # a file that is there no more
    if rules:
        proto.denormalizer_spec.name = _REWRITES
    if config.model == "word":
        _keep(proto, _frequent_words(model, texts, config).__contains__)
    return _serialised(proto)


def _finished(model: bytes, config: VocabularyConfig) -> Any:
    """The model with its special pieces' own names, which no piece of text has."""
    proto = _FORMAT.ModelProto.FromString(model)
    taken = {*_SPECIAL_NAMES.values()}
    if config.model != "word":
        taken.add(f"{_SPACE}{_SPECIAL_NAMES['unk_piece']}")  # what stands for an unknown word
    _keep(proto, lambda piece: piece not in taken)
    for place, (field, name) in zip(SPECIAL, _SPECIAL_NAMES.items(), strict=True):
        proto.pieces[place].piece = name
        setattr(proto.trainer_spec, field, name)
    return proto


def _keep(proto: Any, is_kept: Callable[[str], bool]) -> None:
    """Remove the pieces of text that are not to be kept."""
    kept = [
        piece
        for place, piece in enumerate(proto.pieces)
        if place in SPECIAL or is_kept(piece.piece)
    ]
    del proto.pieces[:]
    proto.pieces.extend(kept)


def _serialised(proto: Any) -> bytes:
    return bytes(proto.SerializeToString(deterministic=True))


def _trained(sentences: Iterable[str], config: VocabularyConfig, **normalisation: Any) -> bytes:
    written = io.BytesIO()
    # The trainer takes these out of sentences, so they are such as no sentence has: two spaces.
    names: dict[str, Any] = {field: f"{_SPACE}{_SPACE}{field}" for field in _SPECIAL_NAMES}
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(sentence.replace(_RESERVED, " ") for sentence in sentences),
            model_writer=written,
            model_type=config.model,
            vocab_size=config.size,
            hard_vocab_limit=False,
            use_all_vocab=config.model == "word",  # those that are too many, or rare, go later
            character_coverage=config.character_coverage,
            max_sentence_length=_LONGEST_SENTENCE_BYTES,
            num_threads=1,
            minloglevel=2,
            pad_id=PAD,
            unk_id=UNKNOWN,
            bos_id=BEGIN,
            eos_id=END,
            **names,
            **normalisation,
        )
    except RuntimeError as error:
        needed = _CHARACTERS_NEEDED.search(str(error))
        if needed is None:
            raise AttnlabError(f"SentencePiece cannot make a vocabulary: {error}") from error
        raise AttnlabError(
            f"vocabulary.size={config.size} does not hold the corpus's characters: set "
            f"vocabulary.size={needed[1]} or more, or a lower vocabulary.character_coverage"
        ) from error
    return written.getvalue()


def _frequent_words(model: bytes, texts: Iterable[str], config: VocabularyConfig) -> set[str]:
    """The words, as pieces, that are frequent enough; the most frequent, if there are too many."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(filter(None, str(processor.normalize(text)).split(_SPACE)))
    enough = [word for word, count in counts.items() if count >= config.minimum_frequency]
    enough.sort(key=lambda word: (-counts[word], word))
    return {f"{_SPACE}{word}" for word in enough[: config.size - len(SPECIAL)]}
