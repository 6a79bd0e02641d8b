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
    retile(node(index).querySelector(".tiles"), fields);
    rewrite(index);
  }
  for (const [index, rows] of flows) data.edges[index].cotangent = rows;
  for (const step of [...data.backward, ...data.forward]) renew(step);
  if (at >= 0) {
    paint();
    tell();
  } else if (chosen >= 0) panel.replaceChildren(...about(chosen));
}

// The picture's tiles of large arrays: of new ones, or none.
function retile(drawn, { value = [], value_heat, gradient = [], gradient_heat }) {
  const heats = [[value, value_heat], [gradient, gradient_heat]].filter(([rows, heat]) => rows.length === 1 && heat?.flat().length > 6);
  if (!drawn || !heats.length) return drawn?.remove();
  drawn.replaceChildren();
  let left = 0;
  for (const heat of heats.map(([, one]) => blocks(one, 8))) {
    const most = Math.max(...heat.flat().map(Math.abs), Number.MIN_VALUE);
    heat.forEach((row, y) => row.forEach((number, x) => {
      const colour = `color-mix(in srgb, var(--${number < 0 ? "negative" : "positive"}) ${number ? percent(number, most) : "0%"}, var(--card))`;
      drawn.append(draw("path", { d: `M${5 * (left + x)},${5 * y}h5v5h-5z`, style: `fill:${number === null ? "var(--soft)" : colour}` }));
    }));
    left += heat[0].length + 2;
  }
  return undefined;
}

// Tiles in at most so many rows and columns, by their means.
function blocks(heat, most) {
  const down = Math.ceil(heat.length / most), across = Math.ceil(heat[0].length / most);
  const pieces = (list, step) => Array.from({ length: Math.ceil(list.length / step) }, (_, k) => list.slice(k * step, (k + 1) * step));
  const average = (all) => (all.includes(null) ? null : all.reduce((a, b) => a + b, 0) / all.length);
  return pieces(heat, down).map((rows) => pieces(heat[0], across).map((cut, k) => average(rows.flatMap((row) => row.slice(k * across, k * across + cut.length)))));
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
