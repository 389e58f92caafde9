import logging
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pairs import Layout, SentencePair
from attnlab.data.reading.files import read_pairs
from attnlab.data.reading.lines import normalise
from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.errors import AttnlabError, UsageError
from tests.conftest import shared_data, vocabulary_config

SENTENCES = [
    "la petite fille regarde le chat noir.",
    "le petit garçon ne regarde pas la fille\u202f!",
    "\u00ab\u202fl'eau est froide\u202f\u00bb, dit-il\u00a0; elle l'était.",
    "où est le chat\u202f?",
] * 3
CHARACTERS = sorted(set("".join(SENTENCES)))


def config(name: str = "joint", **changes: Any) -> VocabularyConfig:
    return vocabulary_config(name, **{"size": 60} | changes)


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def vocabulary(request) -> Vocabulary:
    return Vocabulary.train(SENTENCES, config(model=request.param))


def test_special_pieces_have_the_ids_of_tokens(vocabulary):
    assert vocabulary.pieces([PAD, UNKNOWN, BEGIN, END]) == ["<pad>", "<unk>", "<s>", "</s>"]
    assert set("".join(vocabulary.pieces(range(4, len(vocabulary))))) == {
        *CHARACTERS,
        "\u2581",
    } - {" "}


def test_encoding_adds_no_special_piece(vocabulary):
    for sentence in SENTENCES:
        assert min(vocabulary.encode(sentence)) > END
    assert vocabulary.encode_many(SENTENCES) == [vocabulary.encode(text) for text in SENTENCES]
    assert vocabulary.encode("") == []


def test_pieces_spell_the_sentence(vocabulary):
    pieces = vocabulary.pieces(vocabulary.encode(SENTENCES[1]))
    assert "".join(pieces) == "\u2581" + SENTENCES[1].replace(" ", "\u2581")


@given(text=st.text(st.sampled_from(CHARACTERS)))
def test_known_characters_come_back_as_they_were(vocabulary, text):
    text = normalise(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@given(text=st.text())
def test_unknown_characters_become_unknown_and_nothing_else(vocabulary, text):
    tokens = vocabulary.encode(normalise(text))
    assert not {PAD, BEGIN, END} & set(tokens)  # not even for text such as </s>
    known = [token for token in tokens if token != UNKNOWN]
    assert set("".join(vocabulary.pieces(known))) <= {*CHARACTERS, "\u2581"}


def test_text_that_looks_like_a_special_piece_is_text(vocabulary):
    assert not {PAD, BEGIN, END} & set(vocabulary.encode("</s> <pad> <s>"))


SPECIAL_LOOKING = [
    "a <unk> b",
    "</s> c",
    "x</s>y <s>",
    "<pad><unk>z",
    "<unk>x </s>",
    "\u2585 \u2047 a<b/>",
]


@pytest.mark.parametrize("model", ["bpe", "unigram", "word"])
@pytest.mark.parametrize("changes", [{}, {"lowercase": True}, {"split_punctuation": True}])
def test_a_corpus_with_text_like_special_pieces_is_learnt_as_text(model, changes):
    sentences = [normalise(text) for text in SPECIAL_LOOKING] * 5
    vocabulary = Vocabulary.train(sentences, config(model=model, size=90, **changes))
    assert vocabulary.pieces([PAD, BEGIN, END]) == ["<pad>", "<s>", "</s>"]
    again = Vocabulary(vocabulary.model)
    for text in sentences[:5]:
        ids = again.encode(text)
        assert min(ids) > END, text
        assert again.decode(ids) == text
        pieces = again.pieces(ids)
        assert not {"<pad>", "<unk>", "<s>", "</s>"} & {*pieces}
        assert "".join(text[start:stop] for start, stop in again.locate(pieces, text)) == text


def test_decoding_stops_at_the_end_and_passes_over_padding(vocabulary):
    cat = vocabulary.encode("le chat")
    assert vocabulary.decode([BEGIN, *cat, PAD, END, *cat]) == "le chat"
    assert vocabulary.decode([END, *cat]) == ""
    assert " \u2047 " in vocabulary.decode([*cat, UNKNOWN])


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_training_is_repeatable_to_the_byte(tmp_path, model):
    first, second = (Vocabulary.train(iter(SENTENCES), config(model=model)) for _ in range(2))
    assert first.model == second.model


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_a_corpus_that_gives_fewer_pieces_is_no_error_but_a_warning(caplog, model):
    settings = config(model=model, size=9999)
    vocabulary = Vocabulary.train(SENTENCES, settings)
    with caplog.at_level(logging.WARNING):
        vocabulary.warn_if_small(settings)
    assert len(CHARACTERS) < len(vocabulary) < 9999
    assert caplog.messages == [
        f"the corpus gives a vocabulary of {len(vocabulary)} pieces, "
        "not the 9999 of vocabulary.size"
    ]


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_a_size_that_does_not_hold_the_characters_names_the_size_needed(model):
    # the space is a character, and 4 pieces are special
    needed = len(CHARACTERS) + 4
    with pytest.raises(AttnlabError, match=rf"size=10 does not .*set vocabulary\.size={needed} or"):
        Vocabulary.train(SENTENCES, config(model=model, size=10))
    assert len(Vocabulary.train(SENTENCES, config(model=model, size=needed))) == needed


def test_training_prints_nothing(capfd):
    Vocabulary.train(SENTENCES, config())
    assert capfd.readouterr() == ("", "")


def test_a_very_long_sentence_counts(capfd):
    # SentencePiece leaves out what is over 4,192 bytes unless told
    long = "ab " * 20_000 + "\u0153"
    vocabulary = Vocabulary.train([*SENTENCES, long], config())
    assert UNKNOWN not in vocabulary.encode("\u0153")


@pytest.mark.parametrize("sentences", [[], [""]])
def test_nothing_to_learn_from_is_refused(sentences):
    with pytest.raises(AttnlabError, match="SentencePiece cannot make a vocabulary"):
        Vocabulary.train(sentences, config())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "words"}, "unknown vocabulary.model 'words'; choose one of: bpe, unigram"),
        ({"name": "both"}, "unknown vocabulary 'both'; choose one of: joint, separate"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        Vocabulary.train(SENTENCES, replace(config(), **changes))


def test_a_saved_vocabulary_is_the_same(vocabulary, tmp_path):
    VocabularyPair(vocabulary, vocabulary).save(tmp_path)
    again = VocabularyPair.load(tmp_path).source
    assert again.encode_many(SENTENCES) == vocabulary.encode_many(SENTENCES)
    assert again.pieces(range(len(again))) == vocabulary.pieces(range(len(vocabulary)))
    assert [path.name for path in tmp_path.iterdir()] == ["vocabulary.model"]


@pytest.mark.parametrize("content", [b"", b"no vocabulary at all", bytes(100)])
def test_a_file_of_something_else_is_refused(tmp_path, content, capfd):
    path = tmp_path / "vocabulary.model"
    path.write_bytes(content)
    with pytest.raises(AttnlabError, match=r"vocabulary\.model: not a vocabulary that attnlab"):
        VocabularyPair.load(tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_file_cut_anywhere_is_refused(vocabulary, tmp_path):
    path = tmp_path / "vocabulary.model"
    whole = vocabulary.model
    for length in range(0, len(whole) - 10):
        path.write_bytes(whole[:length])
        with pytest.raises(AttnlabError, match="not a vocabulary that attnlab"):
            VocabularyPair.load(tmp_path)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(AttnlabError, match=r"no vocabulary; looked for vocabulary\.model"):
        VocabularyPair.load(tmp_path)


PAIRS = [
    SentencePair("the black cat sleeps", "le chat noir dort"),
    SentencePair("where is the water?", "où est l'eau\u202f?"),
] * 4


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("joint", ["vocabulary.model"]),
        ("separate", ["vocabulary.source.model", "vocabulary.target.model"]),
    ],
)
def test_both_sides_are_saved_and_loaded(tmp_path, name, files):
    both = VocabularyPair.train(PAIRS, config(name, size=40))
    both.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    again = VocabularyPair.load(tmp_path)
    assert again.shared == both.shared == (name == "joint")
    for pair in PAIRS:
        assert again.source.encode(pair.source) == both.source.encode(pair.source)
        assert again.target.decode(again.target.encode(pair.target)) == pair.target


def test_a_joint_vocabulary_knows_both_languages_and_a_separate_one_its_own():
    joint = VocabularyPair.train(PAIRS, config("joint", size=40))
    separate = VocabularyPair.train(PAIRS, config("separate", size=40))
    assert UNKNOWN not in joint.source.encode("où")
    assert UNKNOWN in separate.source.encode("où")
    assert UNKNOWN in separate.target.encode("black")


def test_a_folder_without_a_vocabulary_is_refused(tmp_path):
    with pytest.raises(AttnlabError, match=r"no vocabulary; looked for vocabulary\.model"):
        VocabularyPair.load(tmp_path)


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_real_french_comes_back_as_it_was(model):
    layout = Layout("en", "fr", ["en", "fr"])
    pairs, _ = read_pairs(shared_data("tatoeba") / "fra.txt", layout)
    assert any("\u202f" in pair.target for pair in pairs)
    both = VocabularyPair.train(pairs, config(model=model, size=1000))
    sentences = [text for pair in pairs for text in (pair.source, pair.target)]
    encoded = both.target.encode_many(sentences)
    assert [both.target.decode(tokens) for tokens in encoded] == sentences


def test_a_sample_of_the_pairs_is_enough_and_always_the_same(tmp_path):
    pairs = [SentencePair(f"the {n} cats", f"les {n} chats") for n in range(3000)]
    pairs += [SentencePair("one ϟ alone", "seul")]  # hardly ever drawn
    few = [VocabularyPair.train(pairs, config(sample_pairs=500)) for _ in range(2)]
    every = VocabularyPair.train(pairs, config(sample_pairs=None))
    enough = VocabularyPair.train(pairs, config(sample_pairs=3001))
    assert few[0].source.model == few[1].source.model != every.source.model
    assert enough.source.model == every.source.model
    assert UNKNOWN not in every.source.encode("ϟ")
    assert UNKNOWN in few[0].source.encode("ϟ")
    assert UNKNOWN not in few[0].source.encode("the 987 cats")


def test_a_model_is_the_whole_vocabulary():
    vocabulary = Vocabulary.train(SENTENCES, config())
    again = Vocabulary(vocabulary.model)
    assert [again.encode(each) for each in SENTENCES] == vocabulary.encode_many(SENTENCES)
