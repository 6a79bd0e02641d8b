// The numbers of a run, as the page writes them: as labels.py does, with room for other ones as touch.py makes it.

// Four digits, as Python's ".4g".
function short(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [digits, exponent] = x.toExponential(3).split("e").map(Number);
  if (x === 0) return "0";
  if (exponent >= -4 && exponent < 4) return String(Number(x.toPrecision(4)));
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// An array's lines: a small one in full, a row a line, a large one by its range.
function rowsOf({ shape, data }) {
  const columns = shape.at(-1) ?? 1;
  if (!data.length) return ["empty"];
  if (columns > 6 || data.length > 6 * columns) return [extent([...data].filter(Number.isFinite), data.length).padEnd(30)];
  const table = Array.from({ length: data.length / columns }, (_, i) => [...data.slice(i * columns, (i + 1) * columns)].map(short));
  const wide = table[0].map((_, k) => Math.max(...table.map((row) => row[k].length)));
  return table.map((row) => row.map((text, k) => text.padStart(wide[k])).join("  ").padEnd(8 * columns - 2));
}

function extent(finite, length) {
  if (!finite.length) return "no finite entry";
  const least = Math.min(...finite), most = Math.max(...finite), mean = finite.reduce((a, b) => a + b) / finite.length;
  const told = least === most ? `all ${short(least)}` : `${short(least)} to ${short(most)}, mean ${short(mean)}`;
  return finite.length < length ? `${told}, ${length - finite.length} not finite` : told;
}

// An array as tiles: at most 16 rows and columns, the means of blocks. A number has none.
function heatOf({ shape, data }) {
  if (data.length < 2) return undefined;
  const columns = shape.at(-1), rows = data.length / columns, down = Math.ceil(rows / 16), across = Math.ceil(columns / 16);
  const tile = (i, j) => {
    let total = 0, count = 0;
    for (let r = i * down; r < Math.min((i + 1) * down, rows); r += 1) {
      for (let c = j * across; c < Math.min((j + 1) * across, columns); c += 1, count += 1) total += data[r * columns + c];
    }
    return Number.isFinite(total / count) ? Number((total / count).toPrecision(4)) : null;
  };
  return Array.from({ length: Math.ceil(rows / down) }, (_, i) => Array.from({ length: Math.ceil(columns / across) }, (__, j) => tile(i, j)));
}

const indexOf = new Map(data.vertices.map((vertex, index) => [vertex.key, index]));
const flowOf = new Map(data.edges.map((edge, index) => [[data.vertices[edge.source].key, data.vertices[edge.target].key, edge.label ?? ""].join(" "), index]));

// What a closed group shows are the numbers of the last value in it.
const stands = new Map();
data.vertices.forEach((vertex, index) => {
  if (vertex.group || !Object.hasOwn(recorded.values ?? {}, vertex.key)) return;
  for (let group = vertex.parent; group >= 0; group = data.vertices[group].parent) stands.set(group, vertex.key);
});

// A run's exact numbers by the nodes' keys: value, gradient, slopes.
function exactOf(results) {
  const exact = Object.fromEntries(Object.entries(recorded.values).map(([key, slot]) => [key, { value: results[slot] }]));
  for (const [key, slot] of Object.entries(recorded.gradients)) exact[key].gradient = results[slot];
  for (const [key, slopes] of Object.entries(recorded.slopes)) exact[key].slopes = slopes.map(({ slot }) => results[slot]);
  return exact;
}

// Write a run's results into the page.
function present(results, exact) {
  const changed = new Map();
  for (const [key, found] of Object.entries(exact)) {
    const fields = {};
    for (const field of ["value", "gradient"].filter((one) => found[one])) {
      const heat = heatOf(found[field]);
      fields[field] = rowsOf(found[field]);
      if (heat) fields[`${field}_heat`] = heat;
    }
    if (found.slopes) fields.jacobian = recorded.slopes[key].flatMap((slope, k) => slopeRows(slope, found.slopes[k]));
    changed.set(key, fields);
  }
  const written = new Map([...changed].map(([key, fields]) => [indexOf.get(key), fields]));
  for (const [group, key] of stands) {
    const shown = ["value", "gradient"].filter((field) => data.vertices[group][field].length && changed.get(key)[field]);
    if (shown.length) written.set(group, Object.fromEntries(shown.map((field) => [field, changed.get(key)[field]])));
  }
  write(written, new Map(recorded.flows.map(({ from, to, label, slot }) => (
    [flowOf.get([from, to, label].join(" ")), rowsOf(results[slot]).map((row) => row.trimEnd())]))));
  for (const index of written.keys()) squeeze(index);
}

function slopeRows({ name, what }, found) {
  const rows = rowsOf(found).map((row) => row.trimEnd());
  return found.data.length === 1 ? [`${name} ${rows[0].trim()}`] : [`${name} ${what}`, ...rows];
}

// A node's lines of numbers in the picture.
function linesOf(node) {
  return [...node.querySelectorAll("text.value")];
}

// Numbers longer than the box has room for are written smaller.
function squeeze(index) {
  const vertex = data.vertices[index], room = vertex.kind === "constant" ? Infinity : Math.floor((vertex.size[0] - 16) / 6.05);
  for (const line of linesOf(node(index))) {
    const length = line.textContent.trimEnd().length;
    line.style.fontSize = length > room ? `${(10 * room) / length}px` : "";
  }
}
