"""The plain recurrent model reads its source backwards if it is to."""

import torch

from attnlab.models.rnn import reversed_sentences
from tests.conftest import small_model

END = 3
SOURCE = torch.tensor([[5, 6, 7, 8, END], [9, 10, END, 0, 0], [END, 0, 0, 0, 0]])
REVERSED = torch.tensor([[8, 7, 6, 5, END], [10, 9, END, 0, 0], [END, 0, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], dtype=torch.bool)


def test_words_are_reversed_and_end_and_padding_stay():
    assert reversed_sentences(SOURCE, MASK).equal(REVERSED)


def test_a_reversed_source_is_what_the_model_would_read_of_reversed_words():
    plain = small_model("rnn", bidirectional=False)
    backwards = small_model("rnn", bidirectional=False, reverse_source=True)
    backwards.load_state_dict(plain.state_dict())
    target = torch.randint(4, 23, (3, 7))
    expected, _ = plain.decode(target, plain.encode(REVERSED, MASK))
    found, _ = backwards.decode(target, backwards.encode(SOURCE, MASK))
    torch.testing.assert_close(found, expected)
    steps = backwards.step_decoder(SOURCE, MASK).decode(target[:, 0])
    torch.testing.assert_close(steps, expected[:, 0].float())
