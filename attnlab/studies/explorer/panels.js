// Panels beside and below the view: measures of the head, weights of the pointed word, candidates for
// the next piece, and all heads as small matrices.

import { decimals, described, element, isolated, part } from "./elements.js";
import { axisLabels } from "./words.js";
import { headName, kindName, weightsOf } from "./state.js";

const MOST_LISTED = 6;
const LEAST_LISTED = 0.0005; // less would read 0.000

/** Name the chosen head and its measures on this sentence. */
export function showMeasures(state) {
  const { attention, chosen, measures } = state;
  const name = [kindName(chosen.kind)];
  if (attention.layers > 1) name.push(`layer ${chosen.layer + 1}`);
  if (attention.heads > 1) name.push(headName(attention, chosen.head));
  part("name").textContent = name.join(" · ");
  const rows = [
    ["entropy", `${decimals(measures.entropy)} nats`],
    ["normalised", decimals(measures.normalisedEntropy)],
  ];
  if (measures.alignmentErrors) {
    const [predicts, reads] = measures.alignmentErrors.map((error) => `${(100 * error).toFixed(1)} %`);
    const rates = `${predicts} at the step that predicts a word, ${reads} at the one that reads it`;
    rows.push(["alignment error rate", rates]);
  }
  part("measures").replaceChildren(...described(rows));
}

/** List where the pointed word looks, or who looks at it, heaviest first; and say so aloud. */
export function showLooks(state, colours) {
  const { query, key } = state.pointed;
  const list = part("looks-list");
  list.replaceChildren();
  if (query === null && key === null) {
    part("looks-title").textContent = "Point at a word";
    part("looks-hint").hidden = false;
    part("aloud").textContent = "";
    return;
  }
  part("looks-hint").hidden = true;
  const looking = query !== null; // a cell is shown as its row
  const [queries, keys] = ["query", "key"].map((axis) => axisLabels(state, axis));
  const word = looking ? queries[query] : keys[key];
  const others = looking ? keys : queries;
  const weights = others.map((_, number) =>
    state.weights[looking ? query * keys.length + number : number * keys.length + key],
  );
  const order = [...weights.keys()].sort((one, other) => weights[other] - weights[one]);
  const listed = order.filter(
    (number, rank) =>
      (rank < MOST_LISTED && weights[number] >= LEAST_LISTED) || (looking && number === key),
  );
  const verb = looking ? " looks at" : " is looked at by";
  part("looks-title").replaceChildren("“", isolated(word), `”${verb}`);
  list.append(
    ...listed.map((number) => {
      const bar = element("span", { class: "bar" });
      bar.style.width = `${100 * weights[number]}%`;
      bar.style.backgroundColor = colours.of(Math.max(0.35, weights[number]));
      return element(
        "li",
        { class: looking && number === key ? "pointed" : "" },
        isolated(others[number]),
        element("span", { class: "track" }, bar),
        element("span", { class: "number" }, decimals(weights[number])),
      );
    }),
  );
  const unlisted = order.filter((number) => !listed.includes(number));
  const rest = unlisted.reduce((sum, number) => sum + weights[number], 0);
  if (looking && rest >= LEAST_LISTED) {
    list.append(element("li", { class: "rest" }, `all others together: ${decimals(rest)}`));
  }
  const top = order.slice(0, 3).map((number) => `${others[number]} ${decimals(weights[number])}`);
  part("aloud").textContent = `${word}${verb}: ${top.join(", ")}`;
}

/** Show the steps of the pointed word, if it is one of the target. */
export function showCandidates(state) {
  const steps = pointedSteps(state);
  part("candidates-hint").hidden = steps.length > 0;
  part("candidates-steps").replaceChildren(...steps.map((step) => card(state.content, step)));
}

/** Of queries, the steps at which they look; a decoder's keys are its queries over again. */
function pointedSteps(state) {
  const { query, key } = state.pointed;
  const word = state.chosen.kind === "decoder" ? (query ?? key) : query;
  const range = word === null ? null : state.attention.steps[word];
  return range ? state.sentence.steps.slice(...range) : [];
}

function card(content, step) {
  const verb = content.targetIs === "reference" ? " the reference has " : " the model predicts ";
  const rows = step.candidates.map(([piece, probability]) => row(content, step, piece, probability));
  if (!step.candidates.some(([piece]) => piece === step.targetPiece)) {
    rows.push(row(content, step, step.targetPiece, step.probability));
  }
  return element(
    "section",
    { class: "step" },
    element("h3", {}, "after ", isolated(step.inputPiece), verb, isolated(step.targetPiece)),
    element("ol", { class: "bars" }, ...rows),
  );
}

function row(content, step, piece, probability) {
  const bar = element("span", { class: "bar" });
  bar.style.width = `${100 * probability}%`;
  return element(
    "li",
    { class: piece === step.targetPiece ? "target-piece" : "" },
    isolated(piece),
    element("span", { class: "track" }, bar),
    element("span", { class: "number" }, decimals(probability)),
    content.neverPredicted.includes(piece)
      ? element("span", { class: "note" }, "special piece, excluded from search")
      : null,
  );
}

/** Fill the part "heads": again for another sentence or kind, or in other colours. */
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
