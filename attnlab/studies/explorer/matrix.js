// The view of a matrix: a row for each word that looks, a column for each that is looked at.

import { decimals, element } from "./elements.js";
import { axisLabels, axisName, wordButton } from "./words.js";

const LEAST_PRINTED = 0.0005; // less would be printed as 0.000
const MOST_PRINTED = 12; // words on either side of a matrix whose weights are always printed
const LEAST_ALWAYS_PRINTED = 0.05;
const COMPACT_FROM = 24; // words on either side; cells are then too small for numbers

/** Fill `stage`; gives a function that shows what is pointed at now. */
export function drawMatrix(stage, state, colours) {
  const [queries, keys] = ["query", "key"].map((axis) => axisLabels(state, axis));
  const { weights, goldCells } = state;
  const longer = Math.max(queries.length, keys.length);
  const cells = [];
  const rows = queries.map((label, row) => {
    const ofRow = keys.map((_, column) => {
      const place = row * keys.length + column;
      const printed = element("span", { class: "number" }, short(weights[place]));
      const cell = element("td", { "data-query": row, "data-key": column }, printed);
      const always = longer <= MOST_PRINTED && weights[place] >= LEAST_ALWAYS_PRINTED;
      cell.classList.toggle("printed", always);
      cell.classList.toggle("gold", goldCells.has(place));
      cells.push(cell);
      return cell;
    });
    const head = element("th", { scope: "row" }, wordButton("query", row, label));
    return element("tr", {}, head, ...ofRow);
  });
  const corner = element(
    "td",
    { class: "corner" },
    element("span", { class: "of-key" }, `${axisName(state, "key")} →`),
    element("span", { class: "of-query" }, `${axisName(state, "query")} ↓`),
  );
  const heads = keys.map((label, column) =>
    element("th", { scope: "col" }, wordButton("key", column, label)),
  );
  const table = element(
    "table",
    { class: longer < COMPACT_FROM ? "matrix" : "matrix compact", "aria-label": "attention weights" },
    element("thead", {}, element("tr", {}, corner, ...heads)),
    element("tbody", {}, ...rows),
  );
  stage.replaceChildren(element("div", { class: "scroller", tabIndex: -1 }, table));
  cells.forEach((cell, place) => colours.fill(cell, weights[place]));
  return () => {
    const { query, key } = state.pointed;
    for (const [place, cell] of cells.entries()) {
      const [row, column] = [Math.floor(place / keys.length), place % keys.length];
      cell.classList.toggle("pointed", row === query || column === key);
    }
    for (const word of table.querySelectorAll(".word")) {
      const pointed = word.dataset.axis === "query" ? query : key;
      word.classList.toggle("pointed", Number(word.dataset.number) === pointed);
    }
  };
}

/** A weight in the width of a cell: ".912" and "1.00". */
function short(weight) {
  if (weight < LEAST_PRINTED) return "";
  const printed = decimals(weight);
  return printed.startsWith("0") ? printed.slice(1) : printed.slice(0, 4);
}
