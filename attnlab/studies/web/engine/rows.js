// Operators over an axis: normalisation, sums, sorting.

// Calls `compute(offset, step, count, place)` for each line of `x` along an axis.
function alongAxis(dims, axis, compute) {
  const [outer, count, inner] = around(dims, axis);
  for (let o = 0, place = 0; o < outer; o += 1) {
    for (let i = 0; i < inner; i += 1, place += 1) {
      compute(o * count * inner + i, inner, count, place);
    }
  }
}

// Of a row of nothing but -Infinity: NaN, as in torch.
function softmax([x], { axis = -1 }) {
  const data = new Float32Array(x.data.length);
  alongAxis(x.dims, positive(axis, x.dims.length), (start, step, count) => {
    let best = -Infinity, sum = 0;
    for (let i = 0, at = start; i < count; i += 1, at += step) best = Math.max(best, x.data[at]);
    for (let i = 0, at = start; i < count; i += 1, at += step) {
      sum += data[at] = Math.exp(x.data[at] - best);
    }
    for (let i = 0, at = start; i < count; i += 1, at += step) data[at] /= sum;
  });
  return { dims: x.dims, data };
}

function layerNormalisation([x, weight, bias], { epsilon = 1e-5 }) {
  const size = weight.data.length, data = new Float32Array(x.data.length);
  for (let start = 0; start < data.length; start += size) {
    let mean = 0, variance = 0;
    for (let i = 0; i < size; i += 1) mean += x.data[start + i];
    mean /= size;
    for (let i = 0; i < size; i += 1) variance += (x.data[start + i] - mean) ** 2;
    const scale = 1 / Math.sqrt(variance / size + epsilon);
    for (let i = 0; i < size; i += 1) {
      data[start + i] = (x.data[start + i] - mean) * scale * weight.data[i];
    }
    if (bias) for (let i = 0; i < size; i += 1) data[start + i] += bias.data[i];
  }
  return { dims: x.dims, data };
}

function rmsNormalisation([x, weight], { epsilon = 1e-5 }) {
  const size = weight.data.length, data = new Float32Array(x.data.length);
  for (let start = 0; start < data.length; start += size) {
    let squares = 0;
    for (let i = 0; i < size; i += 1) squares += x.data[start + i] ** 2;
    const scale = 1 / Math.sqrt(squares / size + epsilon);
    for (let i = 0; i < size; i += 1) data[start + i] = x.data[start + i] * scale * weight.data[i];
  }
  return { dims: x.dims, data };
}

// `finish` takes the folded numbers of a line and their count.
function reduction(first, fold, finish = (total) => total) {
  return ([x, axes], { keepdims = 1, noop_with_empty_axes: noop = 0 }) => {
    const rank = x.dims.length;
    if (noop && !axes) return x;
    const wanted = axes ? Array.from(axes.data, (axis) => positive(axis, rank)) : [...x.dims.keys()];
    const over = new Set(wanted);
    const kept = x.dims.map((dim, axis) => (over.has(axis) ? 1 : dim));
    const data = new x.data.constructor(sizeOf(kept)).fill(first);
    // The place in the result of each number of `x`: strides of 0 along what is folded.
    const own = strides(kept).map((step, axis) => (over.has(axis) ? 0 : step));
    const index = new Array(rank).fill(0);
    for (let i = 0, to = 0; i < x.data.length; i += 1) {
      data[to] = fold(data[to], x.data[i]);
      for (let axis = rank - 1; axis >= 0; axis -= 1) {
        index[axis] += 1;
        to += own[axis];
        if (index[axis] < x.dims[axis]) break;
        to -= own[axis] * x.dims[axis];
        index[axis] = 0;
      }
    }
    const count = x.data.length / data.length;
    for (let i = 0; i < data.length; i += 1) data[i] = finish(data[i], count);
    return { dims: keepdims ? kept : x.dims.filter((_, axis) => !over.has(axis)), data };
  };
}

function cumulativeSum([x, axis]) {
  const data = new x.data.constructor(x.data.length);
  alongAxis(x.dims, positive(axis.data[0], x.dims.length), (start, step, count) => {
    let sum = 0;
    for (let i = 0, at = start; i < count; i += 1, at += step) data[at] = sum += x.data[at];
  });
  return { dims: x.dims, data };
}

// The `k` greatest along an axis, or the least, with their places; of equals the first.
function topK([x, k], { axis = -1, largest = 1 }) {
  const at = positive(axis, x.dims.length), wanted = k.data[0], sign = largest ? -1 : 1;
  const dims = x.dims.with(at, wanted);
  const values = new x.data.constructor(sizeOf(dims)), places = new Int32Array(values.length);
  const inner = sizeOf(dims.slice(at + 1));
  alongAxis(x.dims, at, (start, step, count, line) => {
    const order = Array.from({ length: count }, (_, i) => i);
    order.sort((i, j) => sign * (x.data[start + i * step] - x.data[start + j * step]) || i - j);
    const to = Math.floor(line / inner) * wanted * inner + (line % inner);
    for (let i = 0; i < wanted; i += 1) {
      values[to + i * inner] = x.data[start + order[i] * step];
      places[to + i * inner] = order[i];
    }
  });
  return [{ dims, data: values }, { dims, data: places }];
}

const ROWS = {
  CumSum: cumulativeSum,
  LayerNormalization: layerNormalisation,
  RMSNormalization: rmsNormalisation,
  ReduceL2: reduction(0, (a, b) => a + b * b, Math.sqrt),
  ReduceMax: reduction(-Infinity, Math.max),
  ReduceMean: reduction(0, (a, b) => a + b, (total, count) => total / count),
  ReduceMin: reduction(Infinity, Math.min),
  ReduceSum: reduction(0, (a, b) => a + b),
  Softmax: softmax,
  TopK: topK,
};
