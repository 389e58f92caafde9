// Operators that move numbers, or say where they are; a change of sizes alone shares the data.

function reshape([x, shape], { allowzero = 0 }) {
  const dims = Array.from(shape.data, (dim, axis) => (dim === 0 && !allowzero ? x.dims[axis] : dim));
  const open = dims.indexOf(-1);
  if (open >= 0) {
    dims[open] = 1;
    dims[open] = x.data.length / sizeOf(dims);
  }
  return { dims, data: x.data };
}

function squeeze([x, axes]) {
  const rank = x.dims.length;
  const gone = axes && new Set(Array.from(axes.data, (axis) => positive(axis, rank)));
  const dims = x.dims.filter((dim, axis) => (gone ? !gone.has(axis) : dim !== 1));
  return { dims, data: x.data };
}

function unsqueeze([x, axes]) {
  const rank = x.dims.length + axes.data.length;
  const dims = [...x.dims];
  const places = Array.from(axes.data, (axis) => positive(axis, rank)).sort((a, b) => a - b);
  for (const axis of places) dims.splice(axis, 0, 1);
  return { dims, data: x.data };
}

function transpose([x], { perm = [...x.dims.keys()].reverse() }) {
  const rank = perm.length, own = strides(x.dims);
  const dims = perm.map((axis) => x.dims[axis]);
  const moving = perm.filter((axis) => x.dims[axis] !== 1);
  if (moving.every((axis, at) => at === 0 || moving[at - 1] < axis)) return { dims, data: x.data };
  const steps = perm.map((axis) => own[axis]);
  const data = new x.data.constructor(x.data.length);
  const index = new Array(rank).fill(0);
  const columns = dims[rank - 1], step = steps[rank - 1];
  for (let next = 0, from = 0; next < data.length; ) {
    for (let column = 0, at = from; column < columns; column += 1, at += step, next += 1) {
      data[next] = x.data[at];
    }
    for (let axis = rank - 2; axis >= 0; axis -= 1) {
      index[axis] += 1;
      from += steps[axis];
      if (index[axis] < dims[axis]) break;
      from -= steps[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return { dims, data };
}

function concat(inputs, { axis }) {
  const at = positive(axis, inputs[0].dims.length);
  const dims = inputs[0].dims.with(at, inputs.reduce((sum, each) => sum + each.dims[at], 0));
  const data = new inputs[0].data.constructor(sizeOf(dims));
  const [outer, , inner] = around(dims, at);
  for (let block = 0, next = 0; block < outer; block += 1) {
    for (const each of inputs) {
      const size = each.dims[at] * inner;
      data.set(each.data.subarray(block * size, (block + 1) * size), next);
      next += size;
    }
  }
  return { dims, data };
}

// Places along an axis, one after another: what Gather, Slice and Split do.
function taken(x, axis, places) {
  const [outer, count, inner] = around(x.dims, axis);
  const dims = x.dims.with(axis, places.length);
  const data = new x.data.constructor(sizeOf(dims));
  for (let block = 0, next = 0; block < outer; block += 1) {
    for (const place of places) {
      const from = (block * count + place) * inner;
      if (inner === 1) data[next] = x.data[from];
      else data.set(x.data.subarray(from, from + inner), next);
      next += inner;
    }
  }
  return { dims, data };
}

function gather([x, indices], { axis = 0 }) {
  const at = positive(axis, x.dims.length);
  const places = Array.from(indices.data, (place) => positive(place, x.dims[at]));
  const dims = [...x.dims.slice(0, at), ...indices.dims, ...x.dims.slice(at + 1)];
  return { dims, data: taken(x, at, places).data };
}

// Calls `visit(i, place)` for each number i of `indices`, which replaces the axis in its place in
// `x`. Their other axes are alike.
function atIndices(x, indices, axis, visit) {
  const at = positive(axis, x.dims.length), inner = sizeOf(x.dims.slice(at + 1));
  const count = x.dims[at], wanted = indices.dims[at];
  for (let i = 0; i < indices.data.length; i += 1) {
    const column = i % inner, block = Math.floor(i / (inner * wanted));
    visit(i, (block * count + positive(indices.data[i], count)) * inner + column);
  }
}

function gatherElements([x, indices], { axis = 0 }) {
  const data = new x.data.constructor(indices.data.length);
  atIndices(x, indices, axis, (i, place) => (data[i] = x.data[place]));
  return { dims: indices.dims, data };
}

function scatterElements([x, indices, updates], { axis = 0, reduction: kind = "none" }) {
  const data = x.data.slice();
  const put = {
    none: (i, place) => (data[place] = updates.data[i]),
    add: (i, place) => (data[place] += updates.data[i]),
  }[kind];
  atIndices(x, indices, axis, put);
  return { dims: x.dims, data };
}

// Indices of the first axes in the last axis of `indices`.
function gatherND([x, indices], { batch_dims: batch = 0 }) {
  if (batch) throw new Error("GatherND with batch axes");
  const depth = indices.dims.at(-1), own = strides(x.dims);
  const inner = sizeOf(x.dims.slice(depth)), count = indices.data.length / depth;
  const data = new x.data.constructor(count * inner);
  for (let i = 0; i < count; i += 1) {
    let from = 0;
    for (let axis = 0; axis < depth; axis += 1) {
      from += positive(indices.data[i * depth + axis], x.dims[axis]) * own[axis];
    }
    data.set(x.data.subarray(from, from + inner), i * inner);
  }
  return { dims: [...indices.dims.slice(0, -1), ...x.dims.slice(depth)], data };
}

function slice([x, starts, ends, axes, steps]) {
  let found = x;
  starts.data.forEach((first, i) => {
    const axis = axes ? positive(axes.data[i], x.dims.length) : i;
    const step = steps ? steps.data[i] : 1, count = x.dims[axis];
    const bounded = (place, least, most) => Math.min(Math.max(positive(place, count), least), most);
    const places = [];
    if (step > 0) {
      const end = bounded(ends.data[i], 0, count);
      for (let place = bounded(first, 0, count); place < end; place += step) places.push(place);
    } else {
      const end = bounded(ends.data[i], -1, count - 1);
      for (let place = bounded(first, 0, count - 1); place > end; place += step) places.push(place);
    }
    if (places.length !== count || step !== 1) found = taken(found, axis, places);
  });
  return found;
}

function split([x, sizes], { axis = 0, num_outputs: parts }) {
  const at = positive(axis, x.dims.length), count = x.dims[at];
  const each = Math.ceil(count / parts);
  const wanted = sizes ? Array.from(sizes.data) : Array.from({ length: parts }, () => each);
  let start = 0;
  return wanted.map((size) => {
    const end = Math.min(start + size, count);
    const places = Array.from({ length: end - start }, (_, i) => start + i);
    start = end;
    return taken(x, at, places);
  });
}

function expand([x, shape]) {
  const dims = broadcastDims(x.dims, Array.from(shape.data));
  const data = new x.data.constructor(sizeOf(dims));
  const rows = rowOffsets(x.dims, dims), step = lastStep(x.dims, dims), columns = dims.at(-1) ?? 1;
  for (let row = 0, next = 0; next < data.length; row += 1) {
    for (let column = 0, at = rows[row]; column < columns; column += 1, at += step, next += 1) {
      data[next] = x.data[at];
    }
  }
  return { dims, data };
}

function pad([x, pads, value, axes]) {
  const rank = x.dims.length, fill = value ? value.data[0] : 0;
  const over = axes ? Array.from(axes.data, (axis) => positive(axis, rank)) : [...x.dims.keys()];
  let found = x;
  over.forEach((axis, i) => {
    const [before, after] = [pads.data[i], pads.data[i + over.length]];
    const filled = (count) => {
      const dims = found.dims.with(axis, count);
      return { dims, data: new found.data.constructor(sizeOf(dims)).fill(fill) };
    };
    const parts = [before && filled(before), found, after && filled(after)].filter(Boolean);
    if (parts.length > 1) found = concat(parts, { axis });
  });
  return found;
}

// One triangle of each matrix; zeros elsewhere.
function triangle([x, diagonal], { upper = 1 }) {
  const [rows, columns] = x.dims.slice(-2), k = diagonal ? diagonal.data[0] : 0;
  const data = x.data.slice();
  for (let i = 0; i < data.length; i += 1) {
    const column = i % columns, row = Math.floor(i / columns) % rows;
    if (upper ? column - row < k : column - row > k) data[i] = 0;
  }
  return { dims: x.dims, data };
}

function range([start, end, step]) {
  const [first, by] = [start.data[0], step.data[0]];
  const count = Math.max(Math.ceil((end.data[0] - first) / by), 0);
  return vector(
    Array.from({ length: count }, (_, i) => first + i * by),
    start.data.constructor,
  );
}

function filled([shape], { value, type }) {
  const dims = Array.from(shape.data);
  return { dims, data: new ARRAYS[type](sizeOf(dims)).fill(value) };
}

function shapeOf([x], { start = 0, end = x.dims.length }) {
  return vector(x.dims.slice(start, end));
}

const LAYOUT = {
  Concat: concat,
  ConstantOfShape: filled,
  Expand: expand,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Identity: ([x]) => x,
  Pad: pad,
  Range: range,
  Reshape: reshape,
  ScatterElements: scatterElements,
  Shape: shapeOf,
  Slice: slice,
  Split: split,
  Squeeze: squeeze,
  Transpose: transpose,
  Trilu: triangle,
  Unsqueeze: unsqueeze,
};
