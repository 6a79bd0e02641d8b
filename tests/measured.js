// Which texts are outside of their node, how many pairs of nodes overlap and how many arrows touch a text: on the
// screen, in any SVG of ours.
const found = [], boxes = [];

const seen = (element) => {
  const { x, y, width, height } = element.getBBox(), m = element.getCTM();
  const at = (a, b) => [m.a * a + m.c * b + m.e, m.b * a + m.d * b + m.f];
  const [[l, t], [r, b]] = [at(x, y), at(x + width, y + height)];
  return { l, t, r, b, unit: m.a };
};

const around = (one, other) => ({
  l: Math.min(one.l, other.l), t: Math.min(one.t, other.t), r: Math.max(one.r, other.r), b: Math.max(one.b, other.b),
  unit: other.unit,
});

// An ellipse is narrower where a letter is high: at 0.35 of a text's box from its middle.
const outside = (text, room, round) => {
  const slack = 0.5 * room.unit, middle = (room.l + room.r) / 2;
  if (round) {
    const up = (0.35 * (text.b - text.t)) / ((room.b - room.t) / 2);
    const half = ((room.r - room.l) / 2 + slack) * Math.sqrt(Math.max(0, 1 - up ** 2));
    return Math.max(middle - text.l, text.r - middle) > half;
  }
  return text.l < room.l - slack || text.r > room.r + slack || text.t < room.t - 2 * slack || text.b > room.b + 2 * slack;
};

const nodes = [...document.querySelectorAll("g.node")];
for (const node of nodes) {
  const shape = node.querySelector(':scope > :is(ellipse, path, polygon, rect):not([stroke="none"])');
  const texts = [...node.querySelectorAll("text")].filter((text) => text.textContent.trim());
  const room = shape && seen(shape);
  for (const text of texts) {
    if (room && outside(seen(text), room, shape.tagName === "ellipse")) found.push(text.textContent.slice(0, 60));
  }
  boxes.push(room ?? texts.map(seen).reduce(around, { l: 1e9, t: 1e9, r: -1e9, b: -1e9 }));
}

boxes.sort((one, other) => one.t - other.t);
let meeting = 0;
boxes.forEach((one, k) => {
  const slack = 0.5 * one.unit;
  for (let j = k + 1; j < boxes.length && boxes[j].t < one.b - slack; j += 1) {
    if (one.l < boxes[j].r - slack && boxes[j].l < one.r - slack) meeting += 1;
  }
});

// Arrows start and end outside of every text, those of what has no shape around it too.
const letters = nodes.flatMap((node) => [...node.querySelectorAll("text")].map((text) => seen(text)));
let struck = 0;
for (const path of document.querySelectorAll("g.edge > path")) {
  const m = path.getCTM();
  for (const at of [0, path.getTotalLength()]) {
    const point = path.getPointAtLength(at), x = m.a * point.x + m.c * point.y + m.e, y = m.b * point.x + m.d * point.y + m.f;
    struck += letters.some(({ l, r, t, b, unit }) => x > l + unit && x < r - unit && y > t + 2 * unit && y < b - 2 * unit);
  }
}
return { nodes: nodes.length, found, meeting, struck };
