// One model and one sentence: its own translation, and another with what the user has changed.

import { Changes } from "./changes.js";

const BUSY = 24; // milliseconds of computing, after which the browser may draw

/** A model with its translations. `onChange` is called whenever there is something new to show. */
export class Bench {
  constructor(model, onChange) {
    this.model = model;
    this.info = model.info;
    this.onChange = onChange;
    this.changes = new Changes(model.info);
    this.text = "";
    this.original = null;
    this.changed = null;
    this.showsOriginal = false;
    this.reading = 0; // the number of the latest sentence
    this.working = null;
  }

  /** The translation that all views show. */
  get shown() {
    return (this.showsOriginal ? null : this.changed) ?? this.original;
  }

  /** Whether the views show what the user has changed. */
  get showsChanges() {
    return this.shown !== null && this.shown === this.changed;
  }

  /** Translate another sentence: as the model does, and then with changes to its heads. */
  async read(text) {
    const number = ++this.reading;
    this.text = text;
    this.changes.forget();
    this.original = this.changed = null;
    const unchanged = new Changes(this.info);
    const found = await translated(this.model, text, unchanged, () => number !== this.reading);
    if (found === null) return;
    this.original = found;
    this.onChange();
    await this.update();
  }

  /** Translate again with today's changes. A call during another is done once, after it. */
  async update() {
    this.wanted = true;
    this.working ??= this.#work().finally(() => (this.working = null));
    await this.working;
    if (this.wanted && this.original !== null) await this.update();
  }

  async #work() {
    while (this.wanted && this.original !== null) {
      this.wanted = false;
      const number = this.reading;
      const left = () => number !== this.reading;
      const { any } = this.changes;
      const found = any ? await translated(this.model, this.text, this.changes, left) : null;
      if (left() || (any && found === null)) continue;
      this.changed = found;
      if (found === null) this.showsOriginal = false;
      this.onChange();
    }
  }

  /** Change something, and show the translation that comes of it. */
  async change(make) {
    make(this.changes);
    this.showsOriginal = false;
    await this.update();
  }
}

/**
 * A sentence translated: its pieces, the search's `steps`, and the maps of what it chose; null if
 * `left` says that nobody waits for it any more.
 */
async function translated(model, text, changes, left) {
  const interventions = changes.interventions;
  const { end } = model.info.special;
  const source = model.encode(text, interventions);
  const options = {
    ...(changes.touchesChoice ? changes.search : {}),
    temperature: changes.temperature,
    seed: changes.seed,
    forcedPrefix: changes.prefix ?? [],
    interventions,
  };
  const steps = [];
  let nBest = [];
  let rested = performance.now();
  for (const step of model.search(source, options)) {
    if (step.done) nBest = step.nBest;
    else steps.push(step);
    if (performance.now() - rested > BUSY) {
      await new Promise((resume) => setTimeout(resume));
      if (left()) return null;
      rested = performance.now();
    }
  }
  const [best] = nBest;
  const tokens = best.tokens.at(-1) === end ? best.tokens : [...best.tokens, end];
  const forced = model.force(source, tokens, interventions);
  return { ...forced, source, steps, text: best.text, best: best.tokens };
}
