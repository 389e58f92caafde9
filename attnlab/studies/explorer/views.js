// The two views of attention: lines from queries at the left to keys at the right, and a matrix with a
// row per query and a column per key.

import { decimals, drawing, element } from "./elements.js";
import { axisLabels, axisName, wordButton } from "./words.js";

const ROW = 30; // height of a word in pixels; style sheet and drawing agree on it
const FAINTEST = 0.01; // of all words at once; of a single word, what rounds to 0.001 or more
const FAINTEST_OF_ONE = 0.0005;
const PALEST = 0.25; // a thin line is harder to see than a cell, so none is paler than this weight

/** Fill `stage`; gives a function that shows what is pointed at now. */
export function drawLines(stage, state, colours) {
  const { queries, keys } = state.attention;
  const rows = Math.max(queries.length, keys.length);
  const columns = { query: column(state, "query", rows), key: column(state, "key", rows) };
  const lines = drawing("svg", {
    class: "strokes",
    viewBox: `0 0 100 ${rows * ROW}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  lines.style.height = `${rows * ROW}px`;
  stage.replaceChildren(
    element(
      "div",
      { class: "bipartite" },
      element("p", { class: "axis of-query" }, `${axisName(state, "query")} looks at`),
      element("p", { class: "axis of-key" }, axisName(state, "key")),
      columns.query,
      lines,
      columns.key,
    ),
  );
  return () => {
    lines.replaceChildren(...strokes(state, colours, rows), ...goldStrokes(state, rows));
    const { query, key } = state.pointed;
    const weights = state.weights;
    const at = (row, column) => weights[row * keys.length + column];
    label(columns.query, query, colours, key === null ? null : (row) => at(row, key));
    label(columns.key, key, colours, query === null ? null : (column) => at(query, column));
  };
}

function column(state, axis, rows) {
  const items = axisLabels(state, axis).map((text, number) =>
    element("li", {}, wordButton(axis, number, text), element("span", { class: "number" })),
  );
  const name = axis === "query" ? "who looks" : "what is looked at";
  const list = element(
    "ol",
    { class: `words of-${axis}`, "aria-label": `${axisName(state, axis)}: ${name}` },
    ...items,
  );
  list.style.height = `${rows * ROW}px`;
  return list;
}

/** Colour and number each word by the weight that joins it with what is pointed at. */
function label(list, pointed, colours, weightOf) {
  [...list.children].forEach((item, number) => {
    const [word, weight] = item.children;
    const shown = weightOf !== null;
    word.classList.toggle("pointed", number === pointed);
    word.style.backgroundColor = word.style.color = "";
    if (shown) colours.fill(word, weightOf(number));
    weight.textContent = shown ? decimals(weightOf(number)) : "";
    weight.classList.toggle("nothing", weight.textContent === "0.000");
  });
}

function curve(query, key, { queries, keys }, rows) {
  const from = ((query + 0.5) / queries.length) * rows * ROW;
  const to = ((key + 0.5) / keys.length) * rows * ROW;
  return `M0,${from}C50,${from} 50,${to} 100,${to}`;
}

function strokes(state, colours, rows) {
  const { query, key } = state.pointed;
  const width = state.attention.keys.length;
  const faintest = query === null && key === null ? FAINTEST : FAINTEST_OF_ONE;
  const shown = [];
  state.weights.forEach((weight, place) => {
    const [row, column] = [Math.floor(place / width), place % width];
    if ((query ?? row) !== row || (key ?? column) !== column) return;
    if (weight >= faintest) shown.push([weight, row, column]);
  });
  shown.sort(([one], [other]) => one - other); // the heavier above the lighter
  return shown.map(([weight, row, column]) =>
    drawing("path", {
      d: curve(row, column, state.attention, rows),
      stroke: colours.of(Math.max(weight, PALEST)),
      "stroke-width": 1 + 5 * weight,
    }),
  );
}

function goldStrokes(state, rows) {
  const width = state.attention.keys.length;
  return [...state.goldCells].map((cell) =>
    drawing("path", {
      class: "gold",
      d: curve(Math.floor(cell / width), cell % width, state.attention, rows),
    }),
  );
}

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
