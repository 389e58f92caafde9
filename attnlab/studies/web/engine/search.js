// Greedy, beam and sampling, as in attnlab/search, of one sentence, as generators: a value for each
// token, so that a page can show each step.

// log p of every token, and the logits themselves where a token may not come next: -Infinity.
function scored(logits, tokens, settings) {
  const { special, neverChosen, minLength, noRepeatNgram, forcedPrefix, temperature } = settings;
  const scaled = temperature === 1 ? logits.slice() : logits.map((logit) => logit / temperature);
  const logarithm = logSumExp(scaled), length = tokens.length;
  if (!Number.isFinite(logarithm)) throw new Error("the model's probabilities are no finite numbers");
  if (length < forcedPrefix.length) {
    const forced = forcedPrefix[length], logit = scaled[forced];
    scaled.fill(-Infinity);
    scaled[forced] = logit;
    return { allowed: scaled, logarithm };
  }
  for (const token of neverChosen) scaled[token] = -Infinity;
  if (length < minLength) scaled[special.end] = -Infinity;
  for (const token of repeating(tokens, noRepeatNgram)) scaled[token] = -Infinity;
  return { allowed: scaled, logarithm };
}

function logSumExp(logits) {
  let best = -Infinity, sum = 0;
  for (let i = 0; i < logits.length; i += 1) if (logits[i] > best) best = logits[i];
  for (let i = 0; i < logits.length; i += 1) sum += Math.exp(logits[i] - best);
  return best + Math.log(sum);
}

// The tokens that would complete a sequence of `order` tokens that is there already.
function repeating(tokens, order) {
  if (!order || tokens.length < order) return [];
  const context = tokens.slice(tokens.length - order + 1);
  const found = [];
  for (let at = 0; at + order <= tokens.length; at += 1) {
    if (context.every((token, i) => tokens[at + i] === token)) found.push(tokens[at + order - 1]);
  }
  return found;
}

// The `count` greatest numbers, greatest first, as [number, place]; without -Infinity.
function greatest(numbers, count) {
  const found = [];
  for (let place = 0; place < numbers.length; place += 1) {
    const number = numbers[place];
    if (number === -Infinity) continue;
    if (found.length === count && number <= found[count - 1][0]) continue;
    let at = found.length;
    while (at > 0 && found[at - 1][0] < number) at -= 1;
    found.splice(at, 0, [number, place]);
    if (found.length > count) found.pop();
  }
  return found;
}

function lengthPenalty({ lengthNormalisation, lengthPenalty: alpha }, length) {
  return (lengthNormalisation === "average" ? length : (5 + length) / 6) ** alpha;
}

// A hypothesis with one token more; the end is not among its tokens.
function extended(before, parent, token, logit, logarithm, settings) {
  const gained = Math.fround(logit - logarithm), ends = token === settings.special.end;
  return {
    tokens: ends ? before.tokens : [...before.tokens, token],
    logProbability: Math.fround(before.logProbability + gained),
    parent,
    token,
    probability: Math.exp(gained),
    finished: ends,
  };
}

// Steps of hypotheses, each by the logits that follow it.
class Steps {
  constructor(model, source, settings) {
    Object.assign(this, { model, source, settings, state: source.state });
    this.live = [{ tokens: [], logProbability: 0, parent: null, token: settings.special.begin }];
  }

  // For each live hypothesis what `scored` says of the next token.
  next() {
    const last = this.live.map((each) => each.token), { interventions } = this.settings;
    const { logits, state } = this.model.step(this.source, this.state, last, interventions);
    this.state = state;
    const size = logits.length / last.length;
    return this.live.map(({ tokens }, row) =>
      scored(logits.subarray(row * size, (row + 1) * size), tokens, this.settings),
    );
  }

  goOn(live) {
    this.live = live;
    if (live.length) this.state = this.model.select(this.state, live.map((each) => each.parent));
  }
}

// attnlab/search/beam.py with one group of beams and without a penalty of coverage.
function* beamSearch(steps, settings) {
  const { beamSize, nBest, longest, special } = settings, ended = [];
  const ranked = () => [...ended].sort((a, b) => b.score - a.score).slice(0, nBest);
  for (let length = 1; length <= longest; length += 1) {
    const penalty = lengthPenalty(settings, length), candidates = [];
    steps.next().forEach(({ allowed, logarithm }, row) => {
      for (const [logit, token] of greatest(allowed, 2 * beamSize)) {
        candidates.push(extended(steps.live[row], row, token, logit, logarithm, settings));
      }
    });
    candidates.sort((a, b) => b.logProbability - a.logProbability);
    const best = candidates.slice(0, 2 * beamSize);
    for (const each of best) each.score = each.logProbability / penalty;
    const ending = best.slice(0, beamSize).filter((each) => each.token === special.end);
    const live = best.filter((each) => each.token !== special.end).slice(0, beamSize);
    ended.push(...ending);
    const stopped = length === longest;
    if (stopped && !ended.length) {
      for (const each of live) each.finished = true;
      ended.push(...live);
    }
    const kept = [...live, ...ending];
    yield { step: length, hypotheses: kept, dropped: best.filter((each) => !kept.includes(each)) };
    // No continuation can become one of the n best any more: log p only falls.
    const reach = settings.lengthPenalty >= 0 ? longest : length + 1;
    const possible = live.length ? live[0].logProbability / lengthPenalty(settings, reach) : -Infinity;
    const least = ranked()[nBest - 1]?.score ?? -Infinity;
    if (stopped || ended.length >= beamSize || least >= possible) break;
    steps.goOn(live);
  }
  return ranked();
}

// One hypothesis, extended by the token that `choose` takes.
function* singleSearch(steps, settings, choose) {
  for (let length = 1; ; length += 1) {
    const [{ allowed, logarithm }] = steps.next();
    const token = choose(allowed);
    const next = extended(steps.live[0], 0, token, allowed[token], logarithm, settings);
    next.score = next.logProbability;
    next.finished ||= length === settings.longest;
    yield { step: length, hypotheses: [next], dropped: [] };
    if (next.finished) return [next];
    steps.goOn([next]);
  }
}

const likeliest = (allowed) => greatest(allowed, 1)[0][1];

// A token drawn by its probability, among the `topK` likeliest and the share `topP` of them.
function drawing({ topK, topP, seed }) {
  const random = mulberry32(seed);
  return (allowed) => {
    const ordered = greatest(allowed, topK ?? allowed.length);
    const weights = ordered.map(([logit]) => Math.exp(logit - ordered[0][0]));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    let kept = 0, share = 0;
    while (kept < weights.length && share < topP * whole) share += weights[kept++];
    let left = random() * share;
    for (let i = 0; i < kept; i += 1) {
      left -= weights[i];
      if (left <= 0) return ordered[i][1];
    }
    return ordered[kept - 1][1];
  };
}

// A small generator of numbers in [0, 1) (Ettinger 2017, public domain).
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// A value for each token, and at last {done: true, nBest}: see `Model.search`.
function* searched(model, source, settings) {
  const steps = new Steps(model, source, settings);
  const search = {
    beam: () => beamSearch(steps, settings),
    greedy: () => singleSearch(steps, settings, likeliest),
    sampling: () => singleSearch(steps, settings, drawing(settings)),
  }[settings.search]();
  let found = search.next();
  for (; !found.done; found = search.next()) {
    yield found.value;
    if (settings.signal?.aborted) return;
  }
  const nBest = found.value.map(({ tokens, score, logProbability }) => ({
    tokens,
    text: model.text(tokens),
    score,
    logProbability,
  }));
  yield { done: true, nBest };
}
