// Starts the page: each part is drawn again when what it shows has changed.

import { described, part } from "./elements.js";
import { State, readContent } from "./state.js";
import { Colours } from "./colours.js";
import { drawLines, drawMatrix } from "./views.js";
import { drawHeads, markHead, showCandidates, showLooks, showMeasures } from "./panels.js";
import { connectControls, showControls, watchPointing } from "./controls.js";

const VIEWS = { lines: drawLines, matrix: drawMatrix };

function start(content) {
  const state = new State(content);
  const colours = new Colours(content.scale);
  const stage = part("stage");
  let showPointed = () => {};
  let thumbnailsOf = "";

  const drawPointed = () => {
    showPointed();
    showLooks(state, colours);
    showCandidates(state);
  };
  const drawChosen = () => {
    showControls(state, colours);
    showMeasures(state);
    showPointed = VIEWS[state.chosen.view](stage, state, colours);
    const { sentence, kind } = state.chosen;
    const needed = [sentence, kind, state.showsGold, colours.dark].join();
    if (needed === thumbnailsOf) markHead(state);
    else drawHeads(state, colours);
    thumbnailsOf = needed;
    state.hover(null);
  };
  state.onPointing.push(drawPointed);
  state.onChoice.push(drawChosen);
  colours.onChange.push(drawChosen);
  part("facts").append(...described(content.facts));
  connectControls(state, colours);
  watchPointing(stage, state);
  drawChosen();
  document.documentElement.dataset.ready = "";
}

try {
  start(await readContent());
} catch (error) {
  part("failure").hidden = false;
  part("failure").textContent = `This page needs a browser of 2023 or later (${error.message}).`;
  throw error;
}
