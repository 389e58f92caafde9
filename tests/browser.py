"""A real browser for the tests of pages: Debian's chromium, under Playwright's hand."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a window; a test that asks for it skips where there is none."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no chromium here; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Opened:
    """An open page, what went wrong in it, and what it asked for besides itself."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_text_contents()

    def weights(self, axis: str) -> list[float]:
        """The numbers beside an axis's words in the view of lines."""
        return [float(text) for text in self.texts(f".words.of-{axis} .number")]

    def word(self, axis: str, number: int) -> str:
        """The selector of a word."""
        return f".word[data-axis={axis}][data-number='{number}']"

    def view(self, name: str) -> None:
        self.page.locator(f".switch label:has-text('{name}')").click()


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    drawn: str = "html[data-ready]",
) -> Iterator[Opened]:
    """The page at `path`, once it has `drawn`; without movement, so that measures are final."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    it = Opened(page)
    page.on("console", lambda said: it.complaints.append(said.text))
    page.on("pageerror", lambda error: it.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (it.complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: it.requests.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(drawn, timeout=10_000)
    try:
        yield it
    finally:
        page.close()
    assert it.complaints == []
    assert it.requests == [path.as_uri()]


_VISIBLE_TEXTS = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const within = walker.currentNode.parentElement;
    const visible = within.checkVisibility({ visibilityProperty: true });
    if (!visible || !walker.currentNode.data.trim() || within.closest('.aloud, option')) continue;
    let ground = within;
    while (ground && numbers(getComputedStyle(ground).backgroundColor)[3] === 0) {
      ground = ground.parentElement;
    }
    found.push([walker.currentNode.data, numbers(getComputedStyle(within).color),
                numbers(getComputedStyle(ground).backgroundColor)]);
  }
  return found;
}"""


def assert_all_text_stands_out(page: Page) -> int:
    """Contrast of all visible text is 4.5 or more (WCAG 2.2, 1.4.3); how many texts there are."""
    texts = page.evaluate(_VISIBLE_TEXTS)
    for text, ink, ground in texts:
        light, deep = sorted([_luminance(ink), _luminance(ground)], reverse=True)
        assert (light + 0.05) / (deep + 0.05) >= 4.5, (text, ink, ground)
    return len(texts)


def _luminance(colour: list[float]) -> float:
    parts = np.array(colour[:3]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
