// All heads of one kind of attention as small pictures: a row a layer, a column a head.

import { element } from "./elements.js";

export class HeadsView {
  constructor(language, colours, onChoose) {
    Object.assign(this, { language, colours, onChoose });
    this.root = element("div", { class: "heads", role: "group", "data-label": "heads.title" });
  }

  /**
   * Show `layers`, the attentions of one kind. `weightsOf(attention)` are its weights, of which the
   * first `rows` rows are shown; `modeOf(attention, head)` says whether a head is silent or uniform.
   */
  show(layers, chosen, { weightsOf, rows, modeOf }) {
    const shape = layers.map(({ name, heads }) => name + heads).join();
    if (shape !== this.shape) this.#build(layers);
    this.shape = shape;
    this.root.hidden = layers.length * (layers[0]?.heads ?? 0) < 2;
    layers.forEach((attention, at) => {
      const { heads, queries, keys, data } = weightsOf(attention);
      this.names[at].textContent = this.language.say("heads.layer", { layer: attention.layer });
      for (let head = 0; head < heads; head++) {
        const button = this.buttons[at][head];
        const mode = modeOf(attention, head);
        const size = queries * keys;
        this.#paint(button.firstChild, data.subarray(head * size, (head + 1) * size), [keys, queries], rows);
        button.className = mode ?? "";
        const names = { layer: attention.layer, head: head + 1 };
        const change = mode === null ? null : this.language.say(`mode.${mode}`);
        button.lastChild.textContent = mode === null ? String(head + 1) : `${head + 1} · ${change}`;
        button.ariaLabel = this.language.say("heads.head", names) + (mode === null ? "" : ` · ${change}`);
        const pressed = attention.name === chosen.attention.name && head === chosen.head;
        button.setAttribute("aria-pressed", String(pressed));
      }
    });
  }

  #build(layers) {
    this.names = layers.map(() => element("p", { class: "layer" }));
    this.buttons = layers.map((attention) =>
      Array.from({ length: attention.heads }, (_, head) =>
        element(
          "button",
          { type: "button", onclick: () => this.onChoose({ attention, head }) },
          element("canvas", { width: 1, height: 1 }),
          element("span"),
        ),
      ),
    );
    this.root.style.setProperty("--columns", Math.max(0, ...layers.map(({ heads }) => heads)));
    this.root.replaceChildren(
      ...layers.flatMap((_, at) => [this.names[at], ...this.buttons[at]]),
    );
  }

  /** One pixel a weight; the style sheet lets the browser enlarge them with sharp edges. */
  #paint(canvas, weights, [width, height], rows) {
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    for (let place = 0; place < rows * width; place++) {
      context.fillStyle = this.colours.of(weights[place]);
      context.fillRect(place % width, Math.floor(place / width), 1, 1);
    }
  }
}
