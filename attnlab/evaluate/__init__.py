"""A trained run on a corpus: translations scored, attention aligned, sentences inspected."""
