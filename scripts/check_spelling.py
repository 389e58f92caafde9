"""Check that hunspell knows every word of the corpus: python scripts/check_spelling.py [FOLDER].

Needs hunspell with its French and British English dictionaries (Debian: hunspell, hunspell-fr,
hunspell-en-gb). They only check; no word of the corpus comes from them.
"""

import subprocess
import sys
from pathlib import Path

from attnlab.grammar import tokenise_english, tokenise_french

DATA = Path(__file__).resolve().parent.parent / "data"

# What hunspell does not know, and why it is right.
KNOWN_FRENCH = {
    "Zoé": "a first name",
    "1er": "the first of a month",
}
KNOWN_ENGLISH = {
    "Hélène": "a first name",
    "Zoé": "a first name",
    "Lucie": "a first name",
    "Hugo": "a first name",
    "Camille": "a first name",
}


def unknown(words: set[str], dictionary: str) -> list[str]:
    """Return the words that hunspell's dictionary does not know.

    Raises:
        SystemExit: hunspell or the dictionary is missing.
    """
    command = ["hunspell", "-d", dictionary, "-i", "utf-8", "-l"]
    text = "\n".join(sorted(words))
    try:
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"hunspell -d {dictionary} does not run; install it with its dictionary ({error})")
    return sorted(set(result.stdout.split()))


def words_of(folder: Path) -> tuple[set[str], set[str]]:
    """Return the English and the French words of every file in a folder."""
    english: set[str] = set()
    french: set[str] = set()
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            columns = line.split("\t")
            english.update(token for token in tokenise_english(columns[0]) if token[0].isalpha())
            for sentence in (columns[1], *columns[4:]):
                french.update(_bare(token) for token in tokenise_french(sentence))
    return english, {token for token in french if token and token[0].isalpha()}


def _bare(token: str) -> str:
    """Return a French token as a dictionary lists it: without -t- and without its apostrophe."""
    bare = token.removeprefix("-t-").removeprefix("-")
    return "" if bare.endswith("'") else bare


def main() -> int:
    """Print the unknown words of both languages; return 1 if there are any."""
    english, french = words_of(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
    faults = {
        "English": [word for word in unknown(english, "en_GB") if word not in KNOWN_ENGLISH],
        "French": [word for word in unknown(french, "fr") if word not in KNOWN_FRENCH],
    }
    for language, found in faults.items():
        size = len(english if language == "English" else french)
        print(f"{language}: {size} forms, {len(found)} unknown: {' '.join(found)}")
    return int(any(faults.values()))


if __name__ == "__main__":
    sys.exit(main())
