// The search as it goes, as a tree: which beginnings are kept at each step, how likely they are, which
// of them nothing comes of, and which end.

import { drawing, element } from "./elements.js";
import { pieceLabel, said, section } from "./parts.js";

const ACROSS = 132; // pixels from step to step, and from one beginning to the next below it
const DOWN = 44;
const NODE = { width: 86, height: 36 };
const MISSED = 3; // beginnings that are shown though the latest step did not keep them

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
    this.state = element("p", { class: "state" });
    this.ended = said("h3", "tree.ended");
    this.best = element("ol", { class: "n-best" });
    this.root = section(
      "tree",
      said("p", "tree.hint", { class: "hint" }),
      this.state,
      this.scroller,
      this.ended,
      this.best,
    );
  }

  show() {
    const { lesson, bench } = this;
    const run = bench.shown;
    const steps = run.steps.slice(0, lesson.searchedOf(bench));
    const over = steps.length === run.steps.length;
    const going = new Set(this.#alive(steps, over).flatMap((tokens) => tokens.map((_, at) => key(tokens, at + 1))));
    const nodes = [];
    const edges = [];
    let parents = new Map([["", { x: 0, y: NODE.height / 2 }]]);
    steps.forEach(({ hypotheses, dropped }, step) => {
      const own = new Map();
      const ranked = [...hypotheses].sort((one, other) => other.logProbability - one.logProbability);
      const missed = step === steps.length - 1 ? dropped.slice(0, MISSED) : [];
      [...ranked, ...missed].forEach((hypothesis, rank) => {
        const at = { x: ACROSS - NODE.width + step * ACROSS, y: rank * DOWN };
        const tokens = this.#tokens(hypothesis);
        const onWay = tokens.every((token, place) => token === run.tokens[place]);
        const gone = rank >= ranked.length ? "missed" : going.has(key(tokens)) ? "" : "past";
        const kinds = [onWay ? "on-way" : "", hypothesis.finished ? "finished" : "", gone];
        nodes.push(...this.#node(hypothesis, tokens, at, kinds.join(" ").trim()));
        const from = parents.get(key(tokens, tokens.length - 1));
        if (from) edges.push(edge(from, { x: at.x, y: at.y + NODE.height / 2 }, onWay ? "on-way" : gone));
        own.set(key(tokens), { x: at.x + NODE.width, y: at.y + NODE.height / 2 });
      });
      parents = own;
    });
    // Of the whole search, so that nothing below it moves while it goes on.
    const deepest = Math.max(
      ...run.steps.map(({ hypotheses, dropped }) => hypotheses.length + Math.min(MISSED, dropped.length)),
    );
    const [width, height] = [16 + steps.length * ACROSS, deepest * DOWN];
    this.plane.style.width = `${width}px`;
    this.plane.style.height = `${height}px`;
    this.edges.setAttribute("viewBox", `0 0 ${width} ${height}`);
    edges.sort((one, other) => Number(one.kind === "on-way") - Number(other.kind === "on-way"));
    this.edges.replaceChildren(...edges.map(({ path }) => path));
    const focused = this.nodes.contains(document.activeElement);
    this.nodes.replaceChildren(...nodes);
    if (focused) [...this.nodes.querySelectorAll("button.on-way")].at(-1)?.focus();
    this.scroller.hidden = steps.length === 0;
    this.scroller.scrollLeft = width;
    this.#showEnded(steps, over);
  }

  /** The paths of what the search still goes on with, or ended with. */
  #alive(steps, over) {
    const ended = steps.flatMap(({ hypotheses }) => hypotheses.filter(({ finished }) => finished));
    const kept = over ? [] : (steps.at(-1)?.hypotheses ?? []);
    return [...ended, ...kept].map((hypothesis) => this.#tokens(hypothesis));
  }

  /** A hypothesis's tokens with the end's, if that is its last. */
  #tokens({ tokens, token }) {
    return token === this.bench.info.special.end ? [...tokens, token] : tokens;
  }

  #showEnded(steps, over) {
    const { lesson, bench } = this;
    const ended = steps.flatMap(({ hypotheses }) => hypotheses.filter(({ finished }) => finished));
    ended.sort((one, other) => other.score - one.score);
    const counts = {
      step: steps.length,
      kept: steps.at(-1)?.hypotheses.filter(({ finished }) => !finished).length,
      ended: ended.length,
    };
    this.state.hidden = steps.length === 0;
    this.state.textContent = lesson.language.say(over ? "tree.over" : "tree.step", counts);
    this.ended.hidden = ended.length === 0;
    this.best.replaceChildren(
      ...ended.map((each) =>
        element(
          "li",
          {},
          element("bdi", {}, bench.model.text(each.tokens)),
          element("span", { class: "number" }, each.score.toFixed(2)),
        ),
      ),
    );
  }

  #node(hypothesis, tokens, { x, y }, kinds) {
    const { language } = this.lesson;
    const piece = this.bench.model.piece(hypothesis.token);
    const share = language.percent(Math.exp(hypothesis.logProbability));
    const next = language.percent(hypothesis.probability);
    const text = this.bench.model.text(hypothesis.tokens);
    const node = element(
      "button",
      { type: "button", class: kinds, title: text, onclick: () => this.#goOn(tokens) },
      pieceLabel(piece),
      element("span", { class: "number" }, share),
    );
    node.ariaLabel = language.say("tree.node", { text, share, piece, next });
    const before = element("span", { class: `next-number ${kinds}`, "aria-hidden": "true" }, next);
    before.style.width = `${ACROSS - NODE.width}px`;
    before.style.left = `${x - ACROSS + NODE.width}px`;
    node.style.left = `${x}px`;
    for (const each of [node, before]) each.style.top = `${y}px`;
    return [node, before];
  }

  /** Let the sentence go on from that beginning. */
  async #goOn(tokens) {
    this.lesson.pause();
    await this.bench.change((changes) => (changes.prefix = tokens));
    this.lesson.goTo(tokens.length + 1);
  }
}

/** The first `count` tokens as the key of a beginning. */
function key(tokens, count = tokens.length) {
  return tokens.slice(0, count).join();
}

function edge(from, to, kind) {
  const middle = (from.x + to.x) / 2;
  const d = `M${from.x},${from.y}C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`;
  return { kind, path: drawing("path", { d, class: kind }) };
}
