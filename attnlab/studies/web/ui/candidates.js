// The next word at the step that is shown: what could be chosen, and how words are chosen.

import { element } from "./elements.js";
import { pieceLabel, said, section, textButton } from "./parts.js";

const FEW = 8; // candidates that are listed at first
const MORE = 40;
const TEMPERATURES = [0.1, 4]; // ends of a slider that is linear in the logarithm

export class CandidatesView {
  constructor(lesson, bench, number) {
    Object.assign(this, { lesson, bench });
    this.count = FEW;
    this.title = element("h3");
    this.list = element("ol", { class: "bars candidates" });
    this.rest = element("p", { class: "hint" });
    this.more = textButton("next.more", () => {
      this.count = this.count === FEW ? MORE : FEW;
      lesson.draw();
    });
    this.search = element(
      "select",
      { id: `search-${number}`, onchange: () => this.#setSearch({ search: this.search.value }) },
      ...["beam", "greedy", "sampling"].map((name) =>
        said("option", `search.${name}`, { value: name }),
      ),
    );
    this.beam = element("input", {
      id: `beam-${number}`,
      type: "number",
      min: 1,
      max: 12,
      onchange: () => this.#setSearch({ beamSize: Math.min(12, Math.max(1, Math.round(this.beam.value) || 1)) }),
    });
    this.temperature = element("input", {
      id: `temperature-${number}`,
      type: "range",
      min: 0,
      max: 1,
      step: 0.005,
      oninput: () => this.#setTemperature(),
    });
    this.temperatureValue = element("output", { class: "number" });
    this.again = textButton("search.again", () => bench.change((changes) => (changes.seed += 1)));
    this.beamControl = control("search.beam-size", this.beam);
    this.root = section(
      "next",
      element(
        "div",
        { class: "columns" },
        element("div", {}, this.title, this.list, this.rest, this.more),
        element(
          "div",
          { class: "choice" },
          said("h3", "search.title"),
          control("search.name", this.search, this.again),
          this.beamControl,
          control("search.temperature", this.temperature, this.temperatureValue),
          said("p", "search.hint", { class: "hint" }),
        ),
      ),
    );
  }

  show() {
    const { lesson, bench } = this;
    const { language } = lesson;
    const { changes, info, model } = bench;
    const run = bench.shown;
    // Before the first word is written, its candidates are already there.
    const step = Math.max(0, lesson.writtenOf(bench) - 1);
    const before = step === 0 ? model.piece(info.special.begin) : run.pieces[step - 1];
    this.title.replaceChildren(...language.say("next.after", { piece: "\0" }).split("\0").flatMap(
      (part, at) => (at ? [pieceLabel(before), part] : [part]),
    ));
    const probabilities = model.probabilities(run.logits[step], changes.temperature);
    const never = new Set(info.neverChosen);
    const listed = [...probabilities.keys()]
      .filter((token) => !never.has(token))
      .sort((one, other) => probabilities[other] - probabilities[one])
      .slice(0, this.count);
    const taken = run.tokens[step];
    if (!listed.includes(taken)) listed.push(taken);
    const focused = this.list.contains(document.activeElement);
    this.list.replaceChildren(
      ...listed.map((token) => this.#row(token, probabilities[token], step, token === taken)),
    );
    if (focused) this.list.querySelector("[aria-pressed=true]").focus();
    const rest = 1 - listed.reduce((sum, token) => sum + probabilities[token], 0);
    this.rest.textContent = language.say("next.rest", { share: language.percent(Math.max(0, rest)) });
    this.more.dataset.text = this.count === FEW ? "next.more" : "next.fewer";
    this.more.textContent = language.say(this.more.dataset.text);
    this.search.value = changes.search.search;
    this.beam.value = changes.search.beamSize;
    this.beamControl.hidden = changes.search.search !== "beam";
    this.again.hidden = changes.search.search !== "sampling";
    const [least, most] = TEMPERATURES;
    this.temperature.value = Math.log(changes.temperature / least) / Math.log(most / least);
    this.temperatureValue.textContent = changes.temperature.toFixed(2);
  }

  #row(token, probability, step, taken) {
    const { language } = this.lesson;
    const piece = this.bench.model.piece(token);
    const bar = element("span", { class: "bar" });
    bar.style.width = `${100 * probability}%`;
    const button = element(
      "button",
      { type: "button", onclick: () => this.#take(token, step), "data-token": token },
      pieceLabel(piece),
      element("span", { class: "track" }, bar),
      element("span", { class: "number" }, language.percent(probability)),
    );
    button.setAttribute("aria-pressed", String(taken));
    button.ariaLabel = language.say("next.choose", { piece, share: language.percent(probability) });
    return element("li", { class: taken ? "target-piece" : "" }, button);
  }

  /** Choose `token` at `step`, and see how the sentence goes on. */
  async #take(token, step) {
    const { bench, lesson } = this;
    const prefix = [...bench.shown.tokens.slice(0, step), token];
    lesson.pause();
    await bench.change((changes) => (changes.prefix = prefix));
    lesson.goTo(step + 2);
  }

  #setSearch(values) {
    this.bench.change((changes) => Object.assign(changes.search, values));
  }

  #setTemperature() {
    const [least, most] = TEMPERATURES;
    const exact = least * (most / least) ** Number(this.temperature.value);
    const value = Math.abs(exact - 1) < 0.03 ? 1 : exact; // 1 is easy to find again
    this.bench.change((changes) => (changes.temperature = value));
  }
}

function control(key, ...inputs) {
  const label = said("label", key, { htmlFor: inputs[0].id });
  return element("div", { class: "control" }, label, element("div", { class: "row" }, ...inputs));
}
