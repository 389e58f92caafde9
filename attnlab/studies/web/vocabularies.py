"""SentencePiece's models as values for the engine in JavaScript."""

import base64
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from attnlab.data.sentencepiece_models import facts_of
from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN
from attnlab.data.vocabulary import Vocabulary, VocabularyPair

SPECIAL = {"pad": PAD, "unknown": UNKNOWN, "begin": BEGIN, "end": END}
"""The ids of special tokens, by their names in the engine."""

_FORMAT: Any = sentencepiece_model_pb2  # its classes are made when it is imported


def vocabulary_values(vocabularies: VocabularyPair) -> list[dict[str, Any]]:
    """The vocabulary of each side, or one if shared, as JSON's values."""
    sides = [vocabularies.source, *[vocabularies.target] * (not vocabularies.shared)]
    return [_values(side) for side in sides]


def _values(vocabulary: Vocabulary) -> dict[str, Any]:
    proto = _FORMAT.ModelProto.FromString(vocabulary.model)
    kinds = {value: name.lower() for name, value in _FORMAT.TrainerSpec.ModelType.items()}
    denormaliser = proto.denormalizer_spec
    return {
        "model": kinds[proto.trainer_spec.model_type],
        "special": SPECIAL,
        "pieces": [each.piece for each in proto.pieces],
        "scores": [each.score for each in proto.pieces],
        "rewrites": facts_of(vocabulary.model).rewrites,
        "normaliser": _rewriter(proto.normalizer_spec),
        "denormaliser": _rewriter(denormaliser) if denormaliser.precompiled_charsmap else None,
    }


def _rewriter(spec: Any) -> dict[str, Any]:
    characters = spec.precompiled_charsmap
    return {
        "charsmap": base64.b64encode(characters).decode() if characters else None,
        "dummyPrefix": spec.add_dummy_prefix,
        "removeExtraSpaces": spec.remove_extra_whitespaces,
        "escapeSpaces": spec.escape_whitespaces,
    }
