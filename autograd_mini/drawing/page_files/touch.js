// Touch: numbers that can be dragged, typed or trained, and all that follows from them, without Python.
// `recorded` (touch.py): leaves, what training moves, where results are shown, run(leaves) -> results; or why it is off.
const at0 = (recorded.leaves ?? []).map(({ shape, data: entries }) => np.array(shape, entries.map(Number)));
let leaves = at0.map((leaf) => np.array(leaf.shape, leaf.data)), results = [], costs = [], fields = [], due = 0, asked = null;

const MOST_FIELDS = 400, AT_ONCE = 40;
const section = make("section", { id: "touch" }), reason = make("section", { id: "reason", hidden: true });
const cost = make("output", { id: "cost" }), curve = make("div", { id: "curve" }), taken = make("output", { id: "taken" });
const rate = make("input", { id: "rate", value: "0.1", size: 6, inputMode: "decimal", autocomplete: "off" });
const table = make("div", { id: "fields" });

function costOf(list) {
  return list[recorded.output].data[0];
}

function run() {
  cancelAnimationFrame(due);
  due = 0;
  compute();
  present(results, section.exact);
  explain();
  for (const field of fields) field.refresh();
}

function compute() {
  results = recorded.run(leaves);
  section.exact = exactOf(results);
  if (recorded.output < 0) return;
  cost.textContent = short(costOf(results));
  cost.title = String(costOf(results));
  taken.textContent = costs.length ? `${costs.length} ${costs.length === 1 ? "step" : "steps"}` : "";
  curve.replaceChildren(...(costs.length ? [drawn([...costs, costOf(results)])] : []));
}

function move(leaf, entry, value) {
  leaves[leaf].data[entry] = value;
  due ||= requestAnimationFrame(run); // many moves of the mouse are one run
}

// Below the panel: why the gradient of the number that is looked at is what it is.
function explain() {
  const found = reasons(chosen >= 0 ? data.vertices[chosen].key : recorded.leaves[asked?.leaf]?.key, asked, section.exact);
  reason.replaceChildren(...found);
  reason.hidden = !found.length;
}

// θ := θ − α ∂J/∂θ
function train(times) {
  const alpha = Number(rate.value);
  for (let k = 0; k < times; k += 1) {
    const found = recorded.run(leaves), gradients = recorded.leafGradients;
    costs.push(costOf(found));
    leaves = leaves.map((leaf, i) => (recorded.leaves[i].trained && gradients[i] >= 0
      ? np.array(leaf.shape, leaf.data.map((entry, n) => entry - alpha * found[gradients[i]].data[n])) : leaf));
  }
  run();
}

function reset() {
  leaves = at0.map((leaf) => np.array(leaf.shape, leaf.data));
  costs = [];
  run();
}

// J after each step, as a line.
function drawn(told) {
  const shape = (tag, settings) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
    return element;
  };
  const known = told.filter(Number.isFinite), most = Math.max(...known), least = Math.min(...known, 0);
  const svg = shape("svg", { viewBox: "0 0 300 64", role: "img", "aria-label": `${J} over ${told.length - 1} steps: ${short(told[0])} to ${short(told.at(-1))}` });
  const point = (y, k) => `${(2 + (296 * k) / (told.length - 1)).toFixed(1)},${(60 - (54 * (y - least)) / (most - least || 1)).toFixed(1)}`;
  svg.append(shape("polyline", { points: told.map((y, k) => (Number.isFinite(y) ? point(y, k) : "")).join(" ") }));
  return svg;
}

// A number to drag sideways, to type, or to change by the arrow keys.
function field(leaf, entry, name) {
  const input = make("input", { inputMode: "decimal", autocomplete: "off", spellcheck: false });
  const step = stepOf(leaf), told = () => leaves[leaf].data[entry];
  input.setAttribute("role", "spinbutton");
  input.setAttribute("aria-label", name);
  input.refresh = () => {
    input.value = String(Number(told().toPrecision(6)));
    input.title = String(told());
    input.setAttribute("aria-valuenow", String(told()));
  };
  input.refresh();
  input.addEventListener("focus", () => {
    asked = { leaf, entry };
    explain();
  });
  input.addEventListener("change", () => {
    const typed = input.value.trim() === "" ? NaN : Number(input.value);
    if (Number.isFinite(typed)) leaves[leaf].data[entry] = typed;
    run();
  });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 10, ArrowDown: -10, PageUp: 100, PageDown: -100 }[event.key];
    if (!by) return;
    event.preventDefault();
    leaves[leaf].data[entry] = tidy(told() + by * step);
    run();
  });
  slide(input, () => ({ leaf, entry }));
  return input;
}

// What a pixel is worth: a hundredth of the largest number's power of ten.
function stepOf(leaf) {
  const most = Math.max(...at0[leaf].data.map(Math.abs), 1e-300);
  return 10 ** (Math.floor(Math.log10(most < 1e-3 ? 1 : most)) - 2);
}

function tidy(x) {
  return Number(x.toPrecision(12));
}

// Let what `find(event)` names be dragged sideways by an element; a press that does not move stays a click.
function slide(element, find) {
  element.addEventListener("pointerdown", (event) => {
    const found = event.button === 0 ? find(event) : null;
    if (!found) return;
    event.stopPropagation(); // the picture is not to move along
    const from = leaves[found.leaf].data[found.entry], step = stepOf(found.leaf);
    let moved = false;
    const onMove = (now) => {
      const dx = now.clientX - event.clientX;
      if (now.pointerId !== event.pointerId || (!moved && Math.abs(dx) < 3)) return;
      moved = true;
      document.documentElement.classList.add("sliding");
      move(found.leaf, found.entry, tidy(from + dx * step * (now.shiftKey ? 10 : 1)));
    };
    const stop = (now) => {
      if (now.pointerId !== event.pointerId) return;
      window.removeEventListener("pointermove", onMove);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, stop);
      document.documentElement.classList.remove("sliding");
      dragged = moved; // a drag is no click on the node
    };
    window.addEventListener("pointermove", onMove);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, stop);
  });
}

// Which number of which leaf stands under the mouse in the picture.
function underMouse(event) {
  const line = event.target.closest?.("text"), home = line?.closest("[data-vertex]");
  if (!home) return null;
  const vertex = data.vertices[home.dataset.vertex], leaf = recorded.leaves.findIndex((one) => one.key === vertex.key);
  if (leaf < 0) return null;
  const row = linesOf(home).indexOf(line), written = vertex.value[row];
  const columns = leaves[leaf].shape.at(-1) ?? 1, size = leaves[leaf].data.length;
  if (written === undefined || vertex.value.length * columns !== size || written.trim().split(/ +/).length !== columns) return null;
  const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(line.getScreenCTM().inverse());
  const letter = line.getCharNumAtPosition(spot);
  if (letter < 0 || letter >= written.length) return null;
  const before = written.slice(0, letter + 1).trimStart().split(/ +/).filter(Boolean).length;
  return { leaf, entry: row * columns + Math.max(before, 1) - 1 };
}

function rowsOfFields(leaf, title) {
  const { name, shape, data: all } = recorded.leaves[leaf], columns = shape.at(-1) ?? 1;
  const group = make("fieldset", {}, make("legend", { textContent: title }));
  const grid = make("div", { className: "grid" });
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(58px, 1fr))`;
  const place = (entry) => shape.map((length, axis) => Math.floor(entry / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % length);
  for (let entry = 0; entry < Math.min(all.length, MOST_FIELDS); entry += 1) {
    const one = field(leaf, entry, `${name || title}${shape.length ? `[${place(entry).join(", ")}]` : ""}`);
    fields.push(one);
    grid.append(one);
  }
  group.append(grid);
  if (all.length > MOST_FIELDS) group.append(make("p", { className: "hint", textContent: `and ${all.length - MOST_FIELDS} more` }));
  if (recorded.leafGradients[leaf] >= 0) group.append(trained(leaf));
  return group;
}

function trained(leaf) {
  const box = make("input", { type: "checkbox", checked: recorded.leaves[leaf].trained });
  box.addEventListener("change", () => { recorded.leaves[leaf].trained = box.checked; });
  return make("label", { className: "field" }, box, "moved by training");
}

// The fields of the node that is looked at; else of all leaves, or their names if these are many.
function offer(index) {
  const key = data.vertices[index]?.key, all = recorded.leaves.map((_, leaf) => leaf);
  const own = all.filter((leaf) => recorded.leaves[leaf].key === key);
  const title = (leaf) => data.vertices[indexOf.get(recorded.leaves[leaf].key)].label;
  fields = [];
  table.classList.toggle("all", index < 0);
  if (index >= 0 || all.reduce((total, leaf) => total + at0[leaf].data.length, 0) <= AT_ONCE) {
    table.replaceChildren(...(index >= 0 ? own : all).map((leaf) => rowsOfFields(leaf, title(leaf))));
  } else {
    const links = all.map((leaf) => link(indexOf.get(recorded.leaves[leaf].key), title(leaf)));
    table.replaceChildren(make("p", { className: "hint", textContent: "Choose what to change:" }), make("div", { className: "buttons" }, ...links));
  }
}

function button(id, text, told, action) {
  const element = make("button", { id, type: "button", textContent: text, title: told });
  element.addEventListener("click", action);
  return element;
}

function open() {
  section.setAttribute("aria-label", "Touch: change a number, and all the others follow");
  reason.setAttribute("aria-label", "Why the gradient is this number");
  controls.append(section);
  byId("side").append(reason);
  if (recorded.why) {
    section.append(make("p", { className: "hint", textContent: `Numbers can not be changed here: ${recorded.why}.` }));
    return;
  }
  const again = button("reset", "Reset", "All numbers as they were", reset);
  if (recorded.output >= 0) {
    const label = make("label", { className: "field" }, "α", rate);
    section.append(make("p", { className: "cost" }, `${J} = `, cost), curve, make("div", { className: "buttons" },
      button("train", "Training step", `θ := θ − α ∂${J}/∂θ`, () => train(1)),
      button("train100", "×100", "A hundred training steps", () => train(100)), label, again, taken));
  } else section.append(make("div", { className: "buttons" }, again));
  section.append(make("p", { className: "hint", textContent: "Drag a number sideways, here or in the picture; or type it, or press ↑ ↓." }), table);
  for (const leaf of recorded.leaves) node(indexOf.get(leaf.key)).classList.add("touchable");
  byId("about-touch").hidden = false;
  slide(picture, underMouse);
  onChoose((index) => {
    const leaf = recorded.leaves.findIndex((one) => one.key === data.vertices[index]?.key);
    asked = leaf < 0 ? null : { leaf, entry: 0 };
    offer(index);
    explain();
  });
  compute();
  offer(chosen);
}

open();
