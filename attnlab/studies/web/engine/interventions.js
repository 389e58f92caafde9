// Attention weights replaced while a model runs, as in attnlab/attention/intervention.py.
//
// {uniform: {name: [head, …]}, heads: {name: [factor of each head]},
//  cells: [{name, head, query, key, value}]}, in this order: equal weights for all keys in the
// heads marked true; cells, whose row's other weights are scaled so that it sums to 1; factors, of
// which 0 silences. Heads, queries and keys count from 0; a decoder's query is its step.

// The function that `Graph.run` asks; `position`: the decoder's step, null in an encoder.
function changing(interventions, position = null) {
  const { heads = {}, uniform = {}, cells = [] } = interventions ?? {};
  return (name, weights) => {
    const ofCells = cells.filter(
      (cell) => cell.name === name && (position === null || cell.query === position),
    );
    if (!heads[name] && !uniform[name] && !ofCells.length) return weights;
    const [, count, queries, keys] = weights.dims; // (batch, heads, queries, keys)
    const data = weights.data.slice();
    const rows = data.length / keys;
    for (let row = 0; row < rows; row += 1) {
      const head = Math.floor(row / queries) % count;
      const query = position ?? row % queries;
      const line = data.subarray(row * keys, (row + 1) * keys);
      if (uniform[name]?.[head]) line.fill(1 / keys);
      setCells(line, ofCells.filter((cell) => cell.head === head && cell.query === query));
      const factor = heads[name]?.[head] ?? 1;
      if (factor !== 1) for (let key = 0; key < keys; key += 1) line[key] *= factor;
    }
    return { dims: weights.dims, data };
  };
}

function setCells(line, cells) {
  const set = new Map(cells.filter(({ key }) => key < line.length).map((c) => [c.key, c.value]));
  if (!set.size) return;
  let others = 0, given = 0;
  line.forEach((weight, key) => (others += set.has(key) ? 0 : weight));
  for (const value of set.values()) given += value;
  const rest = Math.max(1 - given, 0), free = line.length - set.size;
  for (let key = 0; key < line.length; key += 1) {
    if (set.has(key)) line[key] = set.get(key);
    else line[key] = others > 0 ? (line[key] / others) * rest : rest / free;
  }
}
