// All heads of a kind as small matrices, a row a layer: a click chooses one.

import { element, part } from "./elements.js";
import { weightsOf } from "./payload.js";
import { headName } from "./state.js";

/** Fill the part "heads" anew: for another sentence or kind, or in other colours. */
export function drawHeads(state, colours) {
  const { attention } = state;
  const columns = attention.measures[0].length;
  part("heads").hidden = attention.layers * columns === 1;
  part("heads-number").textContent = state.showsGold
    ? "The number is the alignment error rate in per cent, at the step that predicts a word: 0 is best."
    : "The number is the normalised entropy: near 0 a head looks at one word, near 1 at all alike.";
  const grid = part("thumbnails");
  grid.style.setProperty("--columns", columns);
  grid.replaceChildren(
    ...attention.measures.flatMap((measures, layer) => [
      element("p", { class: "layer" }, `layer ${layer + 1}`),
      ...measures.map((of, head) => thumbnail(state, colours, layer, head, of)),
    ]),
  );
  markHead(state);
}

/** Show which head is chosen. */
export function markHead(state) {
  const { layer, head } = state.chosen;
  for (const button of part("thumbnails").querySelectorAll("button")) {
    const { layer: its, head: own } = button.dataset;
    button.setAttribute("aria-pressed", String(Number(its) === layer && Number(own) === head));
  }
}

function thumbnail(state, colours, layer, head, measures) {
  const { attention } = state;
  const name = headName(attention, head);
  const [width, height] = [attention.keys.length, attention.queries.length];
  const picture = element("canvas", { width, height });
  paint(picture, weightsOf(state.content, attention, layer, head), colours);
  const figure = state.showsGold
    ? (100 * measures.alignmentErrors[0]).toFixed(0)
    : measures.normalisedEntropy.toFixed(2);
  const measure = state.showsGold ? "alignment error rate" : "normalised entropy";
  return element(
    "button",
    {
      type: "button",
      "data-layer": layer,
      "data-head": head,
      "aria-label": `layer ${layer + 1}, ${name}: ${measure} ${figure}`,
      onclick: () => state.choose({ layer, head }),
    },
    picture,
    element("span", { class: "name" }, head < attention.heads ? name : "mean"),
    element("span", { class: "figure" }, figure),
  );
}

/** One pixel a weight; the style sheet lets the browser enlarge them with sharp edges. */
function paint(picture, weights, colours) {
  const context = picture.getContext("2d");
  weights.forEach((weight, place) => {
    context.fillStyle = colours.of(weight);
    context.fillRect(place % picture.width, Math.floor(place / picture.width), 1, 1);
  });
}
