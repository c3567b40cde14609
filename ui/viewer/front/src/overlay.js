// A map's colours and contour, the same as cxr.explain.overlay: opacity rises with the value.

import { contours } from "d3-contour";

const ZERO = 32768; // see encoding.py

/** The 256 colours of a kind of map with the opacity of each, RGBA. */
export function palette(kind) {
  const colours = Uint8Array.from(atob(kind.colours), (letter) => letter.charCodeAt(0));
  const table = new Uint8ClampedArray(4 * 256);
  for (let level = 0; level < 256; level++) {
    table.set(colours.subarray(3 * level, 3 * level + 3), 4 * level);
    table[4 * level + 3] = 255 * Math.abs(share(level, kind.signed));
  }
  return new Uint32Array(table.buffer);
}

function share(level, signed) {
  return signed ? Math.max((level - 128) / 127, -1) : level / 255;
}

/** Paint a map on a canvas of its own size, at full opacity. */
export function paint(canvas, { width, height, levels }, step, kind, scale) {
  const table = palette(kind);
  const { data } = levels[0];
  const image = new ImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  for (let i = 0; i < data.length; i++) {
    const part = Math.min(Math.max(((data[i] - ZERO) * step) / scale, kind.signed ? -1 : 0), 1);
    out[i] = table[Math.round(kind.signed ? 128 + 127 * part : 255 * part)];
  }
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** SVG paths at half of the last colour, { towards, against }, in shares of the film. */
export function outlines({ width, height, levels }, step, kind, scale) {
  const values = Float64Array.from(levels[0].data, (level) => (level - ZERO) * step);
  const trace = contours().size([width, height]);
  const at = (signed) => path(trace.contour(signed, scale / 2), width, height);
  const towards = at(values);
  return { towards, against: kind.signed ? at(values.map((value) => -value)) : "" };
}

function path({ coordinates }, width, height) {
  return coordinates
    .flat()
    .map((ring) => `M${ring.map(([x, y]) => `${x / width},${y / height}`).join("L")}Z`)
    .join("");
}

/** The colour bar over mid-grey as a CSS gradient, and its five values. */
export function bar(kind, opacity, scale) {
  const bytes = new Uint8Array(palette(kind).buffer);
  const stops = [];
  for (let i = 0; i <= 32; i++) {
    const level = kind.signed ? Math.round(1 + (254 * i) / 32) : Math.round((255 * i) / 32);
    const alpha = (opacity * bytes[4 * level + 3]) / 255;
    const mixed = [0, 1, 2].map((k) => Math.round(128 + (bytes[4 * level + k] - 128) * alpha));
    stops.push(`rgb(${mixed})`);
  }
  const low = kind.signed ? -scale : 0;
  const marks = [0, 1, 2, 3, 4].map((i) => +(low + ((scale - low) * i) / 4).toPrecision(3));
  return { gradient: `linear-gradient(90deg,${stops})`, marks: marks.map(String) };
}
