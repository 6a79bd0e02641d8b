// Finding nodes by name, and every path from one of them to the output.
const search = byId("search"), told = byId("found"), weight = byId("weight");
let matches = [], turn = -1;

function find() {
  for (const index of matches) nodes[index].classList.remove("match");
  const wanted = search.value.trim().toLowerCase();
  matches = wanted ? data.vertices.flatMap((vertex, index) => {
    const words = [vertex.label, vertex.name, vertex.kind, vertex.scope].join("\n").toLowerCase();
    return words.includes(wanted) ? [index] : [];
  }) : [];
  for (const index of matches) nodes[index].classList.add("match");
  turn = -1;
  told.textContent = wanted ? `${matches.length} found` : "";
}

function nextMatch() {
  if (!matches.length) return;
  turn = (turn + 1) % matches.length;
  told.textContent = `${turn + 1} of ${matches.length}`;
  choose(matches[turn]);
  reveal(nodes[matches[turn]], true);
}

search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") nextMatch();
});

// Vertices stand in an order in which every edge points forward: one walk counts the ways.
function ways(start) {
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
  for (const g of picture.querySelectorAll(".away, .on-path")) g.classList.remove("away", "on-path");
  weight.value = "";
}

function showPaths(start) {
  pause();
  go(-1);
  clearPaths();
  const { from, to } = ways(start);
  data.vertices.forEach((_, k) => nodes[k].classList.toggle("away", !(from[k] && to[k])));
  data.edges.forEach((edge, k) => {
    const on = from[edge.source] && to[edge.target] && to[edge.source];
    edges[k].classList.add(on ? "on-path" : "away");
  });
  choose(start);
  const count = to[start];
  const text = count > 10n ** 15n ? `About 10^${count.toString().length - 1}` : count.toLocaleString("en");
  byId("ways").textContent = `${text} ${count === 1n ? "path leads" : "paths lead"} to ${J}; its gradient is the sum over them.`;
  if ([...weight.options].some((option) => option.value === String(start))) weight.value = String(start);
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
