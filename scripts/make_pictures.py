"""The README's pictures, drawn anew: python scripts/make_pictures.py [--runs FOLDER].

Trains the default Bahdanau model and Transformer on the built-in corpus (a few minutes each) unless
FOLDER holds runs called pictures-bahdanau and pictures-transformer already.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SENTENCE = "The tired teacher did not read the letters to her brother."
CHOSEN = ["--text", SENTENCE]
DRAWN = {
    "cross": ("bahdanau", [*CHOSEN, "--numbers"]),
    "heads": ("transformer", [*CHOSEN, "--layer", "2", "--layer", "3"]),
    "self": ("transformer", [*CHOSEN, "--kind", "encoder", "--average", "heads"]),
    "gold": ("transformer", ["--sentence", "7", "--reference", "--layer", "2"]),
    "learning": ("transformer", ["--through-training", "--best", "--frames", "6"]),
}


def attnlab(*arguments: str) -> None:
    """Run one command, and stop if it fails."""
    subprocess.run([sys.executable, "-m", "attnlab", *arguments], check=True)


def main() -> None:
    """Read the command line, train what is missing, draw."""
    parser = argparse.ArgumentParser(description="Draw the README's pictures.")
    parser.add_argument("--runs", default="runs", help="where the two runs are or go to")
    folder = parser.parse_args().runs
    PICTURES.mkdir(parents=True, exist_ok=True)
    for model in sorted({model for model, _ in DRAWN.values()}):
        if not list(Path(folder).glob(f"pictures-{model}/*/config.yaml")):
            attnlab("train", f"model={model}", f"name=pictures-{model}", f"runs_root={folder}")
    for picture, (model, options) in DRAWN.items():
        output = str(PICTURES / f"{picture}.png")
        name = f"pictures-{model}"
        attnlab("plot-attention", name, *options, "--output", output, f"runs_root={folder}")


if __name__ == "__main__":
    main()
