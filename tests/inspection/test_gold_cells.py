"""Gold links on the axes of a map: by hand, where tokens and labels are cut differently."""

from attnlab.data.project_alignment import locate_pieces
from attnlab.data.words import Word, group_pieces
from attnlab.inspection.maps import gold_cells, labels_of_tokens

TEXT = "L'ami dort."
TOKENS = [(0, 2), (2, 5), (6, 10), (10, 11)]  # L' | ami | dort | .
PIECES = ["▁L'", "am", "i", "▁dort", ".", "</s>"]
PLACES = locate_pieces(PIECES, TEXT)


def test_tokens_stand_on_the_words_that_hold_them():
    words = group_pieces(PIECES)
    assert [word.text for word in words] == ["L'ami", "dort.", "</s>"]
    assert labels_of_tokens(PLACES, words, TOKENS) == [{0}, {0}, {1}, {1}]


def test_a_token_stands_on_each_of_its_pieces():
    pieces = [Word(piece, index, index + 1) for index, piece in enumerate(PIECES)]
    assert labels_of_tokens(PLACES, pieces, TOKENS) == [{0}, {1, 2}, {3}, {4}]


def test_a_link_marks_every_cell_of_its_two_tokens():
    source = [frozenset({0}), frozenset({1, 2})]
    target = [frozenset({3}), frozenset({0})]
    links = frozenset({(0, 1), (1, 0)})
    assert gold_cells(links, source, target) == {(0, 0), (3, 1), (3, 2)}
