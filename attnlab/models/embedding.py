"""Tables of word vectors, and which of them are one and the same."""

from torch import nn

from attnlab.models.interface import VocabularySizes
from attnlab.support.errors import UsageError

TIES = ("none", "target", "all")


def embedding_tables(
    tie: str, vocabulary: VocabularySizes, size: int
) -> tuple[nn.Embedding, nn.Embedding, nn.Linear]:
    """Source embedding, target embedding and output projection, each of `size` features a token.

    `tie` (Press & Wolf 2017): "none" keeps three tables; with "target" the output projection is
    the target embedding; with "all" the source embedding is it too, which takes one vocabulary
    for both languages.
    """
    if tie not in TIES:
        raise UsageError(f"model.tie_embeddings={tie} is none of: {', '.join(TIES)}")
    if tie == "all" and not vocabulary.shared:
        raise UsageError(
            "model.tie_embeddings=all needs one vocabulary for both languages; "
            "choose vocabulary=joint, or model.tie_embeddings=target"
        )
    target = nn.Embedding(vocabulary.target, size)
    source = target if tie == "all" else nn.Embedding(vocabulary.source, size)
    output = nn.Linear(size, vocabulary.target, bias=False)
    if tie != "none":
        output.weight = target.weight
    for table in (source, target, output):
        nn.init.normal_(table.weight, std=size**-0.5)
    return source, target, output
