"""Write the built-in corpus to data/: python scripts/make_corpus.py [--output FOLDER] [--seed N].

The same seed gives the same files, byte for byte.
"""

import argparse
from pathlib import Path

from attnlab.grammar import SEED, Pair, corpus

DATA = Path(__file__).resolve().parent.parent / "data"


def write(folder: Path, seed: int = SEED) -> dict[str, list[Pair]]:
    """Write one TSV file a split and return what they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    splits = corpus(seed)
    for name, members in splits.items():
        text = "".join(pair.line() + "\n" for pair in members)
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8", newline="\n")
    return splits


def main() -> None:
    """Read the command line, write the files, say what was written."""
    parser = argparse.ArgumentParser(description="Write the built-in corpus.")
    parser.add_argument("--output", type=Path, default=DATA, help="the folder to write to")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, another corpus")
    options = parser.parse_args()
    for name, members in write(options.output, options.seed).items():
        mean = sum(pair.length for pair in members) / len(members)
        print(f"{name}: {len(members)} pairs, {mean:.1f} words on average")


if __name__ == "__main__":
    main()
