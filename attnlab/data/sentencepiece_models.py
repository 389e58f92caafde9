"""Training of SentencePiece models, with rules that normalise text as part of the model."""

import io
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sentencepiece
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from attnlab.data.tokens import BEGIN, END, PAD, SPECIAL, UNKNOWN
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.errors import AttnlabError

MARKS = ",.!?"
"""Punctuation that vocabulary.split_punctuation separates from words."""

_FORMAT: Any = sentencepiece_model_pb2  # its classes are made when it is imported
_IDENTITY = "identity"  # SentencePiece's default turns no-break spaces into plain ones
_REWRITES = "attnlab"  # name of the denormaliser of a model with rules
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
    """`has_words`: whether pieces are whole words. `rewrites`: whether rules change the text."""

    has_words: bool
    rewrites: bool


def facts_of(model: bytes) -> ModelFacts:
    """The facts of a model that `learn_model` made.

    Raises:
        ValueError: it is not such a model, or is cut short.
    """
    if not model:
        raise ValueError("it is empty")
    try:
        proto = _FORMAT.ModelProto.FromString(model)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    # The denormaliser is at the end. SentencePiece accepts a file that was cut before it, between
    # two pieces.
    rewrites = proto.denormalizer_spec.name == _REWRITES
    if not rewrites and proto.normalizer_spec.name != _IDENTITY:
        raise ValueError("it is cut short, or normalises text in another way")
    return ModelFacts(proto.trainer_spec.model_type == _FORMAT.TrainerSpec.WORD, rewrites)


def learn_model(sentences: Iterable[str], config: VocabularyConfig) -> bytes:
    """Train a model on normalised sentences; equal sentences give equal models.

    Raises:
        AttnlabError: `config.size` is too small for the characters.
    """
    rules = _rules(config)
    is_plain = not rules and config.model != "word"
    texts = sentences if is_plain else list(sentences)  # read more than once
    joined = _joined_marks(texts) if config.split_punctuation else {}
    with _rule_files(normalization_rule_tsv=rules, denormalization_rule_tsv=joined) as files:
        model = _trained(texts, config, **files or {"normalization_rule_name": _IDENTITY})
    proto = _finished(model, config)
    if not is_plain:
        for spec in (proto.normalizer_spec, proto.denormalizer_spec):
            spec.ClearField("normalization_rule_tsv")  # the path of a temporary file
    if rules:
        proto.denormalizer_spec.name = _REWRITES
    if config.model == "word":
        _filter(proto, _frequent_words(model, texts, config).__contains__)
    return bytes(proto.SerializeToString(deterministic=True))


def _finished(model: bytes, config: VocabularyConfig) -> Any:
    """The model with the names of its special pieces, which no other piece may have."""
    proto = _FORMAT.ModelProto.FromString(model)
    taken = {*_SPECIAL_NAMES.values()}
    if config.model != "word":
        taken.add(f"{_SPACE}{_SPECIAL_NAMES['unk_piece']}")  # an unknown word
    _filter(proto, lambda piece: piece not in taken)
    for place, (field, name) in zip(SPECIAL, _SPECIAL_NAMES.items(), strict=True):
        proto.pieces[place].piece = name
        setattr(proto.trainer_spec, field, name)
    return proto


def _filter(proto: Any, condition: Callable[[str], bool]) -> None:
    """Remove the pieces, except special ones, for which `condition` is false."""
    pieces = [
        piece
        for place, piece in enumerate(proto.pieces)
        if place in SPECIAL or condition(piece.piece)
    ]
    del proto.pieces[:]
    proto.pieces.extend(pieces)


def _trained(sentences: Iterable[str], config: VocabularyConfig, **normalisation: Any) -> bytes:
    written = io.BytesIO()
    # The trainer removes these from sentences, so they have what no sentence has: two spaces.
    names: dict[str, Any] = {field: f"{_SPACE}{_SPACE}{field}" for field in _SPECIAL_NAMES}
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(sentence.replace(_RESERVED, " ") for sentence in sentences),
            model_writer=written,
            model_type=config.model,
            vocab_size=config.size,
            hard_vocab_limit=False,
            use_all_vocab=config.model == "word",  # rare and surplus words are removed later
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
    """The most frequent words, as pieces, within the bounds of `config`."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(filter(None, str(processor.normalize(text)).split(_SPACE)))
    enough = [word for word, count in counts.items() if count >= config.minimum_frequency]
    enough.sort(key=lambda word: (-counts[word], word))
    return {f"{_SPACE}{word}" for word in enough[: config.size - len(SPECIAL)]}


def _rules(config: VocabularyConfig) -> dict[str, str]:
    """Replacements of characters when text is read."""
    rules: dict[str, str] = {}
    if config.lowercase:
        for character in map(chr, range(sys.maxunicode + 1)):
            if character.lower() != character:
                rules[character] = character.lower()
    if config.split_punctuation:
        rules |= {mark: f" {mark}" for mark in MARKS}
        rules |= dict.fromkeys(filter(_is_odd_space, map(chr, range(sys.maxunicode + 1))), " ")
    return rules


def _is_odd_space(character: str) -> bool:
    """Whether it is a no-break, narrow or thin space, as French typography has before `!`."""
    return unicodedata.category(character) == "Zs" and character != " "


def _joined_marks(sentences: Iterable[str]) -> dict[str, str]:
    """Replacements of a space and a mark when text is written: `!` in English, not in French.

    A mark is joined to the word before it if more than half of its occurrences are.
    """
    rules = {}
    for mark in MARKS:
        before = [text[: text.find(mark)][-1:] for text in sentences if text.find(mark) > 0]
        joined = sum(not character.isspace() for character in before)
        if 2 * joined > len(before):
            rules[f" {mark}"] = mark
    return rules


@contextmanager
def _rule_files(**all_rules: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Temporary files of those rules that there are, by the option of SentencePiece's trainer."""
    with TemporaryDirectory() as folder:
        paths = {option: Path(folder) / option for option, rules in all_rules.items() if rules}
        for option, path in paths.items():
            lines = (f"{_codes(old)}\t{_codes(new)}\n" for old, new in all_rules[option].items())
            path.write_text("".join(lines), encoding="utf-8")
        yield {option: str(path) for option, path in paths.items()}


def _codes(text: str) -> str:
    return " ".join(f"{ord(character):X}" for character in text)
