// The translation as far as it is written, beside the one with changes, and the buttons that step
// through it.

import { drawing, element } from "./elements.js";
import { textButton } from "./parts.js";

const PACE = 900; // milliseconds a step

const SIGNS = {
  first: "M3,3h2v14h-2z M16,3l-7,7l7,7v-4l-3.4,-3l3.4,-3z",
  back: "M13,3l-7,7l7,7v-4l-3.4,-3l3.4,-3z",
  play: "M6,3v14l11,-7z",
  pause: "M5,4h4v12h-4z M11,4h4v12h-4z",
  forward: "M7,3l7,7l-7,7v-4l3.4,-3l-3.4,-3z",
  last: "M4,3l7,7l-7,7v-4l3.4,-3l-3.4,-3z M15,3h2v14h-2z",
};

/**
 * Steps through the stages: the pieces (0), what was encoded (1), each piece that is written, and what
 * the search still looks for behind that.
 */
export class Player {
  constructor(lesson, root) {
    this.lesson = lesson;
    this.timer = null;
    const button = (name, act) =>
      element(
        "button",
        { type: "button", "data-label": `player.${name}`, "data-action": name, onclick: act },
        sign(name),
      );
    this.playButton = button("play", () => (this.playing ? this.pause() : this.play()));
    this.slider = element("input", { type: "range", min: 0, step: 1, "data-label": "player.position" });
    this.slider.addEventListener("input", () => {
      const position = Number(this.slider.value); // pausing draws the slider where it was
      this.pause();
      lesson.goTo(position);
    });
    this.where = element("span", { class: "where" });
    this.lines = element("div", { class: "translations" });
    this.views = lesson.benches.map((bench, number) => new TranslationView(lesson, bench, number));
    this.lines.append(...this.views.map((view) => view.root));
    root.append(
      this.lines,
      element(
        "div",
        { class: "player", role: "group", "data-label": "player.title" },
        button("first", () => this.step(-Infinity)),
        button("back", () => this.step(-1)),
        this.playButton,
        button("forward", () => this.step(1)),
        button("last", () => this.step(Infinity)),
        this.slider,
        this.where,
      ),
    );
  }

  get playing() {
    return this.timer !== null;
  }

  step(by) {
    this.pause();
    this.lesson.goTo(this.lesson.position + by);
  }

  play() {
    this.pause();
    if (this.lesson.position >= this.lesson.last) this.lesson.goTo(0);
    this.timer = setInterval(() => {
      if (this.lesson.position >= this.lesson.last) this.pause();
      else this.lesson.goTo(this.lesson.position + 1);
    }, PACE);
    this.show();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.show();
  }

  show() {
    const { lesson } = this;
    const { language, position, last, words } = lesson;
    this.slider.max = last;
    this.slider.value = position;
    const where =
      position === 0
        ? language.say("player.at-pieces")
        : position === 1
          ? language.say("player.at-encoded")
          : position <= words + 1
            ? language.say("player.at-word", { step: position - 1, last: words })
            : language.say("player.at-search", { step: position - 1, last: last - 1 });
    this.where.textContent = where;
    this.slider.ariaValueText = where;
    const action = this.playing ? "pause" : "play";
    this.playButton.replaceChildren(sign(action));
    this.playButton.dataset.label = `player.${action}`;
    this.playButton.ariaLabel = language.say(this.playButton.dataset.label);
    for (const view of this.views) view.show();
  }
}

function sign(name) {
  return drawing("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, drawing("path", { d: SIGNS[name] }));
}

/** One model's translations: its own, and below it the one with changes. */
class TranslationView {
  constructor(lesson, bench, number) {
    Object.assign(this, { lesson, bench });
    const { models } = lesson.content;
    this.name = element("p", { class: "model-name" }, models.length > 1 ? models[number].name : "");
    this.original = this.#line("translation.original", () => this.#choose(true));
    this.changed = this.#line("translation.changed", () => this.#choose(false));
    this.root = element(
      "div",
      { class: "translation", role: "group", "data-label": "translation.title", "data-bench": number },
      this.name,
      this.original.root,
      this.changed.root,
    );
  }

  #line(key, onclick) {
    const name = textButton(key, onclick);
    const text = element("p", { class: "text", dir: "auto" });
    return { name, text, root: element("div", { class: `line ${key.split(".")[1]}` }, name, text) };
  }

  #choose(original) {
    this.bench.showsOriginal = original;
    this.lesson.draw();
  }

  show() {
    const { bench } = this;
    this.changed.root.hidden = bench.changed === null;
    this.name.hidden = this.name.textContent === "";
    this.original.name.setAttribute("aria-pressed", String(!bench.showsChanges));
    this.changed.name.setAttribute("aria-pressed", String(bench.showsChanges));
    if (bench.original !== null) this.#write(this.original.text, bench.original, null);
    if (bench.changed !== null) this.#write(this.changed.text, bench.changed, bench.original);
  }

  /** Write a translation as far as it is written; where it differs from `other` is marked. */
  #write(line, run, other) {
    const { lesson, bench } = this;
    const kept = other === null ? null : commonPieces(run.tokens, other.tokens);
    const written = Math.max(0, lesson.position - 1);
    let before = "";
    const spans = run.tokens.flatMap((token, at) => {
      if (token === bench.info.special.end) return [];
      // As the translation's own text has it: what this piece adds to those before it.
      const whole = bench.model.text(run.tokens.slice(0, at + 1));
      const text = whole.startsWith(before) ? whole.slice(before.length) : run.pieces[at];
      before = whole;
      const classes = [
        at >= written ? "waiting" : "",
        at === written - 1 && run === bench.shown ? "current" : "",
        kept !== null && !kept.has(at) ? "differs" : "",
      ];
      const made = element("span", { class: classes.join(" ") }, text.trimStart());
      made.addEventListener("click", () => lesson.goTo(at + 2));
      return [text.slice(0, text.length - text.trimStart().length), made];
    });
    line.replaceChildren(...spans);
  }
}

/** The places in `one` of a longest common subsequence with `other`. */
export function commonPieces(one, other) {
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      lengths[i][j] =
        one[i] === other[j]
          ? lengths[i + 1][j + 1] + 1
          : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const found = new Set();
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    if (one[i] === other[j]) {
      found.add(i);
      i += 1;
      j += 1;
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
    else j += 1;
  }
  return found;
}
