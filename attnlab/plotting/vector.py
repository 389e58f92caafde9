"""Figures as small SVG: for a file of its own, or inside a page whose colours may be dark.

Matplotlib's SVG is rewritten: groups that group nothing and names that nothing refers to go,
coordinates have two decimals, styles are attributes. So a page's content security policy needs to
allow no inline style, and the same figure has the same bytes.
"""

import re
from io import BytesIO
from xml.etree import ElementTree

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from attnlab.plotting.colours import FRAME, INK, QUIET_INK, colour_table
from attnlab.plotting.panels import LINES
from attnlab.plotting.saving import svg_bytes

_SVG, _XLINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}"
_FONTS = "'DejaVu Sans', Verdana, sans-serif"  # Verdana's letters are as wide
_SHARED = ("clip-path", "fill", "stroke", "stroke-width", "stroke-opacity", "fill-opacity")
_DROPPED = ("font-family", "font-style", "font-variant", "font-stretch")
_TRIMMED = 10.0  # of a figure's margin, on each side
_SCALE = 1.5  # CSS pixels in a point of the figure, so that the smallest text has 11

_DARK = {
    INK: "#e9edf2",
    QUIET_INK: "#a9b3c0",
    FRAME: "#4a5563",
    "#ffffff": "#12161d",
} | dict(
    zip(
        (style["color"] for style in LINES),
        (
            *("#7cb8ee", "#ff9a4d", "#3ccfa0", "#e79cc6", "#a9b0ba", "#56b4e9", "#f0bd4a"),
            *("#c79be6", "#d3a27a", "#c3cf5a"),
        ),
        strict=True,
    )
)
"""Colours of figures, and what they are on a dark page."""


def _colour_pairs() -> dict[str, tuple[str, str]]:
    """By colour on paper: the name of its CSS variable, and its colour on a dark page."""
    found = {light: (f"--c{at}", dark) for at, (light, dark) in enumerate(_DARK.items())}
    ramps = zip(colour_table(), colour_table(on_dark=True), strict=True)
    for at, (light, dark) in enumerate(ramps):
        found.setdefault(to_hex(light), (f"--w{at}", to_hex(dark)))
    return found


def figure_svg(figure: Figure, title: str) -> str:
    """The figure as an SVG file, with `title` for those who hear it."""
    return _written(_cleaned(figure, title, ""))


def page_svg(figure: Figure, title: str, prefix: str) -> str:
    """The figure as an element of an HTML page, in the page's colours; see `colours_css`.

    `prefix` begins the names within the figure, so that no two figures of a page share one.
    """
    root = _cleaned(figure, title, prefix)
    pairs = _colour_pairs()
    for element in root.iter():
        for name in ("fill", "stroke"):
            if (pair := pairs.get(element.get(name, ""))) is not None:
                element.set(name, f"var({pair[0]})")
    return _written(root)


def colours_css(html: str) -> str:
    """CSS of the colours of the figures in `html`: on paper, and where the reader prefers dark."""
    used = set(re.findall(r"var\((--[cw]\d+)\)", html))
    pairs = [(light, *pair) for light, pair in _colour_pairs().items() if pair[0] in used]
    on_paper = "".join(f"{name}:{light};" for light, name, _ in pairs)
    on_dark = "".join(f"{name}:{dark};" for _, name, dark in pairs)
    return f":root{{{on_paper}}}\n@media (prefers-color-scheme:dark){{:root{{{on_dark}}}}}"


def _written(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _cleaned(figure: Figure, title: str, prefix: str) -> ElementTree.Element:
    root = ElementTree.parse(BytesIO(svg_bytes(figure))).getroot()
    for child in list(root):
        if child.tag == f"{{{_SVG}}}metadata" or child.find(f"{{{_SVG}}}style") is not None:
            root.remove(child)
    for element in root.iter():
        _restyle(element)
    _rename(root, prefix)
    _flatten(root)
    width, height = (float(root.get(side, "0").removesuffix("pt")) for side in ("width", "height"))
    width, height = width - 2 * _TRIMMED, height - 2 * _TRIMMED
    for side, points in (("width", width), ("height", height)):
        root.set(side, f"{_SCALE * points:.0f}")
    root.set("viewBox", f"{_TRIMMED:g} {_TRIMMED:g} {_short(width)} {_short(height)}")
    root.attrib.pop("version", None)
    root.attrib |= {"role": "img", "font-family": _FONTS, "stroke-linejoin": "round"}
    root.set("aria-label", title)
    return root


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _restyle(element: ElementTree.Element) -> None:
    """Styles as attributes, numbers with two decimals, and no turns by nothing."""
    declarations = (each.split(":", 1) for each in element.attrib.pop("style", "").split(";"))
    for name, *value in declarations:
        if value and name.strip() not in _DROPPED:
            element.set(name.strip(), value[0].strip())
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for name in ("d", "x", "y", "width", "height", "transform", "stroke-dasharray", "font-size"):
        text = element.get(name)
        if text is not None and "#" not in text:
            numbers = re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda found: _short(float(found[0])), text)
            element.set(name, " ".join(numbers.split()) if name != "d" else _path(numbers))
    if (href := element.attrib.pop(f"{_XLINK}href", None)) is not None:
        element.set("href", href)
    element.text = (
        (element.text or "").strip() if element.tag != f"{{{_SVG}}}text" else element.text
    )
    element.tail = None


def _path(text: str) -> str:
    """A path's lines, those along an axis by the coordinate that changes."""
    parts: list[str] = []
    last: list[str] = []
    for letter, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", text):
        place = numbers.split()
        if letter == "L" and len(last) == 2 and place[1] == last[1]:
            parts.append(f"H{place[0]}")
        elif letter == "L" and len(last) == 2 and place[0] == last[0]:
            parts.append(f"V{place[1]}")
        else:
            parts.append(f"{letter}{' '.join(place)}")
        last = place[-2:]
    return "".join(parts)


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Number the names that something refers to; the others go."""
    texts = [value for element in root.iter() for value in element.attrib.values()]
    used = re.findall(r"#([\w.-]+)\)", " ".join(texts))
    used += [value[1:] for element in root.iter() if (value := element.get("href", ""))[:1] == "#"]
    names = {old: f"{prefix}n{at}" for at, old in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        if (old := element.attrib.pop("id", None)) in names:
            element.set("id", names[old])
        for name, value in element.attrib.items():
            for old_name in re.findall(r"#([\w.-]+)", value):
                if old_name in names:
                    element.set(name, value.replace(f"#{old_name}", f"#{names[old_name]}"))


def _share(group: ElementTree.Element) -> None:
    """Give a group what all of its children, two or more, have alike."""
    if len(group) < 2 or any(each.tag.endswith("defs") for each in group):
        return
    for name, value in list(group[0].attrib.items()):
        is_new = name in _SHARED and name not in group.attrib
        if is_new and all(each.get(name) == value for each in group):
            group.set(name, value)
            for each in group:
                del each.attrib[name]


def _flatten(parent: ElementTree.Element) -> None:
    """Put the children of groups without attributes in their place."""
    children: list[ElementTree.Element] = []
    for child in parent:
        _flatten(child)
        if child.tag == f"{{{_SVG}}}g":
            _share(child)
        if child.tag == f"{{{_SVG}}}g" and not child.attrib:
            children += list(child)
        else:
            children.append(child)
    parent[:] = children
