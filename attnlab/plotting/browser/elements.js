// Building elements. All text becomes text nodes, so that no sentence can be read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties (`class`, `aria-…` and `data-…` as attributes) and children. */
export function element(name, properties = {}, ...children) {
  return filled(document.createElement(name), properties, children);
}

/** The same of SVG, where every property is an attribute. */
export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (made instanceof HTMLElement && name in made) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The page's own element of that id. */
export function part(id) {
  return document.getElementById(id);
}

/** A word of a sentence, which may run from right to left inside text that does not. */
export function isolated(text) {
  return element("bdi", {}, text);
}

/** Terms and their descriptions, for a description list. */
export function described(rows) {
  return rows.map(([term, description]) =>
    element("div", {}, element("dt", {}, term), " ", element("dd", {}, description)),
  );
}

/** A number from 0 to 1 with three decimals. */
export function decimals(number) {
  return number.toFixed(3);
}
