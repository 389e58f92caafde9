// The sentence cut into pieces, each with its number in the vocabulary and, once it is encoded, with the
// vector that the decoder reads of it.

import { element } from "./elements.js";
import { numbersPicture, pieceLabel, said, section } from "./parts.js";

const WIDTH_OF_VECTOR = 16; // numbers in a row of a piece's picture

export class PiecesView {
  constructor(lesson) {
    this.lesson = lesson;
    this.list = element("ol", { class: "chips", "data-label": "pieces.title" });
    this.encoded = said("p", "pieces.encoded", { class: "hint" });
    this.root = section("pieces", said("p", "pieces.hint", { class: "hint" }), this.list, this.encoded);
  }

  show(bench) {
    const { source } = bench.shown;
    const { position, colours } = this.lesson;
    const vectors = position >= 1 ? valuesOf(source) : [];
    const greatest = Math.max(...vectors.flat().map(Math.abs));
    this.encoded.hidden = vectors.length === 0;
    this.list.replaceChildren(
      ...source.pieces.map((piece, place) =>
        element(
          "li",
          {},
          pieceLabel(piece),
          element("small", {}, String(source.ids[place])),
          vectors.length ? numbersPicture(vectors[place], WIDTH_OF_VECTOR, greatest, colours) : null,
        ),
      ),
    );
  }
}

/** What attention to the source averages in its first layer: a vector of each piece; none for an RNN. */
function valuesOf({ ids, state }) {
  const found = Object.entries(state.tensors).find(
    ([name, { dims }]) => name.endsWith("value") && !name.includes("past") && dims.at(-2) === ids.length,
  );
  if (!found) return [];
  const [, { dims, data }] = found;
  const size = dims.at(-1);
  const heads = data.length / (ids.length * size);
  // (heads, pieces, size) -> (pieces, heads * size)
  return ids.map((_, place) =>
    Array.from({ length: heads }, (_, head) => {
      const start = (head * ids.length + place) * size;
      return [...data.subarray(start, start + size)];
    }).flat(),
  );
}
