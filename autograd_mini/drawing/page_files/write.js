// For a program that runs in the page (page.py, `to_html(diagram, program)`): new numbers in the old picture.
//
//   data.vertices[index]   what is known of a node: key, kind, name, label, value and gradient (lists of rows, as
//                          texts), value_heat and gradient_heat (rows of numbers), rule, shape. `key` is that of the
//                          Diagram's Vertex: find a node by its key, an index may change.
//   data.edges[index]      source, target (indices of nodes), label (the argument's position), cotangent (rows)
//   onChoose(f)            f(index) is called when a node is looked at, f(-1) when none is
//   chosen                 the index of that node, or -1
//   controls               an empty element above the panel, for the program's own controls; never cleared
//   write(nodes, flows)    shows new numbers everywhere: in the picture, the panel, the step that is played.
//                          nodes: a Map from an index to any of {value, gradient, value_heat, gradient_heat, jacobian};
//                          what was told of a local derivative, or drawn as tiles, is gone if it is not given anew;
//                          flows: a Map from an edge's index to its cotangent, a list of rows
//   make(tag, settings, ...inside), heading(text), numbers(rows)   elements in the page's own looks
const controls = byId("controls");

function onChoose(listener) {
  listeners.push(listener);
}

function write(changed, flows = new Map()) {
  for (const [index, fields] of changed) {
    Object.assign(data.vertices[index], { jacobian: [] }, fields);
    node(index).querySelector(".tiles")?.remove();
    rewrite(index);
  }
  for (const [index, rows] of flows) data.edges[index].cotangent = rows;
  for (const step of [...data.backward, ...data.forward]) renew(step);
  if (at >= 0) {
    paint();
    tell();
  } else if (chosen >= 0) panel.replaceChildren(...about(chosen));
}

// The numbers of a step are those of its nodes and edges.
function renew(step) {
  const back = data.backward.includes(step);
  if (step.cotangent.length) step.cotangent = data.vertices[step.result].gradient;
  for (const flow of step.arriving) flow.numbers = back ? step.cotangent : data.vertices[flow.vertex].value;
  for (const flow of step.leaving) flow.numbers = back ? data.edges[flow.edge].cotangent : data.vertices[step.result].value;
}

// A node's lines of numbers: value and gradient beside each other, or all of the value first; then the Jacobian.
function rewrite(index) {
  const { value, gradient, jacobian } = data.vertices[index], written = data.vertices[index].lines ?? [];
  const lines = [...node(index).querySelectorAll("text.value")];
  const told = gradient.map((row, k) => `${k ? "    " : "grad"} ${row}`);
  const beside = written.some(([, text, gradual]) => text && gradual), wide = Math.max(0, ...value.map((row) => row.length));
  const rows = beside ? value.map((row, k) => [`${row.padEnd(wide)}  `, told[k] ?? ""]) : [...value.map((row) => [row, ""]), ...told.map((row) => ["", row])];
  rows.push(...(jacobian ?? []).map((row) => [row, ""]));
  lines.forEach((line, k) => {
    const [plain, coloured] = rows[k] ?? ["", ""], part = line.querySelector("tspan");
    line.replaceChildren(plain);
    if (!part) return;
    part.textContent = coloured;
    line.append(part);
  });
}
