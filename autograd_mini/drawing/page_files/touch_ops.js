// NumPy in small: what a recorded program (javascript.py) may call, on arrays {shape, data} of doubles and on numbers.
// true is 1, false 0. What only moves elements is a `take`: its index was worked out when the page was made.
const np = (() => {
  const size = (shape) => shape.reduce((n, length) => n * length, 1);
  const array = (shape, data) => ({ shape, data: Float64Array.from(data) });
  const as = (x) => (typeof x === "number" ? array([], [x]) : x);

  // Where each element of an array of shape `to` is read in one of shape `from` that is broadcast to it.
  function places(from, to) {
    const at = new Int32Array(size(to)), lead = to.length - from.length;
    for (let axis = to.length - 1, repeat = 1, step = 1; axis >= 0; axis -= 1) {
      const length = axis < lead ? 1 : from[axis - lead];
      if (length > 1) for (let i = 0; i < at.length; i += 1) at[i] += (Math.floor(i / repeat) % length) * step;
      repeat *= to[axis];
      step *= length;
    }
    return at;
  }

  function together(a, b) {
    const [long, short] = a.length < b.length ? [b, a] : [a, b], lead = long.length - short.length;
    return long.map((length, axis) => (axis < lead || short[axis - lead] === 1 ? length : short[axis - lead]));
  }

  // An elementwise function of one, two or three arrays.
  const each = (f) => (...given) => {
    const arrays = given.map(as), shape = arrays.map((x) => x.shape).reduce(together), data = new Float64Array(size(shape));
    const [a, b, c] = arrays.map((x) => x.data), [i, j, k] = arrays.map((x) => places(x.shape, shape));
    if (!b) for (let n = 0; n < data.length; n += 1) data[n] = f(a[i[n]]);
    else if (!c) for (let n = 0; n < data.length; n += 1) data[n] = f(a[i[n]], b[j[n]]);
    else for (let n = 0; n < data.length; n += 1) data[n] = f(a[i[n]], b[j[n]], c[k[n]]);
    return { shape, data };
  };

  // A function that gathers what lies along some axes (undefined: all), as f(gathered so far, element).
  const along = (f, first) => (given, axes, keep = false) => {
    const x = as(given), kept = x.shape.map((length, axis) => (!axes || axes.includes(axis) ? 1 : length));
    const data = new Float64Array(size(kept)).fill(first), at = places(kept, x.shape);
    x.data.forEach((element, n) => { data[at[n]] = f(data[at[n]], element); });
    return { shape: keep ? kept : x.shape.filter((_, axis) => axes && !axes.includes(axis)), data };
  };

  function logaddexp(a, b) {
    if (a === b) return a + Math.LN2; // the same infinity too
    return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  }

  function power(a, b) { // JavaScript's own is NaN here
    return a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) ? 1 : a ** b;
  }

  // The remainder has the divisor's sign.
  function remainder(a, b) {
    const left = a % b;
    if (left === 0) return b < 0 ? -0 : 0;
    return left < 0 === b < 0 ? left : left + b;
  }

  function floorDivide(a, b) {
    if (b === 0) return a / b;
    const left = a % b, whole = (a - left) / b - (left !== 0 && left < 0 !== b < 0), floor = Math.floor(whole);
    return whole - floor > 0.5 ? floor + 1 : floor;
  }

  function roundToEven(x) {
    const below = Math.floor(x), rest = x - below;
    return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
  }

  const elementwise = {
    add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
    product: (g, slope) => (g === 0 || slope === 0 ? 0 : g * slope), quotient: (g, x) => (g === 0 ? 0 : g / x),
    negative: (x) => -x, absolute: Math.abs, sign: Math.sign, square: (x) => x * x, reciprocal: (x) => 1 / x,
    power, remainder, floor_divide: floorDivide, sqrt: Math.sqrt, cbrt: Math.cbrt,
    floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc, rint: roundToEven,
    exp: Math.exp, expm1: Math.expm1, exp2: (x) => 2 ** x,
    log: Math.log, log1p: Math.log1p, log2: Math.log2, log10: Math.log10, logaddexp,
    sin: Math.sin, cos: Math.cos, tan: Math.tan, sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
    arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan, arctan2: Math.atan2,
    arcsinh: Math.asinh, arccosh: Math.acosh, arctanh: Math.atanh, hypot: Math.hypot,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)), softplus: (x) => logaddexp(0, x),
    relu: (x) => Math.max(x, 0), leaky_relu: (x, slope) => (x > 0 ? x : slope * x),
    maximum: (a, b) => Math.max(a, b), minimum: (a, b) => Math.min(a, b), where: (c, a, b) => (c !== 0 ? a : b),
    equal: (a, b) => +(a === b), not_equal: (a, b) => +(a !== b), less: (a, b) => +(a < b), greater: (a, b) => +(a > b),
    less_equal: (a, b) => +(a <= b), greater_equal: (a, b) => +(a >= b), logical_not: (x) => +(x === 0),
    logical_and: (a, b) => +(a !== 0 && b !== 0), logical_or: (a, b) => +(a !== 0 || b !== 0), logical_xor: (a, b) => +((a !== 0) !== (b !== 0)),
    isnan: (x) => +Number.isNaN(x), isfinite: (x) => +Number.isFinite(x), isinf: (x) => +(Math.abs(x) === Infinity),
  };
  const found = Object.fromEntries(Object.entries(elementwise).map(([name, f]) => [name, each(f)]));

  const sum = along((total, x) => total + x, 0), max = along(Math.max, -Infinity), min = along(Math.min, Infinity);

  function mean(given, axes, keep) {
    const x = as(given), total = sum(x, axes, keep);
    return found.divide(total, x.data.length / total.data.length);
  }

  function logSoftmax(x, axes) {
    const low = found.subtract(x, max(x, axes, true));
    return found.subtract(low, found.log(sum(found.exp(low), axes, true)));
  }

  function logsumexp(x, axes, keep) {
    const most = each((m) => (Number.isFinite(m) ? m : 0)), top = max(x, axes, true), shift = most(top);
    const all = found.log(sum(found.exp(found.subtract(x, shift)), axes, true));
    return reshape(max(x, axes, keep).shape, found.add(shift, all));
  }

  function softmax(x, axes) {
    const e = found.exp(found.subtract(x, max(x, axes, true)));
    return found.divide(e, sum(e, axes, true));
  }

  // Products of matrices, or of two equally long stacks of them.
  function matmul(a, b) {
    const [n, k] = a.shape.slice(-2), m = b.shape.at(-1), stack = a.shape.slice(0, -2);
    const made = array([...stack, n, m], new Float64Array(size(stack) * n * m));
    for (let s = 0; s < size(stack); s += 1) {
      for (let i = 0; i < n; i += 1) {
        for (let j = 0; j < m; j += 1) {
          let total = 0;
          for (let l = 0; l < k; l += 1) total += a.data[(s * n + i) * k + l] * b.data[(s * k + l) * m + j];
          made.data[(s * n + i) * m + j] = total;
        }
      }
    }
    return made;
  }

  function reshape(shape, x) {
    return { shape, data: as(x).data };
  }

  function transpose(x) { // of one matrix
    const [n, m] = x.shape;
    return { shape: [m, n], data: x.data.map((_, i) => x.data[(i % n) * m + Math.floor(i / n)]) };
  }

  // One array repeated to a shape.
  function spread(shape, given) {
    const x = as(given);
    return { shape, data: Float64Array.from(places(x.shape, shape), (i) => x.data[i]) };
  }

  // The elements of some arrays, laid end to end, that an index names.
  function take(shape, index, ...given) {
    const all = given.flatMap((x) => [...as(x).data]);
    return array(shape, index.map((i) => all[i]));
  }

  // Zeros, to which each array's elements are added at the places of its own index.
  function scatter(shape, indices, ...given) {
    const made = array(shape, new Float64Array(size(shape)));
    given.forEach((x, k) => as(x).data.forEach((element, i) => { made.data[indices[k][i]] += element; }));
    return made;
  }

  return {
    ...found, array, as, sum, mean, max, min, softmax, log_softmax: logSoftmax, logsumexp,
    matmul, reshape, transpose, spread, take, scatter,
  };
})();
