// The content, unpacked from the page's JSON; what is chosen and pointed at, and listeners of changes.

import { part } from "./elements.js";

/** The content, its weights as one array of numbers from 0 to 1. */
export async function readContent() {
  const content = JSON.parse(part("content").textContent);
  const packed = Uint8Array.from(atob(content.weights), (letter) => letter.charCodeAt(0));
  const unpacking = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(unpacking).arrayBuffer());
  // The upper bytes of all weights stand first, and then the lower bytes of all.
  const count = bytes.length / 2;
  const weights = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    weights[i] = (256 * bytes[i] + bytes[count + i]) / content.weightSteps;
  }
  let start = 0;
  for (const attention of content.sentences.flatMap((sentence) => sentence.attention)) {
    const [layers, heads, queries, keys] = attention.weights;
    Object.assign(attention, { layers, heads, start });
    start += layers * heads * queries * keys;
  }
  return { ...content, weights };
}

/** One head's weights, (queries, keys) row by row; a `head` behind the last is the mean of all. */
export function weightsOf(content, attention, layer, head) {
  const size = attention.queries.length * attention.keys.length;
  const of = (number) => {
    const start = attention.start + (layer * attention.heads + number) * size;
    return content.weights.subarray(start, start + size);
  };
  if (head < attention.heads) return of(head);
  const mean = new Float32Array(size);
  for (let number = 0; number < attention.heads; number++) {
    of(number).forEach((weight, place) => (mean[place] += weight / attention.heads));
  }
  return mean;
}

/** One page's state. Layers and heads count from 0; the head behind the last is the mean of all. */
export class State {
  constructor(content) {
    this.content = content;
    this.chosen = { sentence: 0, kind: null, layer: 0, head: 0, view: "lines", gold: false };
    this.pinned = NOTHING; // stays until something else is focused, or Escape
    this.hovered = null; // for as long as the pointer is on it
    this.onChoice = [];
    this.onPointing = [];
    this.chosen = { ...this.chosen, ...this.#bestHead() };
  }

  get sentence() {
    return this.content.sentences[this.chosen.sentence];
  }

  get attention() {
    return this.sentence.attention.find((each) => each.kind === this.chosen.kind);
  }

  get weights() {
    const { layer, head } = this.chosen;
    return weightsOf(this.content, this.attention, layer, head);
  }

  get measures() {
    return this.attention.measures[this.chosen.layer][this.chosen.head];
  }

  /** The query and the key that are pointed at, by number; null is none. */
  get pointed() {
    return this.hovered ?? this.pinned;
  }

  /** Why gold links cannot be shown; "" if they can. */
  get noGold() {
    if (this.sentence.gold === null) return this.sentence.noGold;
    if (this.chosen.kind === "cross") return "";
    return "Gold links join source and target words: cross-attention has them.";
  }

  get showsGold() {
    return this.chosen.gold && this.noGold === "";
  }

  /** The gold cells as numbers in the rows of `weights`: none unless they are to be shown. */
  get goldCells() {
    if (!this.showsGold) return new Set();
    const width = this.attention.keys.length;
    return new Set(this.sentence.gold.map(([query, key]) => query * width + key));
  }

  choose(changes) {
    const before = this.attention;
    Object.assign(this.chosen, changes);
    const { layers, heads } = this.attention;
    this.chosen.layer = Math.min(this.chosen.layer, layers - 1);
    this.chosen.head = Math.min(this.chosen.head, heads > 1 ? heads : 0);
    this.hovered = null;
    if (this.attention !== before) this.pinned = NOTHING;
    for (const listener of this.onChoice) listener();
  }

  hover(pointed) {
    this.hovered = pointed;
    for (const listener of this.onPointing) listener();
  }

  pin(pointed) {
    this.pinned = pointed;
    this.hover(null);
  }

  /** Where to begin: at the head that aligns best or, without gold links, looks most sharply. */
  #bestHead() {
    const { attention } = this.sentence;
    const first = attention.find((each) => each.kind === "cross") ?? attention[0];
    const badness = (of) => of.alignmentErrors?.[0] ?? of.normalisedEntropy;
    let best = { kind: first.kind, layer: 0, head: 0 };
    first.measures.forEach((heads, layer) =>
      heads.slice(0, first.heads).forEach((measures, head) => {
        if (badness(measures) < badness(first.measures[best.layer][best.head])) {
          best = { kind: first.kind, layer, head };
        }
      }),
    );
    return best;
  }
}

export const NOTHING = Object.freeze({ query: null, key: null });

/** Name of a head. */
export function headName(attention, head) {
  return head < attention.heads ? `head ${head + 1}` : "mean of heads";
}

/** Name of a kind of attention. */
export function kindName(kind) {
  return kind === "cross" ? "cross-attention" : `${kind} self-attention`;
}
