// Everything that is drawn: shapes, frames of open groups, arrows.
const made = new Map();

function draw(tag, settings, ...inside) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

const ROUND = { operation: 1 };
const SIZES = { title: 12, note: 9, value: 10 };

function node(index) {
  if (made.has(index)) return made.get(index);
  const vertex = data.vertices[index], [w, h] = vertex.size;
  const group = draw("g", {
    class: `node k-${vertex.kind.replace(" ", "-")}${vertex.mark ? " given" : ""}`, "data-vertex": index, tabindex: 0, role: "button",
    "aria-label": `${vertex.group ? "closed group" : vertex.kind} ${vertex.label}`,
  });
  if (vertex.kind in ROUND) group.append(draw("ellipse", { class: "shape", rx: w / 2, ry: h / 2 }));
  else if (vertex.kind !== "constant") group.append(draw("rect", { class: "shape", x: -w / 2, y: -h / 2, width: w, height: h, rx: 5 }));
  const high = ([role, , , height]) => height ?? 1.25 * SIZES[role];
  let y = -vertex.lines.reduce((sum, line) => sum + high(line), 0) / 2;
  for (const written of vertex.lines) {
    const [role, text, gradient, , paths] = written;
    y += high(written);
    const x = vertex.kind in ROUND ? 0 : -w / 2 + (vertex.kind === "constant" ? 2 : 9);
    if (paths) {
      group.append(draw("g", { class: "tiles", transform: `translate(${x} ${y - high(written) + 4})` },
        ...paths.map(([colour, path]) => draw("path", { d: path, style: `fill:var(${colour})` }))));
      continue;
    }
    const line = draw("text", { class: role, x, y: y - 0.3 * SIZES[role] }, text);
    if (gradient) line.append(draw("tspan", { class: "gradient" }, gradient));
    group.append(line);
  }
  if (vertex.group) group.setAttribute("aria-expanded", "false");
  if (vertex.group) group.append(handle(index, w / 2 - 15, -h / 2 + 4, "+", "Open"));
  made.set(index, group);
  return group;
}

// What opens and closes: a click on it, or a double click on all of the group.
function handle(index, x, y, sign, word) {
  const button = draw("g", { class: "handle", "data-handle": index, transform: `translate(${x} ${y})` },
    draw("rect", { x: -4, y: -2, width: 17, height: 17, class: "room" }),
    draw("rect", { width: 11, height: 11, rx: 2 }), draw("path", { d: sign === "+" ? "M2.5 5.5h6M5.5 2.5v6" : "M2.5 5.5h6" }));
  button.append(draw("title", {}, `${word} it (o)`));
  return button;
}

function frame(index) {
  const { x, y, w, h } = spots.get(index), vertex = data.vertices[index];
  const group = draw("g", {
    class: "frame", "data-vertex": index, tabindex: 0, role: "button", "aria-expanded": "true",
    "aria-label": `open group ${vertex.label}`,
  },
  draw("rect", { class: "shape", x: x - w / 2, y: y - h / 2, width: w, height: h, rx: 7 }),
  draw("text", { class: "name", x: x - w / 2 + 9, y: y - h / 2 + 15 }, vertex.title),
  handle(index, x + w / 2 - 17, y - h / 2 + 5, "−", "Close"));
  return group;
}

// Arrows that end in one closed group and come from one place are one.
function arrows() {
  const found = new Map();
  edges.length = 0;
  data.edges.forEach((edge, index) => {
    const from = shown(edge.source), to = shown(edge.target);
    if (from === to) return;
    const name = data.vertices[to].group ? `${from}>${to}` : String(index);
    if (!found.has(name)) found.set(name, { edge, to, points: passed(edge), all: [] });
    found.get(name).all.push(index);
  });
  const arriving = new Map();
  for (const arrow of found.values()) {
    if (!arriving.has(arrow.to)) arriving.set(arrow.to, []);
    arriving.get(arrow.to).push(arrow);
  }
  for (const [to, comers] of arriving) {
    const spot = spots.get(to), tip = spot.y - spot.h / 2;
    comers.sort((a, b) => a.points.at(-1)[0] - b.points.at(-1)[0]);
    comers.forEach((arrow, turn) => {
      const port = spot.x + 0.35 * spot.w * ((2 * turn + 1) / comers.length - 1);
      arrow.points.push([port, spot.top - ARROW], [port, tip - ARROW]);
      arrow.aside = port < spot.x ? -7 : 7;
    });
  }
  return [...found.values()].map(arrow);
}

function arrow({ edge, points, all, aside, to }) {
  let path = `M${points[0].map(tenth)}`;
  for (let k = 1; k < points.length; k += 1) {
    const [[a, p], [b, q]] = [points[k - 1], points[k]], middle = tenth((p + q) / 2);
    if (a === b) path += q === p ? "" : `V${tenth(q)}`;
    else path += `C${tenth(a)},${middle} ${tenth(b)},${middle} ${tenth(b)},${tenth(q)}`;
  }
  const [x, y] = points.at(-1);
  const lit = all.some((index) => data.edges[index].mark) ? " given" : "";
  const group = draw("g", { class: `edge${lit}`, "data-edge": all[0] }, draw("path", { d: path }),
    draw("polygon", { points: `${tenth(x)},${tenth(y + ARROW)} ${tenth(x - 3)},${tenth(y)} ${tenth(x + 3)},${tenth(y)}` }));
  const told = edge.derivative || edge.label;
  if (told && !data.vertices[to].group) group.append(draw("text", { class: `argument${aside < 0 ? " before" : ""}`, x: x + aside, y: y + 1 }, told));
  for (const index of all) edges[index] = group;
  return group;
}

function tenth(number) {
  return Math.round(number * 10) / 10;
}

// Draw all that is seen, and keep what stood at one place of the screen there.
function redraw() {
  const focus = Number(document.activeElement?.closest?.("[data-vertex]")?.dataset.vertex ?? -1);
  Object.assign(home, settled());
  const frames = [], drawn = [];
  nodes.length = 0;
  for (const index of spots.keys()) {
    const { x, y } = spots.get(index);
    nodes[index] = opened.has(index) ? frame(index) : node(index);
    if (opened.has(index)) frames.push(nodes[index]);
    else {
      nodes[index].setAttribute("transform", `translate(${tenth(x)} ${tenth(y)})`);
      drawn.push([index, nodes[index]]);
    }
  }
  drawn.sort(([one], [other]) => one - other);
  picture.replaceChildren(...frames, ...arrows(), ...drawn.map(([, element]) => element));
  nodes[focus]?.focus({ preventScroll: true });
}
