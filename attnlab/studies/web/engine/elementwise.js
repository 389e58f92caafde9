// Operators that compute each number of their result from the numbers at its place.

function unary(compute, type = null) {
  return ([x]) => {
    const data = new (type ?? x.data.constructor)(x.data.length);
    for (let i = 0; i < data.length; i += 1) data[i] = compute(x.data[i]);
    return { dims: x.dims, data };
  };
}

function combined(compute, a, b, type) {
  const dims = broadcastDims(a.dims, b.dims);
  const data = new type(sizeOf(dims));
  const one = a.data, other = b.data;
  if (one.length === data.length && other.length === data.length) {
    for (let i = 0; i < data.length; i += 1) data[i] = compute(one[i], other[i]);
  } else if (other.length === 1) {
    const value = other[0];
    for (let i = 0; i < data.length; i += 1) data[i] = compute(one[i], value);
  } else {
    const columns = dims.at(-1);
    const ofOne = rowOffsets(a.dims, dims), ofOther = rowOffsets(b.dims, dims);
    const step = lastStep(a.dims, dims), otherStep = lastStep(b.dims, dims);
    for (let row = 0, next = 0; row < ofOne.length; row += 1) {
      let i = ofOne[row], j = ofOther[row];
      for (let column = 0; column < columns; column += 1, i += step, j += otherStep, next += 1) {
        data[next] = compute(one[i], other[j]);
      }
    }
  }
  return { dims, data };
}

function binary(compute) {
  return ([a, b]) => combined(compute, a, b, a.data.constructor);
}

function comparison(compare) {
  return ([a, b]) => combined(compare, a, b, Uint8Array);
}

// Of any number of inputs.
function folded(compute) {
  return (inputs) => inputs.reduce((a, b) => combined(compute, a, b, a.data.constructor));
}

function divide([a, b]) {
  const whole = a.data instanceof Int32Array;
  const compute = whole ? (x, y) => Math.trunc(x / y) : (x, y) => x / y;
  return combined(compute, a, b, a.data.constructor);
}

function where([condition, a, b]) {
  const dims = broadcastDims(condition.dims, a.dims, b.dims);
  const data = new a.data.constructor(sizeOf(dims));
  const columns = dims.length ? dims.at(-1) : 1;
  const parts = [condition, a, b];
  const [rows, ofA, ofB] = parts.map((each) => rowOffsets(each.dims, dims));
  const [step, stepA, stepB] = parts.map((each) => lastStep(each.dims, dims));
  for (let row = 0, next = 0; row < rows.length; row += 1) {
    let at = rows[row], i = ofA[row], j = ofB[row];
    for (let column = 0; column < columns; column += 1, next += 1) {
      data[next] = condition.data[at] ? a.data[i] : b.data[j];
      at += step;
      i += stepA;
      j += stepB;
    }
  }
  return { dims, data };
}

function cast([x], { to }) {
  if (x.data instanceof ARRAYS[to]) return x;
  const type = ARRAYS[to];
  const data = to === "bool" ? type.from(x.data, (value) => Number(value !== 0)) : type.from(x.data);
  return { dims: x.dims, data };
}

function clip([x, least, most]) {
  const low = least ? least.data[0] : -Infinity, high = most ? most.data[0] : Infinity;
  return unary((value) => (value < low ? low : value > high ? high : value))([x]);
}

function isInfinite([x], { detect_negative: negative = 1, detect_positive: positive = 1 }) {
  const found = (value) => (value === Infinity && positive) || (value === -Infinity && negative);
  return unary((value) => Number(found(value)), Uint8Array)([x]);
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// The error function to 1.2e-7, in Chebyshev's fit of Press et al. 1992, section 6.2.
const ERF = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const sum = ERF.reduceRight((total, factor) => total * t + factor, 0);
  const complement = t * Math.exp(-x * x + sum);
  return x >= 0 ? 1 - complement : complement - 1;
}

function gelu([x], { approximate = "none" }) {
  const whole = (value) => 0.5 * value * (1 + erf(value * Math.SQRT1_2));
  const tanh = (value) => {
    const inner = Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3);
    return 0.5 * value * (1 + Math.tanh(inner));
  };
  return unary(approximate === "tanh" ? tanh : whole)([x]);
}

const ELEMENTWISE = {
  Abs: unary(Math.abs),
  Add: binary((a, b) => a + b),
  And: comparison((a, b) => a & b),
  Cast: cast,
  Clip: clip,
  Cos: unary(Math.cos),
  Div: divide,
  Equal: comparison((a, b) => a === b),
  Erf: unary(erf),
  Exp: unary(Math.exp),
  Gelu: gelu,
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  IsInf: isInfinite,
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Log: unary(Math.log),
  Max: folded((a, b) => Math.max(a, b)),
  Min: folded((a, b) => Math.min(a, b)),
  Mul: binary((a, b) => a * b),
  Neg: unary((x) => -x),
  Not: unary((x) => 1 - x),
  Or: comparison((a, b) => a | b),
  Pow: binary((a, b) => a ** b),
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => (x > 0 ? x : 0)),
  Sigmoid: unary(sigmoid),
  Sin: unary(Math.sin),
  Sqrt: unary(Math.sqrt),
  Sub: binary((a, b) => a - b),
  Tanh: unary(Math.tanh),
  Where: where,
};
