// From content to a page that answers: each part is drawn anew when what it shows has changed.

import { described, part } from "./elements.js";
import { readContent } from "./payload.js";
import { State } from "./state.js";
import { Colours } from "./colours.js";
import { drawLines } from "./lines.js";
import { drawMatrix } from "./matrix.js";
import { watchPointing } from "./pointing.js";
import { drawHeads, markHead } from "./heads.js";
import { showMeasures, showLooks } from "./looks.js";
import { showCandidates } from "./candidates.js";
import { connectControls, showControls } from "./controls.js";

const VIEWS = { lines: drawLines, matrix: drawMatrix };

function start(content) {
  const state = new State(content);
  const colours = new Colours(content.scale);
  const stage = part("stage");
  let showPointed = () => {};
  let thumbnailsOf = "";

  const pointAnew = () => {
    showPointed();
    showLooks(state, colours);
    showCandidates(state);
  };
  const chooseAnew = () => {
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
  state.onPointing.push(pointAnew);
  state.onChoice.push(chooseAnew);
  colours.onChange.push(chooseAnew);
  part("facts").append(...described(content.facts));
  connectControls(state, colours);
  watchPointing(stage, state);
  chooseAnew();
  document.documentElement.dataset.ready = "";
}

try {
  start(await readContent());
} catch (error) {
  part("failure").hidden = false;
  part("failure").textContent = `This page needs a browser of 2023 or later (${error.message}).`;
  throw error;
}
