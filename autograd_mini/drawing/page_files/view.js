// What the page is about, and moving the view over the picture.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const stage = byId("stage"), picture = byId("picture");
const nodes = [], edges = [];
for (const g of picture.querySelectorAll("[data-vertex]")) nodes[g.dataset.vertex] = g;
for (const g of picture.querySelectorAll("[data-edge]")) edges[g.dataset.edge] = g;

const home = (({ x, y, width, height }) => ({ x, y, w: width, h: height }))(picture.viewBox.baseVal);
let box = { ...home };

function show() {
  picture.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
}

function scale() {
  return picture.getScreenCTM().a;
}

// Show what is around a point of the picture; the box always has the stage's proportions.
function look(x, y, size) {
  const { width, height } = stage.getBoundingClientRect();
  const w = Math.max(width, 1) / size, h = Math.max(height, 1) / size;
  box = { x: x - w / 2, y: y - h / 2, w, h };
  show();
}

function fit() {
  const { width, height } = stage.getBoundingClientRect();
  look(home.x + home.w / 2, home.y + home.h / 2, Math.min(width / home.w, height / home.h, 2.2));
}

// Make everything `factor` times as small; the point of the screen stays where it is.
function zoom(factor, x, y) {
  const frame = stage.getBoundingClientRect();
  const at = new DOMPoint(x ?? frame.left + frame.width / 2, y ?? frame.top + frame.height / 2)
    .matrixTransform(picture.getScreenCTM().inverse());
  const within = Math.min(Math.max(factor, scale() / 8), Math.max(scale() / 0.02, 1));
  box = {
    x: at.x - (at.x - box.x) * within, y: at.y - (at.y - box.y) * within,
    w: box.w * within, h: box.h * within,
  };
  show();
}

function shift(dx, dy) {
  const by = scale();
  box.x -= dx / by;
  box.y -= dy / by;
  show();
}

// Bring a node into view: it moves only if it is outside.
function reveal(node, centred) {
  const frame = stage.getBoundingClientRect(), spot = node.getBoundingClientRect();
  const inside = spot.left > frame.left + 8 && spot.right < frame.right - 8
    && spot.top > frame.top + 70 && spot.bottom < frame.bottom - 70;
  if (inside && !centred) return;
  shift(frame.left + frame.width / 2 - (spot.left + spot.right) / 2,
    frame.top + frame.height / 2 - (spot.top + spot.bottom) / 2);
}

// Start with all of the picture if it can be read so, else with what is around one node.
function start(node) {
  fit();
  if (scale() >= 0.7) return;
  look(home.x + home.w / 2, home.y + home.h / 2, Math.min(Math.max(box.w * scale() / home.w, 0.7), 1.25));
  reveal(node, true);
  for (const [from, length] of [["x", "w"], ["y", "h"]]) {
    const room = home[length] - box[length];
    if (room <= 0) box[from] = home[from] + room / 2;
    else box[from] = Math.min(Math.max(box[from], home[from]), home[from] + room);
  }
  show();
}

// Bring what opened into view, smaller if it must be, but never too small to read.
function bring(index) {
  const frame = stage.getBoundingClientRect(), { x, y, w, h } = spots.get(index);
  const size = Math.max(Math.min(frame.width / (w + 60), frame.height / (h + 60)), 0.6);
  if (size >= scale()) return reveal(nodes[index]);
  return look(x, Math.min(y - h / 2 - 30, y - frame.height / size / 2) + frame.height / size / 2, size);
}

window.addEventListener("resize", () => look(box.x + box.w / 2, box.y + box.h / 2, scale()));

const fingers = new Map();
let dragged = false;

stage.addEventListener("pointerdown", (event) => {
  if (event.target.closest("#legend")) return;
  fingers.set(event.pointerId, event);
  if (fingers.size === 1) dragged = false;
});

stage.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const dx = event.clientX - last.clientX, dy = event.clientY - last.clientY;
  if (!dragged && Math.hypot(dx, dy) < 4) return;
  if (!dragged) stage.setPointerCapture(event.pointerId);
  dragged = true;
  stage.classList.add("moving");
  const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
  if (others.length) {
    const [other] = others;
    const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    zoom(apart(last) / Math.max(apart(event), 1), other.clientX, other.clientY);
  } else {
    shift(dx, dy);
  }
  fingers.set(event.pointerId, event);
});

for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) stage.classList.remove("moving");
  });
}

stage.addEventListener("wheel", (event) => {
  if (event.target.closest("#legend")) return;
  event.preventDefault();
  zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 300), event.clientX, event.clientY);
}, { passive: false });

byId("in").addEventListener("click", () => zoom(1 / 1.3));
byId("out").addEventListener("click", () => zoom(1.3));
byId("fit").addEventListener("click", fit);

function switchTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}
byId("theme").addEventListener("click", switchTheme);
