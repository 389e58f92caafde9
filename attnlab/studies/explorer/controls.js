// The controls above the view. All are the browser's own, so that all work by keyboard and voice.

import { element, part } from "./elements.js";
import { headName, kindName } from "./state.js";

/** Let every control choose, and show what is chosen. */
export function connectControls(state, colours) {
  const { sentences } = state.content;
  fill(part("sentence"), sentences.map((each, number) => `${number + 1} · ${each.source}`));
  const onNumber = (id) => {
    part(id).addEventListener("change", () => state.choose({ [id]: Number(part(id).value) }));
  };
  ["sentence", "layer", "head"].forEach(onNumber);
  part("kind").addEventListener("change", () => state.choose({ kind: part("kind").value }));
  part("gold").addEventListener("change", () => state.choose({ gold: part("gold").checked }));
  for (const button of document.querySelectorAll("[name=view]")) {
    button.addEventListener("change", () => state.choose({ view: button.value }));
  }
  const step = (by) => state.choose({ sentence: state.chosen.sentence + by });
  part("previous").addEventListener("click", () => step(-1));
  part("next").addEventListener("click", () => step(1));
  part("theme").addEventListener("click", () => colours.toggle());
}

/** Show what is chosen, and hide what has a single choice. */
export function showControls(state, colours) {
  const { attention, chosen, content, sentence } = state;
  const kinds = sentence.attention.map((each) => each.kind);
  fill(part("kind"), kinds.map(kindName), kinds);
  fill(part("layer"), numbered(attention.layers, (layer) => `${layer + 1}`));
  fill(part("head"), numbered(attention.measures[0].length, (head) => headName(attention, head)));
  for (const id of ["sentence", "kind", "layer", "head"]) {
    part(id).value = String(chosen[id]);
    part(id).closest(".control").hidden = part(id).length < 2;
  }
  part("previous").disabled = chosen.sentence === 0;
  part("next").disabled = chosen.sentence === content.sentences.length - 1;
  document.querySelector(`[name=view][value=${chosen.view}]`).checked = true;
  part("gold").disabled = state.noGold !== "";
  part("gold").checked = chosen.gold && !part("gold").disabled;
  part("no-gold").textContent = state.noGold;
  part("theme").textContent = colours.dark ? "Light" : "Dark";
  part("source").textContent = sentence.source;
  part("target").textContent = sentence.target;
}

function numbered(count, name) {
  return Array.from({ length: count }, (_, number) => name(number));
}

/** Give a select these choices, unless it has them already. */
function fill(select, names, values = names.map((_, number) => number)) {
  const there = [...select.options].map((option) => option.text);
  if (there.length === names.length && names.every((name, place) => name === there[place])) return;
  select.replaceChildren(
    ...names.map((name, place) => element("option", { value: values[place] }, name)),
  );
}
