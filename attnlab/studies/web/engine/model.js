// A translation model with its vocabulary: what a page asks for.

class Model {
  // `facts`: as attnlab/studies/web/model.py writes them; `bytes`: its weights.
  constructor(facts, bytes) {
    const weights = facts.weights.map(([dims, start, type]) => ({
      dims,
      data: READERS[type](bytes, start, sizeOf(dims)),
    }));
    this.facts = facts;
    this.info = facts.info;
    this.encoder = new Graph(facts.encoder, weights);
    this.decoder = new Graph(facts.decoder, weights);
    this.source = new Vocabulary(facts.vocabularies[0]);
    this.target = facts.vocabularies.length > 1 ? new Vocabulary(facts.vocabularies[1]) : this.source;
  }

  // {text, ids, pieces}: the text as the model reads it, and its pieces with the end's.
  pieces(text) {
    const normal = cut(normalise(text), this.info.maxCharacters);
    const found = WITHOUT_INK.test(normal) ? [] : this.source.encode(normal);
    const ids = found.length ? [...found, this.info.special.end] : [];
    return { text: normal, ids, pieces: ids.map((id) => this.source.piece(id)) };
  }

  // The printable name of a piece of the translation.
  piece(id) {
    return this.target.piece(id);
  }

  text(ids) {
    return this.target.decode(ids);
  }

  // The source as the decoder reads it, with the encoder's attention weights by name:
  // {heads, queries, keys, data}. A blank text has no ids and no state.
  encode(text, interventions = null) {
    const read = this.pieces(text);
    if (!read.ids.length) return { ...read, state: null, attention: {} };
    const dims = [1, read.ids.length];
    const given = {
      source: { dims, data: Int32Array.from(read.ids) },
      source_mask: { dims, data: new Uint8Array(read.ids.length).fill(1) },
    };
    const found = this.encoder.run(given, changing(interventions));
    const attention = {};
    for (const [name, { dims: of, data }] of named("attention.", found)) {
      const [, heads, queries, keys] = of;
      attention[name] = { heads, queries, keys, data };
    }
    const tensors = Object.fromEntries(named("state.", found));
    return { ...read, state: { tensors, beams: 1, position: 0 }, attention };
  }

  // Decodes the next token of each hypothesis: `tokens`, at first the beginning's alone, behind
  // `state` (null: the source's). Logits are (beams, vocabulary); attention weights by name are
  // {beams, heads, keys, data}.
  step(source, state, tokens, interventions = null) {
    const before = state ?? source.state;
    const given = { tokens: { dims: [1, tokens.length], data: Int32Array.from(tokens) } };
    for (const [name, tensor] of Object.entries(before.tensors)) given[`state.${name}`] = tensor;
    const found = this.decoder.run(given, changing(interventions, before.position));
    const attention = {};
    for (const [name, { dims, data }] of named("attention.", found)) {
      const [, beams, heads, , keys] = dims;
      attention[name] = { beams, heads, keys, data };
    }
    const tensors = { ...before.tensors, ...Object.fromEntries(named("next.", found)) };
    const after = { tensors, beams: tokens.length, position: before.position + 1 };
    return { logits: found.logits.data, state: after, attention };
  }

  // The state of the hypotheses at `rows`, which may repeat.
  select(state, rows) {
    if (rows.length === state.beams && rows.every((row, at) => row === at)) return state;
    const tensors = { ...state.tensors };
    for (const name of this.facts.byHypothesis) tensors[name] = taken(tensors[name], 1, rows);
    return { ...state, tensors, beams: rows.length };
  }

  probabilities(logits, temperature = 1) {
    const scaled = logits.map((logit) => logit / temperature), logarithm = logSumExp(scaled);
    return scaled.map((logit) => Math.exp(logit - logarithm));
  }

  // Searches a translation: {step, hypotheses, dropped} after each token, and at last {done: true,
  // nBest}. Hypotheses are those that go on, best first, then those that ended with the token:
  // {tokens, logProbability, score, parent (its place among those that went on before), token,
  // probability, finished}; `dropped` are the likeliest that a beam did not keep. `options` change
  // the run's own search, `info.search`; `forcedPrefix`: ids to begin with; `signal`: an AbortSignal.
  search(source, options = {}) {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    const { special, neverChosen } = this.info;
    const settings = { ...DEFAULTS, ...this.info.search, ...Object.fromEntries(given) };
    const { maxLengthFactor, maxLengthExtra, forcedPrefix } = settings;
    const longest = Math.trunc(source.ids.length * maxLengthFactor) + maxLengthExtra;
    Object.assign(settings, { special, neverChosen });
    settings.longest = Math.max(longest, forcedPrefix.length + 1);
    settings.nBest = Math.min(settings.nBest, settings.beamSize);
    return searched(this, source, settings);
  }

  // Decodes given `ids`, which the caller ends: `logits` of each before it is read, `attention` by
  // name as {heads, queries, keys, data} with a row for each id, and the `states` behind each step.
  // A row of the decoder's attention to itself has zeros for what comes later.
  force(given, ids, interventions = null) {
    const source = typeof given === "string" ? this.encode(given, interventions) : given;
    const { begin } = this.info.special, logits = [], states = [], rows = {};
    let state = source.state;
    ids.forEach((id, at) => {
      const found = this.step(source, state, [at ? ids[at - 1] : begin], interventions);
      state = found.state;
      logits.push(found.logits);
      states.push(state);
      for (const [name, row] of Object.entries(found.attention)) (rows[name] ??= []).push(row);
    });
    const attention = { ...source.attention };
    for (const [name, ofSteps] of Object.entries(rows)) attention[name] = stacked(ofSteps);
    const pieces = ids.map((id) => this.piece(id));
    return { source, tokens: ids, pieces, logits, attention, states };
  }

  // The best translation, and what `force` says of it and its end.
  translate(text, options = {}) {
    const source = this.encode(text, options.interventions);
    if (!source.ids.length) return { text: "", ...this.force(source, []) };
    let last = null;
    for (last of this.search(source, options));
    const [best] = last.nBest;
    const ids = [...best.tokens, this.info.special.end];
    return { ...best, nBest: last.nBest, ...this.force(source, ids, options.interventions) };
  }
}

const READERS = {
  float32: (bytes, start, count) => new Float32Array(bytes.buffer, start, count),
  float16: (bytes, start, count) =>
    Float32Array.from(new Uint16Array(bytes.buffer, start, count), single),
};

// The number that 16 bits stand for in half precision.
function single(half) {
  const sign = half >>> 15 ? -1 : 1, exponent = (half >>> 10) & 31, fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const DEFAULTS = {
  search: "beam",
  beamSize: 5,
  nBest: 1,
  lengthPenalty: 1,
  lengthNormalisation: "average",
  minLength: 0,
  noRepeatNgram: null,
  temperature: 1,
  topK: null,
  topP: 1,
  seed: 1,
  forcedPrefix: [],
  interventions: null,
  signal: null,
};

function named(prefix, tensors) {
  const of = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return of.map(([name, tensor]) => [name.slice(prefix.length), tensor]);
}

// The rows of steps, each of as many keys or more, as one matrix for each head.
function stacked(rows) {
  const { heads, keys } = rows.at(-1), queries = rows.length;
  const data = new Float32Array(heads * queries * keys);
  rows.forEach((row, query) => {
    for (let head = 0; head < heads; head += 1) {
      const weights = row.data.subarray(head * row.keys, (head + 1) * row.keys);
      data.set(weights, (head * queries + query) * keys);
    }
  });
  return { heads, queries, keys, data };
}

// `json` and `weights`: the two texts of attnlab/studies/web/model.py.
function load({ json, weights }) {
  return new Model(JSON.parse(json), base64Bytes(weights));
}
