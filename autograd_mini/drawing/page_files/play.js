// Both passes, one operation at a time. Step -1: nothing is played, all of the picture is there.
const slider = byId("slider"), count = byId("count");
let pass = data.backward.length ? "backward" : "forward", at = -1, timer = 0, steps = [];

function paint() {
  for (const g of picture.querySelectorAll(".active, .waiting, .lit")) g.classList.remove("active", "waiting", "lit");
  for (const text of picture.querySelectorAll(".flow")) text.remove();
  if (at < 0) return;
  const step = steps[at], reached = new Set();
  for (const one of steps.slice(0, at + 1)) {
    reached.add(one.active).add(one.result);
    for (const flow of [...one.arriving, ...one.leaving]) reached.add(shown(flow.vertex));
  }
  nodes.forEach((element, index) => element.classList.toggle("waiting", !opened.has(index) && !reached.has(index)));
  data.edges.forEach((edge, index) => {
    edges[index]?.classList.toggle("waiting", !(reached.has(shown(edge.source)) && reached.has(shown(edge.target))));
  });
  nodes[step.active].classList.add("active");
  for (const flow of [...step.arriving, ...step.leaving]) label(flow);
}

// Write the numbers of a flow upon its arrow.
function label(flow) {
  const edge = edges[flow.edge];
  if (!edge) return;
  edge.classList.add("lit");
  const path = edge.querySelector("path");
  if (!flow.numbers.length || !path) return;
  const [first] = flow.numbers, spot = path.getPointAtLength(path.getTotalLength() / 2);
  const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
  text.setAttribute("class", "flow");
  text.setAttribute("x", spot.x);
  text.setAttribute("y", spot.y + 3);
  const short = first.trim().replace(/ +/g, "  ");
  const cut = short.length > 22 ? `${short.slice(0, 21)}…` : short;
  text.textContent = flow.numbers.length > 1 && !cut.endsWith("…") ? `${cut} …` : cut;
  path.parentNode.append(text);
}

function tell() {
  const step = steps[at], name = data.vertices[step.active].label;
  const back = pass === "backward", start = back && step.active === step.result && !step.leaving.length;
  const found = [make("p", { className: "kind", textContent: `${back ? "Backward" : "Forward"} pass, step ${at + 1} of ${steps.length}` }),
    make("h2", { textContent: start ? `Start at ${name}` : name })];
  const over = data.vertices[step.active].group ? contents(step.active) : [];
  if (back) {
    found.push(heading(`Arrives: ∂${J}/∂${nameOf(step.result)}`), numbers(step.cotangent, "cotangent"));
    if (start) found.push(make("p", { className: "hint", textContent: `${J} changes as much as itself: the derivative is 1.` }));
    found.push(...ruleOf(step.active), ...slopes(step.active), ...over);
    if (step.leaving.length) found.push(heading("Leaves"), ...step.leaving.map((flow) => flowing("to", flow.vertex, flow.numbers, "cotangent", position(data.edges[flow.edge]))));
  } else {
    if (step.arriving.length) found.push(heading("Comes in"), ...step.arriving.map((flow) => flowing("from", flow.vertex, flow.numbers, "", position(data.edges[flow.edge]))));
    found.push(...over, heading("Goes out"), ...step.leaving.map((flow) => flowing("to", flow.vertex, flow.numbers, "")));
  }
  panel.replaceChildren(...found);
  byId("side").scrollTop = 0;
}

// `still`: what is shown stays where it is, as when something opened.
function go(to, still = false) {
  const before = at;
  at = Math.max(-1, Math.min(steps.length - 1, to));
  slider.max = String(steps.length);
  slider.value = String(at + 1);
  for (const name of ["backward", "forward"]) byId(name).setAttribute("aria-pressed", String(name === pass));
  byId("back").disabled = byId("first").disabled = at < 0;
  byId("next").disabled = byId("last").disabled = at >= steps.length - 1;
  count.textContent = at < 0 ? `${steps.length} steps` : `step ${at + 1} of ${steps.length}: ${data.vertices[steps[at].active].label}`;
  paint();
  if (at >= 0) {
    if (!still) clearPaths();
    nodes[chosen]?.classList.remove("chosen");
    chosen = -1;
    tell();
    if (!still) reveal(nodes[steps[at].active]);
  } else if (before >= 0) unchoose();
}

function turnTo(name) {
  if (!data[name].length) return;
  pause();
  pass = name;
  steps = stepsNow();
  go(0);
}

function pause() {
  clearInterval(timer);
  timer = 0;
  byId("play").classList.remove("on");
  byId("play").setAttribute("aria-label", "Play");
}

function play() {
  if (timer) return pause();
  if (at >= steps.length - 1) go(-1);
  go(at + 1);
  byId("play").classList.add("on");
  byId("play").setAttribute("aria-label", "Pause");
  timer = setInterval(() => (at >= steps.length - 1 ? pause() : go(at + 1)), 1100);
}

function step(to) {
  pause();
  go(to);
}

function putAway() {
  pause();
  search.value = "";
  find();
  clearPaths();
  go(-1);
  unchoose();
  document.activeElement?.blur();
}

const keys = {
  ArrowRight: () => step(at + 1), ArrowLeft: () => step(at - 1), " ": play,
  Home: () => step(0), End: () => step(Infinity), b: () => turnTo("backward"), f: () => turnTo("forward"),
  "/": () => search.focus(), "+": () => zoom(1 / 1.3), "=": () => zoom(1 / 1.3), "-": () => zoom(1.3),
  0: fit, t: switchTheme, o: turnHere, O: openAll, c: closeAll, Escape: putAway,
};

// Open or close the group that is looked at, that is played over, or that has the keyboard's focus.
function turnHere() {
  const focused = Number(document.activeElement?.closest?.("[data-vertex]")?.dataset.vertex ?? -1);
  const here = [focused, chosen, at >= 0 ? steps[at].active : -1].find((index) => index >= 0) ?? -1;
  if (here < 0) return;
  const group = data.vertices[here].group ? here : parent(here);
  if (group >= 0) turn(group);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const where = event.target, typing = where.matches?.("input, select");
  const node = where.closest?.("[data-vertex]");
  if (node && (event.key === "Enter" || event.key === " ")) {
    choose(Number(node.dataset.vertex));
    return event.preventDefault();
  }
  if (typing && event.key !== "Escape") return undefined;
  if (where.matches?.("button, summary") && event.key === " ") return undefined;
  if (!Object.hasOwn(keys, event.key)) return undefined;
  event.preventDefault();
  return keys[event.key]();
});

byId("first").addEventListener("click", () => step(-1));
byId("back").addEventListener("click", () => step(at - 1));
byId("next").addEventListener("click", () => step(at + 1));
byId("last").addEventListener("click", () => step(Infinity));
byId("play").addEventListener("click", play);
byId("backward").addEventListener("click", () => turnTo("backward"));
byId("forward").addEventListener("click", () => turnTo("forward"));
slider.addEventListener("input", () => step(Number(slider.value) - 1));

byId("open").addEventListener("click", openAll);
byId("close").addEventListener("click", closeAll);
byId("folds").hidden = !groups;
if (!nodes.length) redraw();
steps = stepsNow();
byId("player").hidden = !data.forward.length;
byId("backward").disabled = !data.backward.length;
unchoose();
go(-1);
start(nodes[shown(outputs[0] ?? 0)]);
