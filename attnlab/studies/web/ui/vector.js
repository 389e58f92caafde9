// A model without attention: the one vector that it has of the sentence, and the state that it says
// words from.

import { element } from "./elements.js";
import { numbersPicture, said, section } from "./parts.js";

const WIDTH = 64; // numbers in a row of the picture

export class VectorView {
  constructor(lesson, bench) {
    Object.assign(this, { lesson, bench });
    this.title = element("h3");
    this.pictures = element("div", { class: "vectors", role: "img", "data-label": "vector.title" });
    this.root = section(
      "vector",
      said("p", "vector.hint", { class: "hint" }),
      this.title,
      this.pictures,
      said("p", "vector.colours", { class: "hint" }),
    );
  }

  show() {
    const { lesson, bench } = this;
    const run = bench.shown;
    const written = lesson.writtenOf(bench);
    const state = written > 0 ? run.states[written - 1] : run.source.state;
    const language = lesson.language;
    this.title.textContent =
      written > 0
        ? language.say("vector.after", { piece: run.pieces[written - 1] })
        : language.say("vector.source");
    const vectors = Object.values(state.tensors).filter(({ data }) => data.length > 1);
    const greatest = Math.max(...vectors.flatMap(({ data }) => [...data].map(Math.abs)));
    this.pictures.hidden = lesson.position < 1;
    this.pictures.replaceChildren(
      ...vectors.map(({ data }) => numbersPicture([...data], WIDTH, greatest, lesson.colours)),
    );
  }
}
