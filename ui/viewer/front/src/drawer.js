// Draws a film of 16 bits under its window: the one thing that OpenSeadragon leaves to us.

import OpenSeadragon from "openseadragon";
import { apply, inverse, placed } from "./matrix.js";

const SPARE = 0.25; // coloured beyond what is seen, as a share of it, so that a pan finds it ready

/** Shades of grey for every value as opaque RGBA, the same rounding as cxr.imaging.radiograph. */
export function shades(depth, { low, high, invert }) {
  const table = new Uint32Array(depth === 1 ? 256 : 65536);
  const slope = 255 / (high - low);
  const flip = invert ? 255 : 0;
  for (let value = 0; value < table.length; value++) {
    const share = (value - low) * slope;
    const grey = (share <= 0 ? 0 : share >= 255 ? 255 : Math.floor(share + 0.5)) ^ flip;
    table[value] = 0xff000000 | (grey * 0x010101);
  }
  return table;
}

/** A film as a picture under one window: coloured where and as finely as it is looked at. */
export class Raster {
  #canvas = document.createElement("canvas");
  #held = null;

  /** Draw `grid` where `matrix` (device pixels) puts it. */
  draw(context, grid, window, matrix) {
    const level = Math.min(finest(matrix), grid.levels.length - 1);
    const share = 2 ** level;
    const { width, height } = grid.levels[level];
    const seen = within(bounds(context.canvas, matrix, share), width, height, 1);
    if (seen.width <= 0 || seen.height <= 0) return;
    const area = this.#colour(grid, level, window, seen);
    const [a, b, c, d, e, f] = matrix;
    const at = apply(matrix, [area.x * share, area.y * share]);
    const upright = share === 1 && Math.abs(Math.abs(a) + Math.abs(b) - 1) < 1e-6;
    if (upright) at[0] = Math.round(at[0]); // at 1:1 a film's pixels lie on those of the screen
    if (upright) at[1] = Math.round(at[1]);
    context.setTransform(a * share, b * share, c * share, d * share, at[0], at[1]);
    context.imageSmoothingEnabled = true;
    context.drawImage(this.#canvas, 0, 0, area.width, area.height, 0, 0, area.width, area.height);
  }

  #colour(grid, level, window, seen) {
    const held = this.#held;
    const { low, high, invert } = window;
    const name = `${level} ${low} ${high} ${invert}`;
    if (held && held.grid === grid && held.name === name && contains(held.area, seen)) {
      return held.area;
    }
    const { width, height, data } = grid.levels[level];
    const still = held && held.grid === grid && held.name === name;
    const margin = still ? Math.ceil(SPARE * Math.max(seen.width, seen.height)) : 0;
    const area = within(seen, width, height, margin);
    if (this.#canvas.width < area.width || this.#canvas.height < area.height) {
      this.#canvas.width = Math.max(this.#canvas.width, area.width);
      this.#canvas.height = Math.max(this.#canvas.height, area.height);
    }
    const image = new ImageData(area.width, area.height);
    const out = new Uint32Array(image.data.buffer);
    const table = shades(grid.depth, window);
    for (let y = 0, at = 0; y < area.height; y++) {
      const from = (area.y + y) * width + area.x;
      for (let x = from; x < from + area.width; x++) out[at++] = table[data[x]];
    }
    this.#canvas.getContext("2d").putImageData(image, 0, 0);
    this.#held = { grid, name, area };
    return area;
  }
}

/** The level with one to two of its pixels for each of the screen's, in each direction. */
function finest([a, b]) {
  return Math.max(0, Math.floor(-Math.log2(Math.abs(a) + Math.abs(b)) + 1e-9));
}

/** What of a level the canvas shows. */
function bounds({ width, height }, matrix, share) {
  const back = inverse(matrix);
  const corners = [[0, 0], [width, 0], [0, height], [width, height]].map((p) => apply(back, p));
  const xs = corners.map(([x]) => x / share);
  const ys = corners.map(([, y]) => y / share);
  const [x, y] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  return { x, y, width: Math.ceil(Math.max(...xs)) - x, height: Math.ceil(Math.max(...ys)) - y };
}

function within(area, width, height, margin) {
  const x = Math.max(0, area.x - margin);
  const y = Math.max(0, area.y - margin);
  const right = Math.min(width, area.x + area.width + margin);
  const bottom = Math.min(height, area.y + area.height + margin);
  return { x, y, width: right - x, height: bottom - y };
}

function contains(outer, inner) {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}

/** OpenSeadragon's drawer for a pane; `options.pane` says what is shown and how. */
export class FilmDrawer extends OpenSeadragon.DrawerBase {
  #raster = new Raster();

  static isSupported() {
    return true;
  }

  getType() {
    return "film";
  }

  getSupportedDataFormats() {
    return ["film"];
  }

  canRotate() {
    return true;
  }

  setImageSmoothingEnabled() {}

  destroy() {
    super.destroy();
  }

  _createDrawingElement() {
    return document.createElement("canvas");
  }

  draw() {
    const { canvas } = this;
    const pane = this.options.pane;
    const density = window.devicePixelRatio || 1;
    const size = pane.size();
    const [width, height] = [Math.round(size.width * density), Math.round(size.height * density)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { alpha: false });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillRect(0, 0, width, height);
    if (!pane.grid) return;
    const matrix = placed(pane.view(), pane.plate, size);
    this.#raster.draw(context, pane.grid, pane.window, matrix.map((part) => part * density));
    pane.drawn(matrix);
  }
}
