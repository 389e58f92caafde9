// What could have come next: at each step of the word that is pointed at, the likeliest pieces.

import { decimals, element, isolated, part } from "./elements.js";

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
