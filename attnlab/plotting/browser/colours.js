// Colours of weights: the scale of attnlab's figures, or its counterpart on a dark ground.

/** Light or dark, and the scale that belongs to it. */
export class Colours {
  /** `scale` has colours of weights for "light" and "dark", `signed` those of −1 to 1, if needed. */
  constructor(scale, signed = []) {
    this.scale = scale;
    this.signedScale = signed;
    this.systemDark = matchMedia("(prefers-color-scheme: dark)");
    this.wanted = null; // what the reader asked for; null follows the system
    this.printing = false;
    this.onChange = [];
    this.systemDark.addEventListener("change", () => this.apply());
    addEventListener("beforeprint", () => this.#print(true)); // paper is white
    addEventListener("afterprint", () => this.#print(false));
    this.apply();
  }

  get dark() {
    return !this.printing && (this.wanted ?? (this.systemDark.matches ? "dark" : "light")) === "dark";
  }

  toggle() {
    this.wanted = this.dark ? "light" : "dark";
    this.apply();
  }

  /** The colour of a weight from 0 to 1. */
  of(weight) {
    const scale = this.scale[this.dark ? "dark" : "light"];
    return scale[Math.round(Math.min(1, Math.max(0, weight)) * (scale.length - 1))];
  }

  /** The colour of a number from −1 to 1. */
  signed(number) {
    const scale = this.signedScale;
    return scale[Math.round(Math.min(1, Math.max(0, (number + 1) / 2)) * (scale.length - 1))];
  }

  /** Colour `made` as a weight's ground, with letters that can be read on it. */
  fill(made, weight) {
    const ground = this.of(weight);
    made.style.backgroundColor = ground;
    made.style.color = luminance(ground) > 0.179 ? "#000" : "#fff"; // contrast is 4.5 or more
  }

  #print(now) {
    this.printing = now;
    this.apply();
  }

  /** Colour the page, and the legends (.ramp) that it has by now. */
  apply() {
    document.documentElement.dataset.theme = this.dark ? "dark" : "light";
    document.documentElement.style.setProperty("--nothing", this.of(0));
    const ramp = this.scale[this.dark ? "dark" : "light"].filter((_, step) => step % 15 === 0);
    for (const legend of document.querySelectorAll(".ramp")) {
      legend.style.backgroundImage = `linear-gradient(to right, ${ramp.join()})`;
    }
    for (const listener of this.onChange) listener();
  }
}

/** WCAG 2's relative luminance of "#rrggbb", from 0 to 1. */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
