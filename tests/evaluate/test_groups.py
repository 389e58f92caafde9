"""Groups of sentences, by hand."""

from attnlab.data.pairs import SentencePair
from attnlab.evaluate.scores import by_length, by_tag, families


def pair(words: int, *tags: str) -> SentencePair:
    return SentencePair(" ".join(["word"] * words), "mot", None, tags)


def test_tags_in_order_of_their_numbers():
    pairs = [pair(1, "shown-16", "time"), pair(1, "shown-2"), pair(1, "shown-16")]
    assert by_tag(pairs) == {"shown-2": [1], "shown-16": [0, 2], "time": [0]}
    assert list(by_tag(pairs)) == ["shown-2", "shown-16", "time"]


def test_lengths_at_the_edges():
    pairs = [pair(words) for words in (1, 5, 6, 20, 21, 60, 61, 300)]
    assert by_length(pairs) == {
        "1 to 5 source words": [0, 1],
        "6 to 10 source words": [2],
        "16 to 20 source words": [3],
        "21 to 30 source words": [4],
        "51 to 60 source words": [5],
        "over 60 source words": [6, 7],
    }


def test_a_family_has_one_tag_in_every_sentence():
    each_one = [pair(1, "new-a", "time"), pair(1, "new-b"), pair(1, "new-b", "participle-x")]
    assert families(each_one) == {"new": {"new-a": [0], "new-b": [1, 2]}}
    assert families([*each_one, pair(1, "time")]) == {}, "one sentence has none"
    assert families([*each_one, pair(1, "new-a", "new-b")]) == {}, "one sentence has two"
    assert families([pair(1, "new-a"), pair(1, "new-a")]) == {}, "a single tag groups nothing"
