// The page's own texts, in the language that is chosen.

/** Texts by language and key; a text has places such as {word}. */
export class Language {
  constructor(texts, code) {
    this.texts = texts;
    this.code = code in texts ? code : "en";
  }

  /** Choose another language, and write all fixed texts again. */
  choose(code) {
    this.code = code;
    this.write(document.documentElement);
  }

  /** The text of `key` with `values` in its places. */
  say(key, values = {}) {
    const text = this.texts[this.code][key];
    if (text === undefined) throw new Error(`no text ${key} in ${this.code}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** Write the texts of all elements within `root` that have data-text or data-label. */
  write(root) {
    document.documentElement.lang = this.code === "zh" ? "zh-Hans" : this.code;
    document.title = this.say("title");
    for (const made of root.querySelectorAll("[data-text]")) {
      made.textContent = this.say(made.dataset.text);
    }
    for (const made of root.querySelectorAll("[data-label]")) {
      made.setAttribute("aria-label", this.say(made.dataset.label));
    }
  }

  /** A share of 1 in per cent, with two digits that say something, or one of a small share. */
  percent(share) {
    const number = 100 * share;
    const digits = number >= 9.95 || number === 0 ? 0 : number >= 0.995 ? 1 : number >= 0.0995 ? 2 : null;
    return `${digits === null ? small(number) : number.toFixed(digits)} %`;
  }
}

/** A small number, such as 0.003 or 5·10⁻⁸. */
function small(number) {
  if (number >= 0.00095) return String(Number(number.toPrecision(1)));
  const [digit, exponent] = number.toExponential(0).split("e-");
  return `${digit}·10⁻${exponent.replace(/\d/g, (each) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[each])}`;
}
