// The panels beside the view: what was measured of the head, and a list of weights.

import { decimals, described, element, isolated, part } from "./elements.js";
import { headName, kindName } from "./state.js";
import { axisLabels } from "./words.js";

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
    rows.push(["alignment error rate", `${predicts} at the step that predicts a word, ${reads} at the one that reads it`]);
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
