// The search as a tree: which beginnings were kept at each step, and how likely they were.

import { drawing, element } from "./elements.js";
import { pieceLabel, said, section } from "./parts.js";

const ACROSS = 104; // pixels from step to step, and from one beginning to the next below it
const DOWN = 44;
const NODE = { width: 86, height: 36 };

export class TreeView {
  constructor(lesson, bench) {
    Object.assign(this, { lesson, bench });
    this.edges = drawing("svg", { "aria-hidden": "true" });
    this.nodes = element("div", { class: "nodes" });
    this.plane = element("div", { class: "plane" }, this.edges, this.nodes);
    this.scroller = element(
      "div",
      { class: "tree-scroller", tabIndex: 0, role: "group", "data-label": "tree.title" },
      this.plane,
    );
    this.best = element("ol", { class: "n-best" });
    this.root = section("tree", said("p", "tree.hint", { class: "hint" }), this.scroller, this.best);
  }

  show() {
    const { lesson, bench } = this;
    const run = bench.shown;
    const written = lesson.writtenOf(bench);
    const steps = run.steps.slice(0, written);
    const { end } = bench.info.special;
    const nodes = [];
    const edges = [];
    let parents = new Map([["", { x: 0, y: DOWN / 2 }]]);
    let deepest = 1;
    steps.forEach((hypotheses, step) => {
      const own = new Map();
      const ranked = [...hypotheses].sort((one, other) => other.logProbability - one.logProbability);
      ranked.forEach((hypothesis, rank) => {
        const at = { x: 16 + step * ACROSS, y: rank * DOWN };
        const all = hypothesis.token === end ? [...hypothesis.tokens, end] : hypothesis.tokens;
        const onWay = all.every((token, place) => token === run.tokens[place]);
        nodes.push(this.#node(hypothesis, all, at, onWay));
        const from = parents.get(all.slice(0, -1).join());
        if (from) edges.push(edge(from, { x: at.x, y: at.y + NODE.height / 2 }, onWay));
        own.set(all.join(), { x: at.x + NODE.width, y: at.y + NODE.height / 2 });
      });
      deepest = Math.max(deepest, ranked.length);
      parents = own;
    });
    const [width, height] = [32 + steps.length * ACROSS, deepest * DOWN];
    this.plane.style.width = `${width}px`;
    this.plane.style.height = `${height}px`;
    this.edges.setAttribute("viewBox", `0 0 ${width} ${height}`);
    edges.sort((one, other) => Number(one.onWay) - Number(other.onWay));
    this.edges.replaceChildren(...edges.map(({ path }) => path));
    const focused = this.nodes.contains(document.activeElement);
    this.nodes.replaceChildren(...nodes);
    if (focused) [...this.nodes.querySelectorAll(".on-way")].at(-1)?.focus();
    this.scroller.hidden = steps.length === 0;
    this.scroller.scrollLeft = width;
    const ended = run.steps.flat().filter((hypothesis) => hypothesis.finished);
    ended.sort((one, other) => other.score - one.score);
    const all = written === run.tokens.length;
    this.best.replaceChildren(
      ...(all ? ended : []).map((each) =>
        element(
          "li",
          {},
          element("bdi", {}, bench.model.text(each.tokens)),
          element("span", { class: "number" }, each.score.toFixed(2)),
        ),
      ),
    );
  }

  #node(hypothesis, tokens, { x, y }, onWay) {
    const { language } = this.lesson;
    const piece = this.bench.model.piece(hypothesis.token);
    const share = language.percent(Math.exp(hypothesis.logProbability));
    const text = this.bench.model.text(hypothesis.tokens);
    const node = element(
      "button",
      {
        type: "button",
        class: [onWay ? "on-way" : "", hypothesis.finished ? "finished" : ""].join(" "),
        title: text,
        onclick: () => this.#goOn(tokens),
      },
      pieceLabel(piece),
      element("span", { class: "number" }, share),
    );
    node.ariaLabel = language.say("tree.node", { text, share });
    node.style.left = `${x}px`;
    node.style.top = `${y}px`;
    return node;
  }

  /** Let the sentence go on from that beginning. */
  async #goOn(tokens) {
    this.lesson.pause();
    await this.bench.change((changes) => (changes.prefix = tokens));
    this.lesson.goTo(tokens.length + 1);
  }
}

function edge(from, to, onWay) {
  const middle = (from.x + to.x) / 2;
  const d = `M${from.x},${from.y}C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`;
  return { onWay, path: drawing("path", { d, class: onWay ? "on-way" : "" }) };
}
