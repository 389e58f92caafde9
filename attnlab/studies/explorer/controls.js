// Controls above the view, which are the browser's own and work by keyboard and voice; and pointing at
// words and cells by mouse, finger or keyboard.

import { element, part } from "./elements.js";
import { NOTHING, headName, kindName } from "./state.js";

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

/** Watch `stage`, whatever view stands in it. */
export function watchPointing(stage, state) {
  stage.addEventListener("pointerover", (event) => {
    const pointed = event.pointerType === "touch" ? null : pointedAt(event.target);
    if (pointed || state.hovered) state.hover(pointed);
  });
  stage.addEventListener("pointerleave", () => state.hover(null));
  stage.addEventListener("click", (event) => {
    const pointed = pointedAt(event.target);
    if (pointed) state.pin(pointed);
  });
  stage.addEventListener("focusin", (event) => {
    const pointed = pointedAt(event.target);
    if (pointed) state.pin(pointed);
  });
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape") state.pin(NOTHING);
    const next = neighbour(stage, event.target, event.key, state.chosen.view);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  state.onPointing.push(() => markPinned(stage, state));
}

function pointedAt(target) {
  const word = target.closest(".word");
  if (word) return { ...NOTHING, [word.dataset.axis]: Number(word.dataset.number) };
  const cell = target.closest("td[data-query]");
  return cell && { query: Number(cell.dataset.query), key: Number(cell.dataset.key) };
}

/** The word that a key leads to: along its axis, to either end, or across to the other axis. */
function neighbour(stage, word, key, view) {
  if (!word.matches(".word")) return null;
  const { axis } = word.dataset;
  const on = (name) => [...stage.querySelectorAll(`.word[data-axis="${name}"]`)];
  const words = on(axis);
  const number = words.indexOf(word);
  const upright = view === "lines" || axis === "query";
  const [back, forth] = upright ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
  const across = upright ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  if (key === back) return words[number - 1] ?? null;
  if (key === forth) return words[number + 1] ?? null;
  if (key === "Home") return words.at(0);
  if (key === "End") return words.at(-1);
  if (!across.includes(key)) return null;
  return on(axis === "query" ? "key" : "query").find((each) => each.tabIndex === 0);
}

function markPinned(stage, { pinned }) {
  for (const word of stage.querySelectorAll(".word")) {
    const { axis, number } = word.dataset;
    const isPinned = pinned[axis] === Number(number);
    word.setAttribute("aria-pressed", String(isPinned));
    if (pinned[axis] !== null) word.tabIndex = isPinned ? 0 : -1; // Tab comes back to it
  }
}
