// One head's weights on one sentence, as lines and as a matrix whose weights can be changed.

import { drawing, element } from "./elements.js";
import { pieceLabel, said } from "./parts.js";

const ROWS = { wide: 30, compact: 19 }; // height of a piece in the view of lines; web.css agrees on it
const FAINTEST = { all: 0.05, one: 0.01 }; // weights that have a line: of all pieces, of one
const PALEST = 0.25; // a thin line is harder to see than a cell, so none is paler than this weight
const MOST_PRINTED = 12; // pieces on either side of a matrix whose weights are printed
const COMPACT_FROM = 24; // pieces on either side; cells are then small
const DRAG = 160; // pixels from 0 to 1

/**
 * What both views show. `weights` has a row for each of `queries`; only the first `rows` are shown,
 * and `current` is the one that is being looked at. `touched` says whether a cell is changed.
 * @typedef {{queries: string[], keys: string[], weights: Float32Array, rows: number, current: ?number,
 *   touched: function(number, number): boolean}} Map
 */

/** Queries at the left, keys at the right, and a line for each weight. */
export class LinesView {
  constructor(colours, onQuery) {
    this.colours = colours;
    this.onQuery = onQuery;
    this.queries = element("ol", { class: "words of-query" });
    this.keys = element("ol", { class: "words of-key" });
    this.lines = drawing("svg", { class: "strokes", preserveAspectRatio: "none" });
    this.root = element(
      "div",
      { class: "bipartite", role: "img" },
      this.queries,
      this.lines,
      this.keys,
    );
    this.hovered = null;
    this.root.addEventListener("pointerleave", () => this.#hover(null));
  }

  show(map, label) {
    this.map = map;
    this.root.setAttribute("aria-label", label);
    const longer = Math.max(map.queries.length, map.keys.length);
    const compact = longer >= COMPACT_FROM;
    this.root.classList.toggle("compact", compact);
    const height = (compact ? ROWS.compact : ROWS.wide) * longer;
    for (const part of [this.queries, this.keys, this.lines]) part.style.height = `${height}px`;
    this.lines.setAttribute("viewBox", `0 0 100 ${height}`);
    this.height = height;
    this.queries.replaceChildren(
      ...map.queries.map((piece, row) =>
        element(
          "li",
          {
            class: row >= map.rows ? "waiting" : "",
            onpointerenter: () => this.#hover(row),
            onclick: () => row < map.rows && this.onQuery(row),
          },
          element("span", { class: "word" }, pieceLabel(piece)),
        ),
      ),
    );
    this.keys.replaceChildren(
      ...map.keys.map((piece) => element("li", {}, element("span", { class: "word" }, pieceLabel(piece)))),
    );
    this.hovered = null;
    this.#draw();
  }

  #hover(row) {
    this.hovered = row !== null && row < this.map.rows ? row : null;
    this.#draw();
  }

  #draw() {
    const { map } = this;
    const pointed = this.hovered ?? map.current;
    const width = map.keys.length;
    const faintest = pointed === null ? FAINTEST.all : FAINTEST.one;
    const strokes = [];
    for (let row = 0; row < map.rows; row++) {
      if (pointed !== null && pointed !== row) continue;
      for (let key = 0; key < width; key++) {
        const weight = map.weights[row * width + key];
        if (weight >= faintest) strokes.push([weight, row, key]);
      }
    }
    strokes.sort(([one], [other]) => one - other);
    this.lines.replaceChildren(...strokes.map((stroke) => this.#line(...stroke)));
    [...this.queries.children].forEach((item, row) => {
      item.firstChild.classList.toggle("pointed", row === pointed);
    });
    [...this.keys.children].forEach((item, key) => {
      const word = item.firstChild;
      const shown = pointed !== null && pointed < map.rows;
      word.style.backgroundColor = word.style.color = "";
      if (shown) this.colours.fill(word, map.weights[pointed * width + key]);
    });
  }

  #line(weight, row, key) {
    const from = ((row + 0.5) / this.map.queries.length) * this.height;
    const to = ((key + 0.5) / this.map.keys.length) * this.height;
    return drawing("path", {
      d: `M0,${from}C50,${from} 50,${to} 100,${to}`,
      stroke: this.colours.of(Math.max(weight, PALEST)),
      "stroke-width": 1 + 5 * weight,
    });
  }
}

/** A row for each query, a column for each key; a cell can be chosen, and dragged to another weight. */
export class MatrixView {
  constructor(language, colours, { onChoose, onWeight }) {
    Object.assign(this, { language, colours, onChoose, onWeight });
    this.head = element("tr");
    this.body = element("tbody");
    this.table = element("table", { role: "grid" }, element("thead", {}, this.head), this.body);
    this.root = element("div", { class: "scroller", tabIndex: -1 }, this.table);
    this.shape = "";
    this.chosen = null; // [query, key]
    this.body.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("pointerdown", (event) => this.#press(event));
    this.body.addEventListener("focusin", (event) => this.#focus(event));
  }

  show(map, label, chosen) {
    this.map = map;
    this.chosen = chosen;
    this.table.setAttribute("aria-label", label);
    const shape = JSON.stringify([map.queries, map.keys]);
    const focused = this.body.contains(document.activeElement);
    const isNew = shape !== this.shape;
    if (isNew) this.#build();
    this.shape = shape;
    const width = map.keys.length;
    const printed = Math.max(map.queries.length, width) <= MOST_PRINTED;
    const [row, column] = this.#reachable();
    this.cells.forEach((cell, place) => {
      const [query, key] = [Math.floor(place / width), place % width];
      const weight = map.weights[place];
      const waiting = query >= map.rows;
      cell.className = [
        waiting ? "waiting" : "",
        map.touched(query, key) ? "touched" : "",
        chosen?.[0] === query && chosen[1] === key ? "chosen" : "",
        printed && weight >= 0.05 ? "printed" : "",
      ].join(" ");
      cell.firstChild.textContent = waiting ? "" : short(weight);
      cell.style.backgroundColor = cell.style.color = "";
      if (!waiting) this.colours.fill(cell, weight);
      cell.tabIndex = query === row && key === column ? 0 : -1;
      cell.ariaDisabled = waiting ? "true" : null;
      cell.ariaLabel = waiting
        ? this.language.say("cell.waiting", { query: map.queries[query], key: map.keys[key] })
        : this.language.say("cell.label", {
            query: map.queries[query],
            key: map.keys[key],
            weight: weight.toFixed(2),
          });
    });
    if (isNew && focused) this.cells[row * width + column]?.focus();
    [...this.body.rows].forEach((tr, query) => {
      tr.classList.toggle("current", query === map.current);
      tr.firstChild.classList.toggle("waiting", query >= map.rows);
    });
  }

  #build() {
    const { queries, keys } = this.map;
    const compact = Math.max(queries.length, keys.length) >= COMPACT_FROM;
    this.table.className = compact ? "matrix compact" : "matrix";
    this.head.replaceChildren(
      element("td", { class: "corner" }),
      ...keys.map((piece) =>
        element("th", { scope: "col" }, element("span", { class: "word" }, pieceLabel(piece))),
      ),
    );
    this.cells = [];
    this.body.replaceChildren(
      ...queries.map((piece, query) => {
        const cells = keys.map((_, key) =>
          element(
            "td",
            { role: "gridcell", "data-query": query, "data-key": key },
            element("span", { class: "number", "aria-hidden": "true" }),
          ),
        );
        this.cells.push(...cells);
        const head = element("th", { scope: "row" }, element("span", { class: "word" }, pieceLabel(piece)));
        return element("tr", {}, head, ...cells);
      }),
    );
  }

  /** The cell that Tab comes to. */
  #reachable() {
    const { chosen, map } = this;
    return chosen && chosen[0] < map.rows ? chosen : [Math.max(0, map.current ?? 0), 0];
  }

  #placeOf(target) {
    const cell = target.closest?.("td[data-query]");
    if (!cell) return null;
    const place = [Number(cell.dataset.query), Number(cell.dataset.key)];
    return place[0] < this.map.rows ? place : null;
  }

  #focus(event) {
    const place = this.#placeOf(event.target);
    if (place && String(place) !== String(this.chosen)) this.onChoose(place);
  }

  #key(event) {
    const place = this.#placeOf(event.target);
    if (!place) return;
    const [query, key] = place;
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const steps = { "+": 0.1, "=": 0.1, "-": -0.1 };
    if (event.key in moves) {
      const [down, right] = moves[event.key];
      const width = this.map.keys.length;
      const next = [query + down, key + right];
      const inside = next[0] >= 0 && next[0] < this.map.rows && next[1] >= 0 && next[1] < width;
      if (inside) this.cells[next[0] * width + next[1]].focus();
    } else if (event.key in steps) {
      const weight = this.map.weights[query * this.map.keys.length + key];
      this.onWeight(place, clamp(weight + steps[event.key]));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.onWeight(place, null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A mouse that is dragged up or down from a cell changes its weight. A finger scrolls. */
  #press(event) {
    const place = this.#placeOf(event.target);
    if (!place || event.button !== 0) return;
    this.onChoose(place);
    if (event.pointerType !== "mouse") return;
    const from = this.map.weights[place[0] * this.map.keys.length + place[1]];
    const start = event.clientY;
    const move = (moved) => {
      if (moved.buttons === 0) return end(); // let go outside of the window
      const distance = start - moved.clientY;
      if (Math.abs(distance) > 3) this.onWeight(place, clamp(from + distance / DRAG));
    };
    const end = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
    };
    // Of the window: the cell itself is replaced when the translation has other pieces.
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
  }
}

/** The slider of one cell's weight, for fingers and keyboards. */
export class CellView {
  constructor(language, onWeight) {
    this.language = language;
    this.onWeight = onWeight;
    this.name = element("label", { class: "label" });
    this.range = element("input", { type: "range", min: 0, max: 1, step: 0.01 });
    this.range.id = this.name.htmlFor = `weight-${CellView.count++}`;
    this.value = element("output", { class: "number" });
    this.back = said("button", "cell.back", { type: "button" });
    this.hint = said("p", "cell.hint", { class: "hint" });
    this.row = element("div", { class: "row" }, this.range, this.value, this.back);
    this.root = element("div", { class: "control cell" }, this.name, this.row, this.hint);
    this.range.addEventListener("input", () => this.onWeight(Number(this.range.value)));
    this.back.addEventListener("click", () => this.onWeight(null));
  }

  static count = 0;

  /** Show `cell`, {query, key, weight, touched} with the pieces' texts; null: none is chosen. */
  show(cell) {
    this.name.hidden = this.row.hidden = cell === null;
    if (cell === null) return;
    this.name.textContent = this.language.say("cell.name", cell);
    if (document.activeElement !== this.range) this.range.value = cell.weight;
    this.value.textContent = cell.weight.toFixed(2);
    this.back.disabled = !cell.touched;
  }
}

function clamp(weight) {
  return Math.min(1, Math.max(0, weight));
}

/** A weight in the width of a cell: ".91" and "1.0". */
function short(weight) {
  if (weight < 0.005) return "";
  return weight >= 0.995 ? "1.0" : weight.toFixed(2).slice(1);
}
