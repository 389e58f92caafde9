// Products of matrices, and the recurrences that are made of them.

// out[i, j] = bias[j] + Σ_p x[i, p] w[j, p]: a product with a transposed matrix, as weights are kept.
// Four rows share each number of w that is read; what is left over reads four rows of w at a time.
function transposedProduct(x, xStart, w, wStart, bias, out, outStart, rows, size, columns) {
  let row = 0;
  for (; row + 3 < rows; row += 4) {
    const a = xStart + row * size, b = a + size, c = b + size, d = c + size;
    for (let column = 0; column < columns; column += 1) {
      const at = wStart + column * size;
      let s = bias === null ? 0 : bias[column], t = s, u = s, v = s;
      for (let p = 0; p < size; p += 1) {
        const weight = w[at + p];
        s += x[a + p] * weight;
        t += x[b + p] * weight;
        u += x[c + p] * weight;
        v += x[d + p] * weight;
      }
      const to = outStart + row * columns + column;
      out[to] = s;
      out[to + columns] = t;
      out[to + 2 * columns] = u;
      out[to + 3 * columns] = v;
    }
  }
  for (; row < rows; row += 1) {
    const start = xStart + row * size, to = outStart + row * columns;
    let column = 0;
    for (; column + 3 < columns; column += 4) {
      const a = wStart + column * size, b = a + size, c = b + size, d = c + size;
      let s = 0, t = 0, u = 0, v = 0;
      for (let p = 0; p < size; p += 1) {
        const value = x[start + p];
        s += value * w[a + p];
        t += value * w[b + p];
        u += value * w[c + p];
        v += value * w[d + p];
      }
      out[to + column] = s;
      out[to + column + 1] = t;
      out[to + column + 2] = u;
      out[to + column + 3] = v;
    }
    for (; column < columns; column += 1) {
      const at = wStart + column * size;
      let sum = 0;
      for (let p = 0; p < size; p += 1) sum += x[start + p] * w[at + p];
      out[to + column] = sum;
    }
    if (bias !== null) for (let j = 0; j < columns; j += 1) out[to + j] += bias[j];
  }
}

// x Wᵀ + b, with W of (columns, size).
function linear([x, w, bias]) {
  const [columns, size] = w.dims, rows = x.data.length / size;
  const data = new Float32Array(rows * columns);
  transposedProduct(x.data, 0, w.data, 0, bias ? bias.data : null, data, 0, rows, size, columns);
  return { dims: [...x.dims.slice(0, -1), columns], data };
}

// (…, rows, size) by (…, size, columns), or a vector of a row or a column on either side.
function matmul([a, b]) {
  const one = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const other = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  const [rows, size] = one.slice(-2), columns = other.at(-1);
  const batch = broadcastDims(one.slice(0, -2), other.slice(0, -2));
  const out = new Float32Array(sizeOf(batch) * rows * columns);
  // Each matrix of the batch is a row of numbers to `rowOffsets`.
  const ofOne = rowOffsets([...one.slice(0, -2), rows * size], [...batch, rows * size]);
  const ofOther = rowOffsets([...other.slice(0, -2), size * columns], [...batch, size * columns]);
  const left = a.data, right = b.data;
  for (let matrix = 0; matrix < ofOne.length; matrix += 1) {
    for (let row = 0; row < rows; row += 1) {
      const to = (matrix * rows + row) * columns, from = ofOne[matrix] + row * size;
      for (let p = 0; p < size; p += 1) {
        const value = left[from + p], at = ofOther[matrix] + p * columns;
        for (let column = 0; column < columns; column += 1) {
          out[to + column] += value * right[at + column];
        }
      }
    }
  }
  const dims = [...batch, rows, columns];
  if (a.dims.length === 1) dims.splice(-2, 1);
  if (b.dims.length === 1) dims.pop();
  return { dims, data: out };
}

function gemm([a, b, c], { alpha = 1, beta = 1, transA = 0, transB = 0 }) {
  const one = transA ? transpose([a], { perm: [1, 0] }) : a;
  const other = transB ? b : transpose([b], { perm: [1, 0] });
  const product = linear([one, other]);
  if (alpha !== 1) product.data.forEach((value, i) => (product.data[i] = alpha * value));
  if (!c) return product;
  return combined((x, y) => x + beta * y, product, c, Float32Array);
}

// ONNX's recurrences: x (length, batch, inputs), W (directions, gates · hidden, inputs),
// R (directions, gates · hidden, hidden), biases of both in a row, lengths of sentences, and the
// first states (directions, batch, hidden). `advance` writes one row's next state in place.
function recurrence(gates, states, advance) {
  return ([x, w, r, biases, lengths, ...first], { hidden_size: hidden }) => {
    const [length, batch, inputs] = x.dims, directions = w.dims[0], width = gates * hidden;
    const outputs = new Float32Array(length * directions * batch * hidden);
    const last = Array.from({ length: states }, (_, at) =>
      first[at] ? first[at].data.slice() : new Float32Array(directions * batch * hidden),
    );
    const read = new Float32Array(length * batch * width), recurrent = new Float32Array(width);
    for (let direction = 0; direction < directions; direction += 1) {
      const at = direction * 2 * width;
      const ofInput = biases.data.subarray(at, at + width);
      const ofHidden = biases.data.subarray(at + width, at + 2 * width);
      const start = direction * width * inputs, rows = length * batch;
      transposedProduct(x.data, 0, w.data, start, ofInput, read, 0, rows, inputs, width);
      for (let row = 0; row < batch; row += 1) {
        const steps = lengths ? lengths.data[row] : length;
        const place = (direction * batch + row) * hidden;
        for (let step = 0; step < steps; step += 1) {
          const time = direction ? steps - 1 - step : step;
          const from = direction * width * hidden;
          transposedProduct(last[0], place, r.data, from, ofHidden, recurrent, 0, 1, hidden, width);
          advance(read, (time * batch + row) * width, recurrent, last, place, hidden);
          const to = ((time * directions + direction) * batch + row) * hidden;
          for (let j = 0; j < hidden; j += 1) outputs[to + j] = last[0][place + j];
        }
      }
    }
    const dims = [directions, batch, hidden];
    return [
      { dims: [length, ...dims], data: outputs },
      ...last.map((data) => ({ dims, data })),
    ];
  };
}

// Cho et al. 2014 with the reset gate behind the product: gates z, r, n.
const gru = recurrence(3, 1, (read, at, recurrent, [state], place, hidden) => {
  for (let j = 0; j < hidden; j += 1) {
    const update = sigmoid(read[at + j] + recurrent[j]);
    const reset = sigmoid(read[at + hidden + j] + recurrent[hidden + j]);
    const n = Math.tanh(read[at + 2 * hidden + j] + reset * recurrent[2 * hidden + j]);
    state[place + j] = (1 - update) * n + update * state[place + j];
  }
});

// Hochreiter & Schmidhuber 1997: gates i, o, f, and the new cell's.
const lstm = recurrence(4, 2, (read, at, recurrent, [state, cell], place, hidden) => {
  for (let j = 0; j < hidden; j += 1) {
    const input = sigmoid(read[at + j] + recurrent[j]);
    const output = sigmoid(read[at + hidden + j] + recurrent[hidden + j]);
    const forget = sigmoid(read[at + 2 * hidden + j] + recurrent[2 * hidden + j]);
    const candidate = Math.tanh(read[at + 3 * hidden + j] + recurrent[3 * hidden + j]);
    cell[place + j] = forget * cell[place + j] + input * candidate;
    state[place + j] = output * Math.tanh(cell[place + j]);
  }
});

const PRODUCTS = {
  GRU: gru,
  Gemm: gemm,
  LSTM: lstm,
  Linear: linear,
  MatMul: matmul,
};
