"""Translation models. Importing this package registers them all by name."""

from attnlab.models import bahdanau, convolutional, rnn, transformer
from attnlab.models.interface import (
    MODELS,
    DecoderState,
    EncoderDecoder,
    ModelConfig,
    VocabularySizes,
)

__all__ = [
    "MODELS",
    "DecoderState",
    "EncoderDecoder",
    "ModelConfig",
    "VocabularySizes",
    "bahdanau",
    "convolutional",
    "rnn",
    "transformer",
]
