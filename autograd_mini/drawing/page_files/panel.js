// What is known of one node, beside the picture. Texts are set as texts: no name becomes markup.
const panel = byId("panel");
const into = data.vertices.map(() => []), outOf = data.vertices.map(() => []);
data.edges.forEach((edge, index) => {
  into[edge.target].push(index);
  outOf[edge.source].push(index);
});
const outputs = data.vertices.flatMap((vertex, index) => (vertex.kind === "output" ? [index] : []));
const J = outputs.length === 1 ? data.vertices[outputs[0]].label : "output";
const listeners = [];
let chosen = -1;

function make(tag, settings, ...inside) {
  const element = Object.assign(document.createElement(tag), settings);
  element.append(...inside);
  return element;
}

function heading(text) {
  return make("h3", { textContent: text });
}

function numbers(rows, looks = "") {
  return make("pre", { className: looks, textContent: rows.map((row) => row.trimEnd()).join("\n") });
}

function percent(number, most) {
  return `${Math.round(12 + 88 * Math.min(Math.abs(number) / most, 1))}%`;
}

// An array as coloured tiles: blue is positive, orange negative, the stronger the farther from 0.
function tiles(rows) {
  const all = rows.flat().filter((number) => number !== null);
  const most = Math.max(...all.map(Math.abs), Number.MIN_VALUE);
  const grid = make("div", { className: "heat", role: "img" });
  grid.style.gridTemplateColumns = `repeat(${rows[0].length}, auto)`;
  grid.setAttribute("aria-label", `tiles, ${Math.min(...all)} to ${Math.max(...all)}`);
  for (const number of rows.flat()) {
    const tile = make("i", { title: number === null ? "not finite" : String(number) });
    if (number === null) tile.className = "none";
    else if (number !== 0) {
      const colour = number > 0 ? "var(--positive)" : "var(--negative)";
      tile.style.background = `color-mix(in srgb, ${colour} ${percent(number, most)}, var(--card))`;
    }
    grid.append(tile);
  }
  return grid;
}

function link(index, text) {
  const button = make("button", { type: "button", textContent: text ?? data.vertices[index].label });
  button.addEventListener("click", () => choose(index));
  return button;
}

// Numbers that come from, or go to, a neighbour.
function flowing(word, index, rows, looks, told = "") {
  return make("div", { className: "flowing" }, `${word} `, link(index), told, numbers(rows, looks));
}

function position(edge) {
  return edge.label ? ` (argument ${edge.label})` : "";
}

function arrivals(index) {
  const vertex = data.vertices[index];
  if (vertex.group) {
    return crossing(index).going.map((k) => data.edges[k]).filter((edge) => edge.cotangent)
      .map((edge) => flowing("from", edge.target, edge.cotangent, "cotangent", position(edge)));
  }
  if (vertex.kind === "operation") {
    const result = data.edges[outOf[index][0]].target, rows = data.vertices[result].gradient;
    return rows.length ? [flowing("from", result, rows, "cotangent")] : [];
  }
  return outOf[index].map((k) => data.edges[k]).filter((edge) => edge.cotangent)
    .map((edge) => flowing("from", edge.target, edge.cotangent, "cotangent", position(edge)));
}

function departures(index) {
  const vertex = data.vertices[index];
  if (vertex.group) return backOver(index).leaving.map((flow) => flowing("to", flow.vertex, flow.numbers, "cotangent"));
  if (vertex.kind === "operation" || vertex.kind === "fold") {
    return into[index].map((k) => data.edges[k]).filter((edge) => edge.cotangent)
      .map((edge) => flowing("to", edge.source, edge.cotangent, "cotangent", position(edge)));
  }
  const makers = into[index].map((k) => data.edges[k].source);
  return vertex.gradient.length ? makers.map((k) => flowing("to", k, vertex.gradient, "cotangent")) : [];
}

function ruleOf(index) {
  const lines = data.vertices[index].rule;
  if (!lines.length) return [];
  const hint = "g: the cotangent that arrives; y: the result; the other letters: the arguments";
  return [heading("Rule"), make("div", { className: "rule", textContent: lines.join("\n") }),
    make("p", { className: "hint", textContent: hint })];
}

// ∂(the result)/∂(each argument) as numbers, where it is small.
function slopes(index) {
  if (data.vertices[index].kind !== "operation") return [];
  const result = data.edges[outOf[index][0]]?.target;
  const rows = result === undefined ? [] : data.vertices[result].jacobian;
  return rows.length ? [heading("Local derivative"), numbers(rows)] : [];
}

// Of a group's last value: all that leaves it.
function nameOf(index) {
  const { label, group, kind } = data.vertices[index];
  return group || kind === "fold" ? `(last of ${label})` : label;
}

function about(index) {
  const vertex = data.vertices[index];
  const made = vertex.place ? `made at ${vertex.place}` : "";
  const facts = [vertex.kind, vertex.shape, vertex.dtype, vertex.scope, made].filter(Boolean).join(" · ");
  const found = [make("h2", { textContent: vertex.label }), make("p", { className: "kind", textContent: facts })];
  found.push(...vertex.notes.map((note) => make("p", { className: "hint", textContent: note })));
  if (vertex.group || vertex.leftOut) found.push(...contents(index));
  if (vertex.value.length) found.push(heading("Value"), numbers(vertex.value));
  if (vertex.value_heat) found.push(tiles(vertex.value_heat));
  if (vertex.gradient.length) found.push(heading(`Gradient ∂${J}/∂${nameOf(index)}`), numbers(vertex.gradient, "cotangent"));
  if (vertex.gradient_heat) found.push(tiles(vertex.gradient_heat));
  found.push(...ruleOf(index));
  found.push(...slopes(index));
  const here = arrivals(index), on = departures(index);
  if (here.length) found.push(heading("Cotangents arriving"), ...here);
  if (on.length) found.push(heading("Cotangents leaving"), ...on);
  if (outputs.length && !outputs.includes(index) && !vertex.group) {
    const button = make("button", { type: "button", id: "paths", textContent: `Show every path to ${J}` });
    button.addEventListener("click", () => showPaths(index));
    found.push(heading("Paths"), button, make("p", { id: "ways", className: "hint" }));
  }
  return found;
}

// A group's members, and the way to see them in the picture.
const MOST_NAMED = 40;

function contents(index) {
  const vertex = data.vertices[index];
  if (!vertex.group) {
    return [make("p", { className: "hint left-out", textContent: `${vertex.leftOut.toLocaleString("en")} nodes are left out: a page holds `
      + `${data.mostKept.toLocaleString("en")}. To have them all: ag.draw(…, budget=None).save("all.json"), or "all.txt". To look inside: `
      + "ag.draw(a tensor that was computed in there)." })];
  }
  const open = opened.has(index), inner = membersOf[index].filter((k) => data.vertices[k].kind !== "operation");
  const button = make("button", { type: "button", id: "turn", textContent: open ? "Close (o)" : "Open (o)" });
  button.addEventListener("click", () => turn(index));
  const held = inner.slice(0, MOST_NAMED).map((k) => link(k));
  if (inner.length > MOST_NAMED) held.push(` and ${inner.length - MOST_NAMED} more`);
  return [button, heading("Holds"), make("div", { className: "held" }, ...held)];
}

// Look at a node, opening what it is in; what only was closed over another one is not looked for.
function choose(index, still = false) {
  nodes[chosen]?.classList.remove("chosen");
  chosen = index;
  openTo(index);
  nodes[index].classList.add("chosen");
  panel.replaceChildren(...about(index));
  byId("side").scrollTop = 0;
  if (!still) reveal(nodes[index]);
  for (const listener of listeners) listener(index);
}

function unchoose() {
  nodes[chosen]?.classList.remove("chosen");
  chosen = -1;
  const told = data.backward.length
    ? "Click a node to see what is known of it. Press → to play the backward pass, one rule at a time."
    : "Click a node to see what is known of it.";
  panel.replaceChildren(make("h2", { textContent: "Look closer" }), make("p", { className: "hint", textContent: told }));
  for (const listener of listeners) listener(-1);
}

picture.addEventListener("click", (event) => {
  const node = event.target.closest("[data-vertex]"), handle = event.target.closest("[data-handle]");
  if (dragged || !node) return;
  if (handle) turn(Number(handle.dataset.handle));
  choose(Number(node.dataset.vertex), Boolean(handle));
});

picture.addEventListener("dblclick", (event) => {
  const node = event.target.closest("[data-vertex]");
  if (node && !event.target.closest("[data-handle]")) turn(Number(node.dataset.vertex));
});
