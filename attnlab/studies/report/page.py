"""A report as one HTML file: no script, no request, light or dark as its reader prefers."""

from html import escape
from pathlib import Path

from attnlab.plotting.browser.inline import inlined_page
from attnlab.plotting.vector import colours_css, page_svg
from attnlab.studies.report.document import (
    Block,
    Commands,
    Document,
    Drawn,
    Figures,
    Items,
    Judged,
    Table,
    Text,
)

_HERE = Path(__file__).parent


def report_page(document: Document) -> str:
    """The page as HTML, deterministic; its policy allows its own style alone."""
    numbers = {each.name: at for at, each in enumerate(document.drawn())}
    links = "".join(
        f'<li><a href="#{each.anchor}">{escape(each.title)}</a></li>' for each in document.sections
    )
    body = "\n".join(
        [
            "".join(_html(block, numbers) for block in document.lead),
            *(
                f'<section aria-labelledby="{each.anchor}"><h2 id="{each.anchor}">'
                f"{escape(each.title)}</h2>"
                + "".join(_html(block, numbers) for block in each.blocks)
                + "</section>"
                for each in document.sections
            ),
        ]
    )
    return inlined_page(
        document.title,
        _HERE / "report.html",
        (_HERE / "report.css", colours_css(body)),
        links=links,
        body=body,
    )


def _html(block: Block, numbers: dict[str, int]) -> str:
    match block:
        case Text():
            kind = ' class="quiet"' if block.quiet else ""
            return f"<p{kind}>{escape(block.text)}</p>"
        case Items():
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
        case Table():
            return _table(block)
        case Figures():
            figures = "".join(_figure(each, numbers[each.name]) for each in block.drawn)
            return f'<div class="figures">{figures}</div>'
        case Commands():
            lines = "\n".join(map(escape, block.lines))
            return (
                f'<pre tabindex="0" role="region" aria-label="commands"><code>{lines}</code></pre>'
            )
        case Judged():
            kind = block.verdict.replace(" ", "-")
            return (
                f'<p class="verdict {kind}"><strong>{escape(block.verdict)}</strong> '
                f"{escape(block.says)} <span>{escape(block.numbers)}</span></p>"
            )


def _table(block: Table) -> str:
    def cell(text: str, at: int, *, row_head: bool) -> str:
        side = "" if at < block.left else ' class="number"'
        tag, scope = ("th", ' scope="row"') if row_head else ("td", "")
        return f"<{tag}{scope}{side}>{escape(text)}</{tag}>"

    heads = "".join(
        f'<th scope="col"{"" if at < block.left else " class=number"}>{escape(text)}</th>'
        for at, text in enumerate(block.head)
    )
    rows = "".join(
        "<tr>" + "".join(cell(text, at, row_head=at == 0) for at, text in enumerate(row)) + "</tr>"
        for row in block.rows
    )
    caption = escape(block.caption)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
        "</table></div>"
    )


def _figure(drawn: Drawn, number: int) -> str:
    title = escape(drawn.title)
    return (
        f'<figure><div class="wide" tabindex="0" role="region" aria-label="{title}">'
        f"{page_svg(drawn.figure, drawn.title, f'f{number}')}</div>"
        f"<figcaption>{title}</figcaption></figure>"
    )
