// Graphs: lists of operators between numbered values, in an order in which they can be computed.

const OPERATORS = { ...ELEMENTWISE, ...LAYOUT, ...PRODUCTS, ...ROWS };

class Graph {
  // `facts`: the graph as attnlab/studies/web/graphs.py writes it; `weights`: tensors by number.
  constructor(facts, weights) {
    this.inputs = Object.entries(facts.inputs);
    this.outputs = Object.entries(facts.outputs);
    this.constants = new Array(facts.values).fill(null);
    for (const [value, number] of facts.weights) this.constants[value] = weights[number];
    for (const [value, type, dims, numbers] of facts.constants) {
      this.constants[value] = { dims, data: ARRAYS[type].from(numbers) };
    }
    this.nodes = facts.nodes.map(([operator, inputs, outputs, attributes = {}]) => ({
      inputs,
      outputs,
      attributes,
      compute: OPERATORS[operator],
    }));
  }

  // Outputs by name. `change(name, weights)` returns the weights that an attention goes on with.
  run(given, change) {
    const values = [...this.constants];
    for (const [name, value] of this.inputs) values[value] = given[name];
    for (const { inputs, outputs, attributes, compute } of this.nodes) {
      const read = inputs.map((value) => (value < 0 ? undefined : values[value]));
      if (compute === undefined) {
        values[outputs[0]] = change(attributes.name, read[0]);
        continue;
      }
      const found = compute(read, attributes);
      if (Array.isArray(found)) outputs.forEach((value, i) => value >= 0 && (values[value] = found[i]));
      else values[outputs[0]] = found;
    }
    return Object.fromEntries(this.outputs.map(([name, value]) => [name, values[value]]));
  }
}
