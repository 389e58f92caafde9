// What the user has changed in a model, and in the way words are chosen.

const BEAM_SIZE = 5; // of a beam search, where the run itself searches otherwise

/** Changes to one model's heads, weights, search and words. */
export class Changes {
  constructor(info) {
    this.info = info;
    this.reset();
  }

  reset() {
    this.modes = new Map(); // attention's name -> "silent" | "uniform" | null of each head
    const { search, beamSize = BEAM_SIZE } = this.info.search;
    this.search = { search, beamSize };
    this.temperature = 1;
    this.seed = 1;
    this.forget();
  }

  /** Drop what belongs to one sentence. */
  forget() {
    this.cells = new Map();
    this.prefix = null; // token ids that the translation begins with
  }

  get any() {
    return this.touchesModel || this.touchesChoice;
  }

  get touchesModel() {
    return this.cells.size > 0 || [...this.modes.values()].some((modes) => modes.some(Boolean));
  }

  get touchesChoice() {
    const { search, beamSize = BEAM_SIZE } = this.info.search;
    const searched =
      this.search.search !== search || (search === "beam" && this.search.beamSize !== beamSize);
    return this.prefix !== null || searched || this.temperature !== 1;
  }

  mode(name, head) {
    return this.modes.get(name)?.[head] ?? null;
  }

  setMode(attention, head, mode) {
    const modes = this.modes.get(attention.name) ?? new Array(attention.heads).fill(null);
    modes[head] = mode;
    this.modes.set(attention.name, modes);
  }

  cell(name, head, query, key) {
    return this.cells.get([name, head, query, key].join()) ?? null;
  }

  /** Give a weight another value; null gives it back to the model. */
  setCell({ name, head, query, key }, value) {
    const place = [name, head, query, key].join();
    // A row has one weight that is fixed: the others share what remains.
    for (const [other, cell] of this.cells) {
      if (cell.name === name && cell.head === head && cell.query === query) this.cells.delete(other);
    }
    if (value !== null) this.cells.set(place, { name, head, query, key, value });
  }

  /** The same for the engine. */
  get interventions() {
    const heads = {};
    const uniform = {};
    for (const [name, modes] of this.modes) {
      heads[name] = modes.map((mode) => (mode === "silent" ? 0 : 1));
      uniform[name] = modes.map((mode) => mode === "uniform");
    }
    return { heads, uniform, cells: [...this.cells.values()] };
  }
}
