// Tensors are {dims, data}, row by row. The class of `data` is the type: Float32Array,
// Float64Array, Int32Array for ONNX's integers, Uint8Array for booleans.

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: Int32Array,
  bool: Uint8Array,
};

function sizeOf(dims) {
  let size = 1;
  for (const dim of dims) size *= dim;
  return size;
}

function scalar(value, type = Int32Array) {
  return { dims: [], data: type.of(value) };
}

function vector(values, type = Int32Array) {
  return { dims: [values.length], data: type.from(values) };
}

function strides(dims) {
  const found = new Array(dims.length);
  for (let axis = dims.length - 1, step = 1; axis >= 0; step *= dims[axis], axis -= 1) {
    found[axis] = step;
  }
  return found;
}

// An axis counted from the end, as -1, from the start.
function positive(axis, rank) {
  return axis < 0 ? axis + rank : axis;
}

// The sizes that all of these broadcast to.
function broadcastDims(...all) {
  const rank = Math.max(...all.map((dims) => dims.length));
  const found = new Array(rank).fill(1);
  for (const dims of all) {
    for (let axis = 0; axis < dims.length; axis += 1) {
      const at = rank - dims.length + axis;
      if (dims[axis] !== 1) found[at] = dims[axis];
    }
  }
  return found;
}

// Where each row of a tensor of `target` sizes, all axes but the last, begins in one of `dims`.
function rowOffsets(dims, target) {
  const rank = target.length;
  let offsets = Int32Array.of(0);
  const own = strides(dims);
  for (let axis = 0; axis < rank - 1; axis += 1) {
    const at = axis - (rank - dims.length);
    const step = at < 0 || dims[at] === 1 ? 0 : own[at];
    const wider = new Int32Array(offsets.length * target[axis]);
    for (let row = 0, next = 0; row < offsets.length; row += 1) {
      for (let place = 0; place < target[axis]; place += 1, next += 1) {
        wider[next] = offsets[row] + place * step;
      }
    }
    offsets = wider;
  }
  return offsets;
}

// How far the last axis of `dims` moves with that of `target`: 0 if it is repeated.
function lastStep(dims, target) {
  return dims.length === 0 || (dims.at(-1) === 1 && target.at(-1) !== 1) ? 0 : 1;
}

// (outer, axis, inner): the sizes around an axis.
function around(dims, axis) {
  return [sizeOf(dims.slice(0, axis)), dims[axis], sizeOf(dims.slice(axis + 1))];
}
