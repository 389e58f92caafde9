// Attention of one model: which kind, which head, its map, and what can be done to it.

import { element } from "./elements.js";
import { HeadsView } from "./heads.js";
import { CellView, LinesView, MatrixView } from "./maps.js";
import { said, section, setSwitch, switchOf, textButton } from "./parts.js";

const KINDS = ["encoder", "cross", "decoder"]; // in the order in which they come to work
const MODES = [
  ["trained", "mode.trained"],
  ["silent", "mode.silent"],
  ["uniform", "mode.uniform"],
];

export class AttentionView {
  constructor(lesson, bench, number) {
    Object.assign(this, { lesson, bench });
    this.heads = {}; // kind -> {attention, head}
    this.cell = null; // [query, key] of the shown head
    const { language, colours } = lesson;
    const kinds = KINDS.filter((kind) => this.#layers(kind).length > 0);
    this.kindSwitch = switchOf(
      `kind-${number}`,
      kinds.map((kind) => [kind, `kind.${kind}`]),
      "attention.kinds",
      (kind) => lesson.chooseKind(kind),
    );
    this.kindSwitch.hidden = kinds.length < 2;
    this.kinds = kinds;
    this.explained = element("p", { class: "hint" });
    this.grid = new HeadsView(language, colours, (head) => this.#chooseHead(head));
    this.title = element("h3");
    this.lines = new LinesView(colours, (row) => this.#goTo(row));
    this.matrix = new MatrixView(language, colours, {
      onChoose: (place) => this.#chooseCell(place),
      onWeight: (place, weight) => this.#setWeight(place, weight),
    });
    this.cellView = new CellView(language, (weight) => this.#setWeight(this.cell, weight));
    this.headMode = switchOf(`head-${number}`, MODES, "mode.head", (mode) => this.#setMode(mode, false));
    this.layerMode = switchOf(`layer-${number}`, MODES, "mode.layer", (mode) => this.#setMode(mode, true));
    this.changeList = element("ul", { class: "changes", "data-label": "changes.title" });
    this.undo = textButton("changes.undo", () => bench.change((changes) => changes.reset()), {
      class: "undo",
    });
    this.root = section(
      "attention",
      this.kindSwitch,
      this.explained,
      element(
        "div",
        { class: "looks" },
        this.grid.root,
        element(
          "div",
          { class: "looked" },
          this.title,
          element("div", { class: "maps" }, this.lines.root, this.matrix.root),
          element(
            "div",
            { class: "scale", "aria-hidden": "true" },
            element("span", {}, "0"),
            element("span", { class: "ramp" }),
            element("span", {}, "1"),
            said("span", "attention.weight"),
          ),
        ),
      ),
      element(
        "div",
        { class: "touch" },
        element(
          "div",
          { class: "control" },
          said("span", "mode.head", { class: "label" }),
          this.headMode,
        ),
        element(
          "div",
          { class: "control" },
          said("span", "mode.layer", { class: "label" }),
          this.layerMode,
        ),
        this.cellView.root,
      ),
      element("div", { class: "changed" }, this.changeList, this.undo),
    );
  }

  #layers(kind) {
    return this.bench.info.attentions.filter((attention) => attention.kind === kind);
  }

  show() {
    const { lesson, bench } = this;
    const run = bench.shown;
    const kind = lesson.kindOf(this.kinds);
    setSwitch(this.kindSwitch, kind);
    this.explained.textContent = lesson.language.say(`kind.${kind}.hint`);
    this.kind = kind;
    const layers = this.#layers(kind);
    this.heads[kind] ??= clearestHead(layers, run.attention);
    const chosen = this.heads[kind];
    const { attention, head } = chosen;
    const written = lesson.writtenOf(bench);
    const rows = kind === "encoder" ? (lesson.position >= 1 ? run.source.pieces.length : 0) : written;
    const { queries, keys, data } = run.attention[attention.name];
    const weights = data.subarray(head * queries * keys, (head + 1) * queries * keys);
    const labels = this.#labels(run, kind);
    // When all is written, all lines are shown.
    const writing = kind !== "encoder" && written > 0 && written < run.tokens.length;
    if (this.cell && (this.cell[0] >= queries || this.cell[1] >= keys)) this.cell = null;
    const map = {
      ...labels,
      weights,
      rows,
      current: writing ? written - 1 : null,
      touched: (query, key) =>
        bench.showsChanges && bench.changes.cell(attention.name, head, query, key) !== null,
    };
    const name = lesson.language.say("heads.head", { layer: attention.layer, head: head + 1 });
    const alone = layers.length * attention.heads === 1;
    this.title.textContent = alone ? lesson.language.say(`kind.${kind}`) : name;
    this.grid.show(layers, chosen, {
      weightsOf: ({ name: of }) => run.attention[of],
      rows,
      modeOf: (of, number) => (bench.showsChanges ? bench.changes.mode(of.name, number) : null),
    });
    this.lines.show(map, lesson.language.say("maps.lines", { name: this.title.textContent }));
    this.matrix.show(map, lesson.language.say("maps.matrix", { name: this.title.textContent }), this.cell);
    this.#showCell(map);
    this.map = map;
    const modes = Array.from({ length: attention.heads }, (_, at) => bench.changes.mode(attention.name, at));
    setSwitch(this.headMode, modes[head] ?? "trained");
    setSwitch(this.layerMode, modes.every((mode) => mode === modes[0]) ? (modes[0] ?? "trained") : "");
    this.layerMode.parentElement.hidden = attention.heads < 2;
    this.#showChanges();
  }

  #labels(run, kind) {
    const source = run.source.pieces;
    const read = [this.bench.model.piece(this.bench.info.special.begin), ...run.pieces.slice(0, -1)];
    if (kind === "encoder") return { queries: source, keys: source };
    return kind === "cross" ? { queries: run.pieces, keys: source } : { queries: read, keys: read };
  }

  #showCell(map) {
    if (this.cell === null || this.cell[0] >= map.rows) return this.cellView.show(null);
    const [query, key] = this.cell;
    this.cellView.show({
      query: map.queries[query],
      key: map.keys[key],
      weight: map.weights[query * map.keys.length + key],
      touched: map.touched(query, key),
    });
  }

  #showChanges() {
    const { changes } = this.bench;
    const { language } = this.lesson;
    const items = [];
    for (const attention of this.bench.info.attentions) {
      for (let head = 0; head < attention.heads; head++) {
        const mode = changes.mode(attention.name, head);
        if (mode) items.push(this.#change(attention, head, `mode.${mode}`, (all) => all.setMode(attention, head, null)));
      }
      for (const cell of changes.cells.values()) {
        if (cell.name !== attention.name) continue;
        items.push(this.#change(attention, cell.head, "changes.weight", (all) => all.setCell(cell, null), cell));
      }
    }
    if (changes.prefix) {
      const text = this.bench.model.text(changes.prefix);
      items.push(this.#item(this.lesson.language.say("changes.prefix", { text }), (all) => (all.prefix = null)));
    }
    this.changeList.replaceChildren(...items);
    this.undo.parentElement.hidden = !changes.any;
  }

  #change(attention, head, key, undo, cell = null) {
    const { language } = this.lesson;
    const names = { layer: attention.layer, head: head + 1 };
    const values = cell ? { row: cell.query + 1, column: cell.key + 1, weight: cell.value.toFixed(2) } : {};
    const said = {
      kind: language.say(`kind.${attention.kind}`),
      head: language.say("heads.head", names),
      change: language.say(key, values),
    };
    return this.#item(language.say("changes.of-head", said), undo);
  }

  #item(text, undo) {
    const { language } = this.lesson;
    const button = element(
      "button",
      { type: "button", onclick: () => this.bench.change(undo) },
      "×",
    );
    button.ariaLabel = language.say("changes.undo-one", { change: text });
    return element("li", {}, text, button);
  }

  #chooseHead(head) {
    this.heads[this.kind] = head;
    this.cell = null;
    this.lesson.draw();
  }

  #chooseCell(place) {
    this.cell = place;
    this.lesson.draw();
  }

  #setWeight([query, key], value) {
    const { attention, head } = this.heads[this.kind];
    this.cell = [query, key];
    this.bench.change((changes) => {
      changes.setCell({ name: attention.name, head, query, key }, value);
    });
  }

  #setMode(mode, wholeLayer) {
    const { attention, head } = this.heads[this.kind];
    const chosen = wholeLayer ? [...Array(attention.heads).keys()] : [head];
    this.bench.change((changes) => {
      for (const each of chosen) changes.setMode(attention, each, mode === "trained" ? null : mode);
    });
  }

  #goTo(row) {
    if (this.kind !== "encoder") this.lesson.goTo(row + 2);
  }
}

/** The head that looks at the most keys, each as sharply as it can: it is like a word alignment. */
function clearestHead(layers, maps) {
  let best = null;
  let most = -1;
  for (const attention of layers) {
    const { heads, queries, keys, data } = maps[attention.name];
    for (let head = 0; head < heads; head++) {
      let found = 0;
      for (let key = 0; key < keys; key++) {
        let sharpest = 0;
        for (let query = 0; query < queries; query++) {
          sharpest = Math.max(sharpest, data[(head * queries + query) * keys + key]);
        }
        found += sharpest;
      }
      if (found > most) [best, most] = [{ attention, head }, found];
    }
  }
  return best;
}
