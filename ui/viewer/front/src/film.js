// Films and maps by the id of their content: fetched once, undone row by row as they arrive.

const SALT_BYTES = 16; // see delivery.py
const KEPT_BYTES = 600e6;
const PATIENCE_MS = 12; // the page stays live while a film is undone
const RETRIES_MS = [300, 1000, 3000]; // a run that is cut short drops films until the next

const kept = new Map(); // id -> { promise, bytes, stop, come }, the one used longest ago first
const shown = new Map(); // light box -> ids of what it shows

/** Say what a light box shows, or none once it is gone: what is still on its way to nobody stops. */
export function showing(box, ids) {
  if (ids) shown.set(box, ids);
  else shown.delete(box);
  for (const [id, entry] of kept) {
    if (entry.come || [...shown.values()].some((held) => held.has(id))) continue;
    kept.delete(id);
    entry.stop.abort();
  }
}

/**
 * The grid of a parcel: { width, height, levels }, each level { width, height, data }, halved in
 * both directions from one to the next.
 */
export function load(parcel, width, height) {
  const found = kept.get(parcel.id) ?? fetched(parcel, width, height);
  kept.delete(parcel.id);
  kept.set(parcel.id, found);
  let weight = 0;
  for (const entry of kept.values()) weight += entry.bytes;
  for (const [id, entry] of kept) {
    if (weight <= KEPT_BYTES || id === parcel.id) break;
    kept.delete(id);
    weight -= entry.bytes;
  }
  return found.promise;
}

function fetched(parcel, width, height) {
  const depth = parcel.depth ?? 2;
  const stop = new AbortController();
  const entry = { bytes: (width * height * depth * 4) / 3, stop, come: false };
  entry.promise = undo(parcel.url, width, height, depth, stop.signal).then(
    (grid) => {
      entry.come = true;
      return grid;
    },
    (error) => {
      if (kept.get(parcel.id) === entry) kept.delete(parcel.id);
      throw error;
    },
  );
  return entry;
}

async function undo(url, width, height, depth, signal) {
  const response = await answered(url, signal);
  const stream = response.body
    .pipeThrough(withoutSalt())
    .pipeThrough(new DecompressionStream("deflate"));
  const data = depth === 1 ? new Uint8Array(width * height) : new Uint16Array(width * height);
  const breath = breather();
  const row = new Uint8Array(width * depth);
  const reader = stream.getReader();
  let filled = 0;
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (let from = 0; from < value.length; ) {
      const part = value.subarray(from, from + row.length - filled);
      row.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < row.length) break;
      unfilter(row, data.subarray(at, at + width));
      at += width;
      filled = 0;
    }
    await breath();
  }
  if (at !== data.length) throw new Error("the film ended early");
  return { width, height, depth, levels: await halved({ width, height, data }, breath) };
}

async function answered(url, signal) {
  for (let tries = 0; ; tries++) {
    const response = await fetch(url, { cache: "no-store", signal }); // no film on the disk
    if (response.ok) return response;
    if (tries === RETRIES_MS.length) throw new Error(`the server answered ${response.status}`);
    await new Promise((go) => setTimeout(go, RETRIES_MS[tries]));
    signal.throwIfAborted();
  }
}

function withoutSalt() {
  let left = SALT_BYTES;
  return new TransformStream({
    transform(chunk, out) {
      const cut = Math.min(left, chunk.length);
      left -= cut;
      if (chunk.length > cut) out.enqueue(chunk.subarray(cut));
    },
  });
}

function unfilter(row, out) {
  const width = out.length;
  let value = 0;
  if (out.BYTES_PER_ELEMENT === 1) {
    for (let x = 0; x < width; x++) {
      const step = row[x];
      value = (value + ((step >>> 1) ^ -(step & 1))) & 0xff;
      out[x] = value;
    }
    return;
  }
  for (let x = 0; x < width; x++) {
    const step = (row[x] << 8) | row[width + x];
    value = (value + ((step >>> 1) ^ -(step & 1))) & 0xffff;
    out[x] = value;
  }
}

async function halved(level, breath) {
  const levels = [level];
  while (Math.max(level.width, level.height) > 256) {
    level = await half(level, breath);
    levels.push(level);
  }
  return levels;
}

async function half({ width, height, data }, breath) {
  const w = (width + 1) >> 1;
  const h = (height + 1) >> 1;
  const out = new data.constructor(w * h);
  for (let y = 0; y < h; y++) {
    const above = 2 * y * width;
    const below = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = left + 1 < width ? left + 1 : left;
      out[y * w + x] =
        (data[above + left] + data[above + right] + data[below + left] + data[below + right] + 2) >> 2;
    }
    if (y % 64 === 0) await breath();
  }
  return { width: w, height: h, data: out };
}

/** Lets the browser draw and listen if that is due. */
function breather() {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < PATIENCE_MS) return;
    await new Promise((go) => setTimeout(go));
    last = performance.now();
  };
}
