// Starts the page: loads the models, and draws everything again when something has changed.

import { Colours } from "./colours.js";
import { element, part } from "./elements.js";
import { AttentionView } from "./attention.js";
import { Bench } from "./bench.js";
import { CandidatesView } from "./candidates.js";
import { Language } from "./language.js";
import { PiecesView } from "./pieces.js";
import { Player } from "./player.js";
import { TreeView } from "./tree.js";
import { VectorView } from "./vector.js";

/** A sentence, one or two models, and the stage that is shown of their work. */
class Lesson {
  constructor(models, content) {
    this.content = content;
    this.language = new Language(content.texts, navigator.language.slice(0, 2));
    this.colours = new Colours(content.scale, content.signed);
    this.position = 0;
    this.drawnLast = null; // the last stage when everything was drawn
    this.kind = null; // null: that of the stage
    this.benches = models.map((model) => new Bench(model, () => this.draw()));
    this.views = this.benches.map((bench, number) => this.#column(bench, number));
    this.player = new Player(this, part("translation"));
    this.colours.onChange.push(() => this.draw());
    this.colours.apply();
    this.#connect();
  }

  #column(bench, number) {
    const attends = bench.info.attentions.length > 0;
    const views = [
      new PiecesView(this),
      attends ? new AttentionView(this, bench, number) : new VectorView(this, bench),
      new CandidatesView(this, bench, number),
      new TreeView(this, bench),
    ];
    const column = element("div", { class: "bench", "data-bench": number });
    const { name, facts } = this.content.models[number];
    if (this.benches.length > 1) column.append(element("p", { class: "model-name" }, name));
    column.append(factList(facts), ...views.map((view) => view.root));
    part("benches").append(column);
    return { column, views };
  }

  /** The last stage: that of the model that says most, or searches longest. */
  get last() {
    return 1 + Math.max(this.words, ...this.benches.map((bench) => bench.shown?.steps.length ?? 0));
  }

  /** How many pieces the longer translation has; a beam goes on searching when the best one is written. */
  get words() {
    return Math.max(0, ...this.benches.map((bench) => bench.shown?.tokens.length ?? 0));
  }

  /** How many pieces a model has written at this stage. */
  writtenOf(bench) {
    return Math.min(bench.shown.tokens.length, Math.max(0, this.position - 1));
  }

  /** How many steps a model has searched at this stage. */
  searchedOf(bench) {
    return Math.min(bench.shown.steps.length, Math.max(0, this.position - 1));
  }

  /** The kind of attention that is shown, of the `kinds` that a model has. */
  kindOf(kinds) {
    if (kinds.includes(this.kind)) return this.kind;
    const wanted = this.position <= 1 ? "encoder" : "cross";
    return kinds.includes(wanted) ? wanted : kinds[0];
  }

  chooseKind(kind) {
    this.kind = kind;
    this.draw();
  }

  goTo(position) {
    this.position = Math.min(this.last, Math.max(0, position));
    this.draw();
    this.#announce();
  }

  pause() {
    this.player.pause();
  }

  async translate(text) {
    const readable = this.benches.every(({ model }) => model.pieces(text).ids.length > 0);
    part("nothing").hidden = readable;
    if (!readable) return;
    this.player.pause();
    this.position = 0;
    this.kind = null;
    document.documentElement.dataset.working = "";
    try {
      await Promise.all(this.benches.map((bench) => bench.read(text)));
    } catch (error) {
      fail(error.message);
    }
    if (this.benches.some((bench) => bench.text !== text || bench.original === null)) return;
    delete document.documentElement.dataset.working;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.goTo(this.last);
    else this.player.play();
  }

  /** Draw everything. Whoever is at the end of a translation stays there when it changes. */
  draw() {
    if (this.position > 1 && this.position === this.drawnLast) this.position = Infinity;
    this.position = Math.min(this.position, this.last);
    this.drawnLast = this.last;
    this.benches.forEach((bench, number) => {
      const { column, views } = this.views[number];
      column.classList.toggle("empty", bench.shown === null);
      if (bench.shown === null) return;
      for (const view of views) view.show(bench);
    });
    this.player.show();
  }

  #announce() {
    const [bench] = this.benches;
    if (bench.shown === null) return;
    const written = this.writtenOf(bench);
    const text = bench.model.text(bench.shown.tokens.slice(0, written));
    const writing = written > 0 && this.position <= this.words + 1;
    part("aloud").textContent = writing
      ? this.language.say("player.written", { text })
      : this.player.where.textContent;
  }

  #connect() {
    const input = part("sentence");
    part("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.translate(input.value);
    });
    part("examples").append(
      ...this.content.examples.map((text) => {
        const choose = () => {
          input.value = text;
          this.translate(text);
        };
        return element("button", { type: "button", onclick: choose }, element("bdi", {}, text));
      }),
    );
    part("examples").hidden = this.content.examples.length === 0;
    part("theme").addEventListener("click", () => this.colours.toggle());
    for (const button of part("languages").querySelectorAll("button")) {
      button.addEventListener("click", () => this.#speak(button.value));
    }
    addEventListener("keydown", (event) => this.#key(event));
    this.#speak(this.language.code);
    input.value = this.content.examples[0] ?? "";
    if (input.value) this.translate(input.value);
  }

  #speak(code) {
    this.language.choose(code);
    for (const button of part("languages").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === code));
    }
    this.draw();
  }

  /** Arrows step through the stages wherever they have no other use. */
  #key(event) {
    const busy = event.target.closest?.("input, select, textarea, [role=grid], .tree-scroller");
    if (busy || event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.player.step(steps[event.key]);
  }
}

/** What is known of a model, as a list. */
function factList(facts) {
  return element(
    "dl",
    { class: "facts" },
    ...facts.map(([key, value]) =>
      element("div", {}, element("dt", { "data-text": `fact.${key}` }), " ", element("dd", {}, value)),
    ),
  );
}

function fail(message) {
  part("failure").hidden = false;
  part("failure").textContent = message;
}

try {
  const content = JSON.parse(part("content").textContent);
  const models = [];
  for (const json of document.querySelectorAll("script.model")) {
    const weights = json.nextElementSibling.textContent;
    models.push(Attnlab.load({ json: json.textContent, weights }));
  }
  const lesson = new Lesson(models, content);
  lesson.draw();
  document.documentElement.dataset.ready = "";
} catch (error) {
  fail(`This page needs a browser of 2023 or later (${error.message}).`);
  throw error;
}
