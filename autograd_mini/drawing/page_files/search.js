// Finding nodes by name, and every path from one of them to the output.
const search = byId("search"), told = byId("found"), weight = byId("weight");
let matches = [], current = -1, lit = -1;

// What is closed over a match is marked in its place.
function mark() {
  for (const element of picture.querySelectorAll(".match")) element.classList.remove("match");
  for (const index of matches) nodes[shown(index)].classList.add("match");
}

function find() {
  const wanted = search.value.trim().toLowerCase();
  matches = wanted ? data.vertices.flatMap((vertex, index) => {
    const words = [vertex.label, vertex.name, vertex.kind, vertex.scope].join("\n").toLowerCase();
    return words.includes(wanted) ? [index] : [];
  }) : [];
  mark();
  current = -1;
  told.textContent = wanted ? `${matches.length} found` : "";
}

function nextMatch() {
  if (!matches.length) return;
  current = (current + 1) % matches.length;
  told.textContent = `${current + 1} of ${matches.length}`;
  choose(matches[current]);
  reveal(nodes[matches[current]], true);
}

search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") nextMatch();
});

// Vertices stand in an order in which every edge points forward: one walk counts the ways.
function waysFrom(start) {
  const from = data.vertices.map(() => 0n), to = data.vertices.map(() => 0n);
  from[start] = 1n;
  for (const index of outputs) to[index] = 1n;
  for (let k = start; k < from.length; k += 1) {
    if (from[k]) for (const e of outOf[k]) from[data.edges[e].target] += from[k];
  }
  for (let k = to.length - 1; k >= start; k -= 1) {
    for (const e of outOf[k]) to[k] += to[data.edges[e].target];
  }
  return { from, to };
}

function clearPaths() {
  lit = -1;
  for (const g of picture.querySelectorAll(".away, .on-path")) g.classList.remove("away", "on-path");
  weight.value = "";
}

function showPaths(start) {
  pause();
  go(-1);
  clearPaths();
  choose(start);
  const count = lightPaths(start)[start];
  const text = count > 10n ** 15n ? `About 10^${count.toString().length - 1}` : count.toLocaleString("en");
  const hidden = data.vertices.some((vertex) => vertex.leftOut) ? " (those of nodes left out of the page not counted)" : "";
  byId("ways").textContent = `${text} ${count === 1n ? "path leads" : "paths lead"} to ${J}; its gradient is the sum over them${hidden}.`;
  if ([...weight.options].some((option) => option.value === String(start))) weight.value = String(start);
}

// Light every path; a closed group is on one if anything in it is. Returns how many ways lead on from each vertex.
function lightPaths(start) {
  lit = start;
  const { from, to } = waysFrom(start), reached = new Set();
  data.vertices.forEach((_, k) => {
    for (let around = k; from[k] && to[k] && around >= 0; around = data.vertices[around].parent) reached.add(around);
  });
  nodes.forEach((element, k) => element.classList.toggle("away", !reached.has(k)));
  for (const element of edges) element?.classList.add("away");
  data.edges.forEach((edge, k) => {
    const on = from[edge.source] && to[edge.target] && to[edge.source];
    if (on && edges[k]) {
      edges[k].classList.remove("away");
      edges[k].classList.add("on-path");
    }
  });
  return to;
}

weight.append(make("option", { value: "", textContent: "choose…" }));
data.vertices.forEach((vertex, index) => {
  if (vertex.kind === "parameter") weight.append(make("option", { value: String(index), textContent: vertex.label }));
});
byId("choose").hidden = !outputs.length || weight.options.length < 2;
weight.addEventListener("change", () => {
  if (weight.value) showPaths(Number(weight.value));
  else clearPaths();
});
