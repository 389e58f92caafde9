// What the page shows: read from the JSON inside it, with its weights unpacked.

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
