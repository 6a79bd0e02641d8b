// Folds and scopes that open and close. What changes is told to the other scripts by renewed().
function turn(index, open = !opened.has(index)) {
  if (!data.vertices[index].group || open === opened.has(index)) return;
  const before = spots.get(index);
  if (open) opened.add(index);
  else opened.delete(index);
  renewed();
  const after = spots.get(index);
  if (before && after) {  // its head stays where it was on the screen
    box.x += after.x - before.x;
    box.y += after.y - after.h / 2 - before.y + before.h / 2;
    show();
  }
  if (open) bring(index);
}

// Open all that a vertex is in.
function openTo(index) {
  const closed = [];
  for (let group = parent(index); group >= 0; group = parent(group)) if (!opened.has(group)) closed.push(group);
  if (!closed.length) return;
  for (const group of closed) opened.add(group);
  renewed();
}

const MOST_OPEN = 1500;

// Open everything, as far as it can be drawn quickly: the outermost first.
function openAll() {
  let seen = spots.size;
  data.vertices.forEach((vertex, index) => {
    if (!vertex.group || opened.has(index) || (vertex.parent >= 0 && !opened.has(vertex.parent))) return;
    if (seen + membersOf[index].length > MOST_OPEN) return;
    opened.add(index);
    seen += membersOf[index].length;
  });
  renewed();
  start(nodes[shown(outputs[0] ?? 0)]);
}

function closeAll() {
  opened.clear();
  renewed();
  start(nodes[shown(outputs[0] ?? 0)]);
}

const membersOf = data.vertices.map(() => []);
data.vertices.forEach((vertex, index) => { if (vertex.parent >= 0) membersOf[vertex.parent].push(index); });
const groups = data.vertices.some((vertex) => vertex.group);

// What has to be done again when something opened or closed.
function renewed() {
  const playing = at >= 0 ? steps[at].active : -1;
  redraw();
  steps = stepsNow();
  if (playing >= 0) at = Math.max(0, steps.findIndex((step) => step.active === shown(playing) || within(step.active, playing)));
  mark();
  if (lit >= 0) lightPaths(lit);
  if (chosen >= 0 && at < 0) choose(shown(chosen), true);
  else go(at, true);
}

// A step for what is seen: of a closed group one for all that is in it.
function stepsNow() {
  const found = [], told = new Set();
  for (const step of data[pass]) {
    const active = shown(step.active);
    if (active === step.active) found.push(step);
    else if (!told.has(active)) {
      told.add(active);
      const whole = pass === "backward" ? backOver(active) : overForward(active);
      if (whole) found.push(whole);
    }
  }
  return found;
}

function crossing(group) {
  const coming = [], going = [];
  data.edges.forEach((edge, index) => {
    const from = within(edge.source, group), to = within(edge.target, group);
    if (to && !from) coming.push(index);
    if (from && !to) going.push(index);
  });
  return { coming, going };
}

// What a closed group gives a value: the only part there is, or all of its gradient if no other uses it.
function given(group, source, coming) {
  const parts = coming.filter((index) => data.edges[index].source === source && data.edges[index].cotangent);
  if (parts.length <= 1) return parts.length ? data.edges[parts[0]].cotangent : null;
  const only = outOf[source].every((index) => within(data.edges[index].target, group));
  return only ? data.vertices[source].gradient : [`the sum of ${parts.length} parts: open it`];
}

function backOver(group) {
  const { coming, going } = crossing(group), vertex = data.vertices[group];
  const arriving = going.filter((index) => data.edges[index].cotangent)
    .map((index) => ({ edge: index, vertex: data.edges[index].target, numbers: data.edges[index].cotangent }));
  const leaving = [];
  for (const index of coming) {
    const { source } = data.edges[index];
    if (leaving.some((flow) => flow.vertex === source)) continue;
    const numbers = given(group, source, coming);
    if (numbers) leaving.push({ edge: index, vertex: source, numbers });
  }
  return { active: group, result: group, cotangent: vertex.gradient, arriving, leaving };
}

function overForward(group) {
  const { coming, going } = crossing(group), first = new Map(), last = new Map();
  for (const index of coming) if (!first.has(data.edges[index].source)) first.set(data.edges[index].source, index);
  for (const index of going) last.set(data.edges[index].target, index);
  const value = (index) => data.vertices[data.edges[index].source].value;
  return {
    active: group, result: group, cotangent: [],
    arriving: [...first].map(([vertex, edge]) => ({ edge, vertex, numbers: value(edge) })),
    leaving: [...last].map(([vertex, edge]) => ({ edge, vertex, numbers: value(edge) })),
  };
}
