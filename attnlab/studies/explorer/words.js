// Words to point at, and what the words of an axis are.

import { element, isolated } from "./elements.js";

/** The button of word `number`; `axis` is "query" or "key". */
export function wordButton(axis, number, label) {
  return element(
    "button",
    {
      type: "button",
      class: "word",
      tabIndex: number === 0 ? 0 : -1,
      title: label,
      "data-axis": axis,
      "data-number": number,
      "aria-pressed": "false",
    },
    isolated(label),
  );
}

/** What an axis's words are: "source", "translation" or "reference". */
export function axisName(state, axis) {
  const { kind } = state.chosen;
  const target = kind === "decoder" || (kind === "cross" && axis === "query");
  return target ? state.content.targetIs : "source";
}

/** The labels of the words on an axis. */
export function axisLabels(state, axis) {
  return axis === "query" ? state.attention.queries : state.attention.keys;
}
