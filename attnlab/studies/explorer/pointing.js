// Pointing at words and cells, by mouse, finger or keyboard: what is hovered and what is pinned.

import { NOTHING } from "./state.js";

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
