"""The pictures of README and docs, drawn anew: python scripts/make_pictures.py [NAME...].

Without names, all of them. Those of translators look into two models that are trained on the
built-in corpus first (a few minutes each) unless `--runs FOLDER` holds them already as
pictures-bahdanau and pictures-transformer; those of tasks with known attention into two more.
"""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SENTENCE = "The tired teacher did not read the letters to her brother."
CHOSEN = ("--text", SENTENCE)
TRAININGS = {
    "bahdanau": ("model=bahdanau",),
    "transformer": ("model=transformer",),
    "reverse": ("data=reverse", "model=transformer"),
    "lookup": ("data=lookup", "model=convolutional"),
}


@dataclass(frozen=True)
class Attention:
    """A figure of a trained model's attention: which of `TRAININGS`, and what of it."""

    training: str
    options: tuple[str, ...]

    def draw(self, path: Path, runs: str) -> None:
        """Draw it, with a model trained before if there is none."""
        name = trained(self.training, runs)
        attnlab("plot-attention", name, *self.options, "-o", str(path), f"runs_root={runs}")


@dataclass(frozen=True)
class Lesson:
    """The page in which a trained model translates, halfway through the sentence, in a browser.

    `part`: the selector of the part that is drawn, or "" for what is seen first.
    """

    training: str
    part: str = ""

    def draw(self, path: Path, runs: str) -> None:
        """Write the page, and take its picture."""
        from playwright.sync_api import sync_playwright

        with TemporaryDirectory() as folder, sync_playwright() as playwright:
            file = Path(folder) / "lesson.html"
            name = trained(self.training, runs)
            attnlab("export", name, "--to", "web", "-o", str(file), f"runs_root={runs}")
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox"],  # root has none, and the page is our own
            )
            size = {"width": 1200, "height": 1120}
            page = browser.new_page(viewport=size, reduced_motion="reduce")
            page.goto(file.as_uri())
            page.fill("#sentence", SENTENCE)
            page.press("#sentence", "Enter")
            page.wait_for_selector("html:not([data-working])")
            steps = page.locator(".player input")
            steps.fill(str(int(steps.get_attribute("max") or 0) // 2))
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            if self.part:
                page.evaluate("document.getElementById('translation').remove()")  # it covers parts
                page.locator(self.part).screenshot(path=path)
            else:
                page.screenshot(path=path)


@dataclass(frozen=True)
class Figure:
    """A figure that a command writes by itself."""

    command: tuple[str, ...]

    def draw(self, path: Path, _: str) -> None:
        """Draw it."""
        attnlab(*self.command, "-o", str(path))


@dataclass(frozen=True)
class Regression:
    """One of the figures that a kernel regression leaves in its run's folder."""

    name: str
    overrides: tuple[str, ...] = ()

    def draw(self, path: Path, _: str) -> None:
        """Draw it, in a run that nobody keeps."""
        with TemporaryDirectory() as folder:
            attnlab("kernel-regression", *self.overrides, f"hydra.run.dir={folder}")
            shutil.copyfile(Path(folder) / self.name, path)


DRAWN: dict[str, Attention | Lesson | Figure | Regression] = {
    "cross": Attention("bahdanau", (*CHOSEN, "--numbers")),
    "heads": Attention("transformer", (*CHOSEN, "--layer", "2", "--layer", "3")),
    "self": Attention("transformer", (*CHOSEN, "--kind", "encoder", "--average", "heads")),
    "gold": Attention("transformer", ("--sentence", "7", "--reference", "--layer", "2")),
    "learning": Attention("transformer", ("--through-training", "--best", "--frames", "6")),
    "toy": Attention(
        "reverse", ("--text", "t r a n s l a t e", "--layer", "2", "--average", "heads")
    ),
    "lookup": Attention("lookup", ("--sentence", "1")),
    "web": Lesson("transformer"),
    "search": Lesson("transformer", ".tree"),
    "weights": Figure(("heatmap", "--weights", "all")),
    "scores": Figure(("scores", "--rounds", "0")),
    "positions": Figure(("positions",)),
    "complexity": Figure(("complexity", "--threads", "1", "--processor-time")),
    "regression": Regression("fits.png", ("kernels=[gaussian,boxcar]", "widths=[0.1,0.5,1.0]")),
    "regression-weights": Regression("trained_weights.png"),
}


def trained(training: str, runs: str) -> str:
    """The name of one of `TRAININGS`, which is trained if it is not there."""
    name = f"pictures-{training}"
    if not list(Path(runs).glob(f"{name}/*/config.yaml")):
        attnlab("train", *TRAININGS[training], f"name={name}", f"runs_root={runs}")
    return name


def attnlab(*arguments: str) -> None:
    """Run one command, and stop if it fails."""
    subprocess.run([sys.executable, "-m", "attnlab", *arguments], check=True)


def use_few_colours(path: Path) -> None:
    """A palette in place of true colours: a third of the size, and nobody sees it."""
    with Image.open(path) as picture:
        of_palette = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    of_palette.save(path, optimize=True)


def main() -> None:
    """Read the command line, train what is missing, draw."""
    parser = argparse.ArgumentParser(description="Draw the pictures of README and docs.")
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(DRAWN)}")
    parser.add_argument("--runs", default="runs", help="where the trained runs are or go to")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(DRAWN))
    if unknown:
        parser.error(f"there is no picture '{unknown[0]}'; choose among: {', '.join(DRAWN)}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or DRAWN:
        path = PICTURES / f"{name}.png"
        DRAWN[name].draw(path, arguments.runs)
        use_few_colours(path)


if __name__ == "__main__":
    main()
