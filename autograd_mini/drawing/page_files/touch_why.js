// Why a number of a gradient is what it is, in the numbers of now: a network's weight as the note has it, a weighted
// input's δ, and of any graph of single numbers the paths to J. Each returns elements, or none if it has nothing to say.
const MOST_EXAMPLES = 12, MOST_PATHS = 200;

function reasons(key, asked, exact) {
  const index = indexOf.get(key);
  if (index === undefined || recorded.output < 0 || !exact[key]?.gradient) return [];
  const entry = asked && recorded.leaves[asked.leaf].key === key ? asked.entry : 0;
  return [ofWeight, ofLayer, ofPaths].map((tell) => tell(index, key, entry, exact)).find((found) => found.length) ?? [];
}

// What J is a mean over: the rows of z.
function examples(layer, exact) {
  const z = exact[recorded.layers[`z${layer}`]];
  return z && { z, m: z.value.shape.length === 2 ? z.value.shape[0] : 1 };
}

// ∂J/∂Θ_ij = mean of a_j δ_i over the examples, and λΘ_ij/m.
function ofWeight(index, key, entry, exact) {
  const [, kind, layer] = data.vertices[index].name?.match(/^(theta|bias)(\d+)$/) ?? [];
  const found = layer && recorded.layers[`${kind}${layer}`] === key && examples(Number(layer) + 1, exact);
  const a = exact[recorded.layers[`a${layer}`]];
  if (!found || !a) return [];
  const { z, m } = found, columns = kind === "bias" ? 1 : exact[key].value.shape[1], i = Math.floor(entry / columns), j = entry % columns;
  const units = z.value.shape.at(-1), before = a.value.shape.at(-1), rows = [], at = kind === "bias" ? `[${i}]` : `[${i}, ${j}]`;
  let total = 0;
  for (let e = 0; e < m; e += 1) {
    const strength = kind === "bias" ? 1 : a.value.data[e * before + j], delta = m * z.gradient.data[e * units + i];
    total += (strength * delta) / m;
    if (e < MOST_EXAMPLES) rows.push(`${short(strength)} · ${short(delta)} = ${short(strength * delta)}`);
  }
  if (m > MOST_EXAMPLES) rows.push(`and ${m - MOST_EXAMPLES} more examples`);
  const rest = ofCost(key, entry), sum = [short(total), ...(rest === null ? [] : [`${short(rest)} (λΘ/m)`])].join(" + ");
  return [heading(`Why ∂${J}/∂${data.vertices[index].label}${at} is ${short(exact[key].gradient.data[entry])}`),
    make("p", { className: "hint", textContent: `Of each example, ${kind === "bias" ? "1 (the bias unit)" : `a${layer}[${j}]`} · δ${Number(layer) + 1}[${i}]:` }),
    numbers(rows), make("p", { id: "sum", textContent: `mean ${sum} = ${short(total + (rest ?? 0))}` })];
}

// What comes to an entry from the cost itself, not through a layer; null if nothing does.
function ofCost(key, entry) {
  const parts = recorded.flows.filter(({ from, to }) => from === key && data.vertices[indexOf.get(to)].scope === "cost");
  return parts.length ? parts.reduce((total, { slot }) => total + results[slot].data[entry], 0) : null;
}

// δ = m ∂J/∂z, and of a hidden unit g'(z) times what arrives at a.
function ofLayer(index, key, entry, exact) {
  const layer = data.vertices[index].name?.match(/^z(\d+)$/)?.[1];
  if (!layer || recorded.layers[`z${layer}`] !== key) return [];
  const { z, m } = examples(layer, exact), a = exact[recorded.layers[`a${layer}`]];
  const times = (x) => rowsOf({ shape: x.shape, data: x.data.map((one) => m * one) });
  const found = [heading(`δ${layer} = m · ∂${J}/∂z${layer}, m = ${m}`), numbers(times(z.gradient))];
  if (a?.gradient && a.slopes?.length === 1 && a.slopes[0].data.length === z.value.data.length) {
    found.push(heading(`= g'(z${layer})`), numbers(rowsOf(a.slopes[0])), heading(`× m · ∂${J}/∂a${layer}`), numbers(times(a.gradient)));
  }
  return found;
}

// Every path to J with its local derivatives, the largest product first: their sum is the gradient.
function ofPaths(index, key, entry, exact) {
  const end = data.vertices[outputs[0]].key, found = [], waiting = [{ key, steps: [], product: 1 }];
  const steps = stepsOf(exact);
  if (!steps || key === end) return [];
  while (waiting.length && found.length <= MOST_PATHS) {
    const path = waiting.pop();
    if (path.key === end) found.push(path);
    else for (const { to, slope, name } of steps.get(path.key) ?? []) waiting.push({ key: to, steps: [...path.steps, `${name} ${short(slope)}`], product: path.product * slope });
  }
  if (!found.length) return [];
  const told = `Why ∂${J}/∂${data.vertices[index].label} is ${short(exact[key].gradient.data[0])}`;
  if (found.length > MOST_PATHS) return [heading(told), make("p", { id: "sum", textContent: `It is the sum over more than ${MOST_PATHS} paths.` })];
  found.sort((one, other) => Math.abs(other.product) - Math.abs(one.product));
  const total = found.reduce((sum, path) => sum + path.product, 0);
  return [heading(told), numbers(found.map((path) => `${short(path.product)} = ${path.steps.join(" · ")}`)),
    make("p", { id: "sum", textContent: found.length === 1 ? "The one path's product." : `${found.length} paths, sum ${short(total)}` })];
}

// Where each value goes, with the local derivative; none where anything on the way is more than one number.
function stepsOf(exact) {
  const found = new Map();
  for (const { from, to, label } of recorded.flows) {
    const result = to.replace(/_op$/, ""), place = recorded.slopes[result]?.findIndex(({ argument }) => String(argument) === (label || "1")) ?? -1;
    const slope = exact[result].slopes?.[place];
    if (!slope || slope.data.length !== 1) return null;
    if (!found.has(from)) found.set(from, []);
    found.get(from).push({ to: result, slope: slope.data[0], name: data.vertices[indexOf.get(to)].label });
  }
  return found;
}
