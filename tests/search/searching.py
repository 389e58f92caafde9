"""What the tests of searches share."""

import torch

from attnlab.data.tokens import BEGIN, END
from attnlab.search import SEARCHES
from tests.conftest import shipped_values


def search_of(name, **changes):
    return SEARCHES.build(SEARCHES.config(name)(**shipped_values("search", name) | changes))


def livelier(model, factor=2.5):
    """Untrained models say one word for ever; large weights make them say different things."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(factor)
    return model


@torch.no_grad()
def log_probability(model, source, mask, tokens):
    """By one forced-decoding pass, independent of any search; of the tokens and the end."""
    target = torch.tensor([[BEGIN, *tokens]])
    logits, _ = model.decode(target, model.encode(source, mask))
    logp = logits[0].log_softmax(-1)
    ended = [*tokens, END]
    return sum(float(logp[i, token]) for i, token in enumerate(ended))
