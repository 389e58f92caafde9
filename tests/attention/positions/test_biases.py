"""What is added to scores for a distance: ALiBi's slopes and T5's buckets, by hand."""

import math

import pytest
import torch

from attnlab.attention.positions import HeadSizes
from attnlab.attention.positions.biases import bucket_of, slopes
from attnlab.attention.scores import SCORES
from attnlab.support.errors import UsageError
from tests.conftest import attention_config, score_config

HEADS, QUERIES, KEYS, SIZE = 3, 3, 5, 4
LAST = range(KEYS - QUERIES, KEYS)  # queries are the last tokens


def bias_of(name, *, causal=False, **changes):
    positions = attention_config(positions=name, **changes).build_positions(causal=causal)
    sizes = HeadSizes(heads=HEADS, query_size=SIZE, key_size=SIZE, value_size=SIZE)
    relative = positions.relative(sizes)
    score = SCORES.build(score_config("dot"), SIZE, SIZE)
    return relative, lambda: relative.bias(score, torch.randn(1, HEADS, QUERIES, SIZE), KEYS)


def test_slopes_of_the_papers_examples():
    # Press et al. 2022, section 3: 8 heads have 1/2, 1/4, … 1/256; 16 heads 1/√2 of the one before.
    assert slopes(8) == [2.0**-power for power in range(1, 9)]
    assert slopes(16) == pytest.approx([2 ** (-power / 2) for power in range(1, 17)])


@pytest.mark.parametrize("heads", [1, 2, 3, 5, 6, 7, 12, 20])
def test_any_number_of_heads_has_as_many_different_slopes(heads):
    found = slopes(heads)
    assert len(set(found)) == heads
    assert all(0 < slope < 1 for slope in found)


def test_slopes_of_six_heads_by_hand():
    # Four heads as ever, 2^-2 … 2^-8, and the first and third of eight heads: 2^-1 and 2^-3.
    assert slopes(6) == [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]


@pytest.mark.parametrize("causal", [False, True])
def test_alibi_by_hand(causal):
    _, bias = bias_of("alibi", causal=causal)
    expected = [
        [[-slope * abs(i - j) for j in range(KEYS)] for i in LAST] for slope in slopes(HEADS)
    ]
    torch.testing.assert_close(bias(), torch.tensor([expected]))


def buckets(offsets, *arguments, causal):
    return bucket_of(torch.tensor(offsets), *arguments, causal=causal).tolist()


def test_buckets_of_a_decoder_by_hand():
    # 8 buckets up to 16: 0, 1, 2, 3, and then [4, 5.66) [5.66, 8) [8, 11.3) [11.3, …).
    distances = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 1000]
    expected = [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 7]
    assert buckets([-each for each in distances], 8, 16, causal=True) == expected
    assert buckets([1, 2, 30], 8, 16, causal=True) == [0, 0, 0]  # behind the query: masked


def test_buckets_of_an_encoder_by_hand():
    # 4 buckets a side: 0, 1, and then [2, 5.66) [5.66, …); the others for keys behind the query.
    distances = [0, 1, 2, 5, 6, 16, 99]
    expected = [0, 1, 2, 2, 3, 3, 3]
    assert buckets([-each for each in distances], 8, 16, causal=False) == expected
    assert buckets(distances[1:], 8, 16, causal=False) == [4 + each for each in expected[1:]]


@pytest.mark.parametrize("causal", [False, True])
def test_buckets_of_the_published_size_follow_the_formula(causal):
    side = 32 if causal else 16
    for distance in range(1, 300):
        exact = side // 2
        if distance < exact:
            expected = distance
        else:
            way = math.log(distance / exact) / math.log(128 / exact)
            expected = min(side - 1, exact + math.floor(way * (side - exact) + 1e-9))
        assert buckets([-distance], 32, 128, causal=causal) == [expected]


def test_t5_adds_each_heads_number_of_the_bucket():
    relative, bias = bias_of("t5", buckets=8, farthest=16)
    torch.nn.init.normal_(relative.table.weight)
    found = bias()
    assert found.shape == (1, HEADS, QUERIES, KEYS)
    for row, i in enumerate(LAST):
        for j in range(KEYS):
            (bucket,) = buckets([j - i], 8, 16, causal=False)
            torch.testing.assert_close(found[0, :, row, j], relative.table.weight[bucket])


def test_the_layers_of_a_stack_share_t5s_biases_and_stacks_do_not():
    config = attention_config(positions="t5")
    sizes = HeadSizes(heads=HEADS, query_size=SIZE, key_size=SIZE, value_size=SIZE)
    encoder, decoder = config.build_positions(), config.build_positions(causal=True)
    assert encoder.relative(sizes) is encoder.relative(sizes)
    assert encoder.relative(sizes) is not decoder.relative(sizes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"buckets": 2}, "positions.buckets=2 must be even, and at least 4"),
        ({"buckets": 9}, "positions.buckets=9 must be even"),
        ({"buckets": 32, "farthest": 8}, "positions.farthest=8 must be above 8"),
    ],
)
def test_impossible_buckets_are_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        attention_config(positions="t5", **changes).build_positions()
