"""Write Multi30k as its authors' `lc.norm.tok` files are, which published figures begin with.

    python scripts/tokenise_multi30k.py FOLDER OUTPUT

FOLDER has the raw files, such as train.en.gz and train.fr.gz; OUTPUT gets train.lc.norm.tok.en and
train.lc.norm.tok.fr: lower-cased, punctuation normalised, tokenised by Moses' rules, with marks
written as they are (`'`, not `&apos;`). attnlab[moses] brings the rules.
"""

import argparse
from html import unescape
from pathlib import Path

from attnlab.data.reading.lines import read_raw_lines
from attnlab.evaluation.moses import moses_tokenise
from attnlab.support.files import write_file

SPLITS = ("train", "val", "test_2016_flickr")
LANGUAGES = ("en", "fr")


def main() -> None:
    """Read the command line, write the files, say what was written."""
    parser = argparse.ArgumentParser(description="Tokenise Multi30k by Moses' rules.")
    parser.add_argument("folder", type=Path, help="the folder of the raw files")
    parser.add_argument("output", type=Path, help="the folder to write to")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        for language in LANGUAGES:
            lines = read_raw_lines(options.folder / f"{split}.{language}")
            tokenised = map(unescape, moses_tokenise(lines, language))
            name = f"{split}.lc.norm.tok.{language}"
            text = "".join(f"{line}\n" for line in tokenised)
            write_file(options.output / name, text.encode())
            print(f"{name}: {len(lines):,} lines")


if __name__ == "__main__":
    main()
