// Where everything stands. Python has ranked and ordered what each group holds (levels.py); here the sizes are
// known, which depend on what is open. A group is laid out by itself and then placed into the one around it.
const opened = new Set(data.opened), spots = new Map(), borders = new Map();
const HEAD = 22, PAD = 12, ALONG = 26, BORDER = 12, ACROSS = 18, SWEEPS = 8, PASSING = 4, ARROW = 6;

function extent(item) {
  if (item < 0) return { w: PASSING, h: 0 };
  const vertex = data.vertices[item], [w, h] = vertex.size;
  if (!opened.has(item)) return { w, h };
  const inner = measured(item);
  return { w: Math.max(inner.w + 2 * PAD, vertex.head), h: inner.h + HEAD + PAD, inner };
}

// The places of what a group holds, from its own upper left corner on.
function measured(group) {
  const level = data.levels[group], places = new Map(), ranks = [];
  let down = 0;
  for (const rank of level.ranks) {
    const row = rank.map((item) => ({ item, x: 0, before: [], after: [], ...extent(item) }));
    const high = Math.max(0, ...row.map((place) => place.h));
    for (const place of row) {
      places.set(place.item, Object.assign(place, { y: down + high / 2, top: down, bottom: down + high }));
    }
    ranks.push(row);
    down += high + (high ? ALONG : BORDER);
  }
  for (const way of level.ways) {
    for (let k = 1; k < way.length; k += 1) {
      places.get(way[k - 1]).after.push(places.get(way[k]));
      places.get(way[k]).before.push(places.get(way[k - 1]));
    }
  }
  spread(ranks);
  let left = Infinity, right = -Infinity, low = 0;
  for (const place of places.values()) {
    left = Math.min(left, place.x - place.w / 2);
    right = Math.max(right, place.x + place.w / 2);
    low = Math.max(low, place.bottom);
  }
  for (const place of places.values()) place.x -= left;
  return { places, w: Math.max(right - left, 0), h: low };
}

// Every place near its neighbours, in order, never overlapping.
function spread(ranks) {
  for (const row of ranks) settle(row, row.map(() => 0));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const side = sweep % 2 ? "after" : "before";
    for (const row of sweep % 2 ? [...ranks].reverse() : ranks) {
      settle(row, row.map((place) => (place[side].length ? mean(place[side]) : place.x)));
    }
  }
}

function mean(places) {
  return places.reduce((sum, place) => sum + place.x, 0) / places.length;
}

// Nearest to what is wanted in the sense of least squares: neighbours that push each other move as one.
function settle(row, wanted) {
  const shifts = [], blocks = [];
  row.forEach((place, k) => {
    shifts.push(k ? shifts[k - 1] + (row[k - 1].w + place.w) / 2 + ACROSS : 0);
    let block = { sum: wanted[k] - shifts[k], size: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).size >= block.sum / block.size) {
      const last = blocks.pop();
      block = { sum: block.sum + last.sum, size: block.size + last.size };
    }
    blocks.push(block);
  });
  const starts = blocks.flatMap(({ sum, size }) => Array(size).fill(sum / size));
  row.forEach((place, k) => { place.x = starts[k] + shifts[k]; });
}

// Find every spot in the whole picture, and return the picture's extent.
function settled() {
  spots.clear();
  borders.clear();
  const all = measured(-1), waiting = [[-1, all, 0, 0]];
  while (waiting.length) {
    const [group, { places }, x, y] = waiting.pop();
    const passing = new Map();
    borders.set(group, passing);
    for (const place of places.values()) {
      const spot = { x: place.x + x, y: place.y + y, w: place.w, h: place.h, top: place.top + y, bottom: place.bottom + y };
      if (place.item < 0) passing.set(place.item, spot);
      else spots.set(place.item, spot);
      if (place.inner) waiting.push([place.item, place.inner, spot.x - place.inner.w / 2, spot.y - spot.h / 2 + HEAD]);
    }
  }
  return { x: -24, y: -24, w: all.w + 48, h: all.h + 48 };
}

const ways = new Map();
for (const [group, level] of Object.entries(data.levels)) {
  const found = new Map(level.ways.map((way) => [`${way[0]}>${way.at(-1)}`, way]));
  ways.set(Number(group), found);
}

function parent(index) {
  return data.vertices[index].parent;
}

// What is seen of a vertex: itself, or the outermost closed group that it is in.
function shown(index) {
  let seen = index;
  for (let group = parent(index); group >= 0; group = parent(group)) if (!opened.has(group)) seen = group;
  return seen;
}

function within(index, group) {
  for (let around = parent(index); around >= 0; around = parent(around)) if (around === group) return true;
  return false;
}

// The points an arrow passes, from what is seen of its source to what is seen of its target.
function passed(edge) {
  const from = shown(edge.source), to = shown(edge.target), above = [];
  for (let group = to; group >= 0; group = parent(group)) above.unshift(group);
  const over = new Set([-1, ...above].map((group) => (group === to ? null : group)));
  let here = from, level = parent(from);
  const start = spots.get(from), points = [[start.x, start.y + start.h / 2]];
  while (!over.has(level)) {
    follow(points, level, here, data.levels[level].out[edge.source]);
    here = level;
    level = parent(level);
    points.push([points.at(-1)[0], spots.get(here).y + spots.get(here).h / 2]);
  }
  for (const next of above.slice(level < 0 ? 0 : above.indexOf(level) + 1)) {
    follow(points, level, here, next);
    if (next === to) break;
    here = data.levels[next].in[edge.source];
    level = next;
    const across = borders.get(next).get(here).x;
    points.push([across, spots.get(next).top], [across, spots.get(next).y - spots.get(next).h / 2]);
  }
  return points;
}

// Through the places between two items of a level, the first and the last left out.
function follow(points, level, from, to) {
  const at = (item) => (item < 0 ? borders.get(level).get(item) : spots.get(item));
  const way = ways.get(level).get(`${from}>${to}`);
  points.push([points.at(-1)[0], at(from).bottom]);
  for (const item of way.slice(1, -1)) points.push([at(item).x, at(item).top], [at(item).x, at(item).bottom]);
  if (to < 0) points.push([at(to).x, at(to).top]);
}
