// Small parts that several views are made of.

import { element } from "./elements.js";

const SPACE = "▁"; // how SentencePiece writes the space before a word

/** A piece's letters; the mark of a word's beginning is pale. */
export function pieceLabel(piece) {
  if (!piece.startsWith(SPACE)) return element("bdi", {}, piece);
  return element("bdi", {}, element("span", { class: "space" }, SPACE), piece.slice(1));
}

/** A button whose text follows the page's language. */
export function textButton(key, onclick, properties = {}) {
  return element("button", { type: "button", "data-text": key, onclick, ...properties });
}

/** An element whose text follows the page's language. */
export function said(name, key, properties = {}) {
  return element(name, { "data-text": key, ...properties });
}

/** Radio buttons that look like one switch: `choices` are pairs of value and text key. */
export function switchOf(name, choices, label, onchange) {
  return element(
    "div",
    { class: "switch", role: "radiogroup", "data-label": label },
    ...choices.map(([value, key]) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name, value, onchange: () => onchange(value) }),
        said("span", key),
      ),
    ),
  );
}

/** Choose `value` of such a switch. */
export function setSwitch(made, value) {
  for (const input of made.querySelectorAll("input")) input.checked = input.value === value;
}

/** A section of a model's column, with its heading. */
export function section(key, ...children) {
  return element("section", { class: key }, said("h2", `${key}.title`), ...children);
}

/** A picture of numbers in rows of `width`: one pixel each, which the style sheet enlarges. */
export function numbersPicture(numbers, width, greatest, colours) {
  const columns = Math.min(width, numbers.length);
  const canvas = element("canvas", { width: columns, height: Math.ceil(numbers.length / columns) });
  canvas.style.aspectRatio = `${columns} / ${canvas.height}`;
  const context = canvas.getContext("2d");
  numbers.forEach((number, place) => {
    context.fillStyle = colours.signed(number / (greatest || 1));
    context.fillRect(place % columns, Math.floor(place / columns), 1, 1);
  });
  return canvas;
}
