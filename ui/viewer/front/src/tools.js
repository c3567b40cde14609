// What a drag does, by hand or by keyboard: every tool hears the same press, move and end.

import { Raster } from "./drawer.js";
import { placed } from "./matrix.js";

const LENS = { side: 240, power: 3 };
const BRUSH = 12; // radius in CSS pixels at the time of drawing

/**
 * tool name -> (pane, at) => { move(at, delta), end(at), drop() }, in CSS pixels of the pane. A drag
 * that is given up is dropped; where there is nothing to take back, it ends.
 */
export const TOOLS = {
  window: (pane) => ({ move: (_, delta) => changeWindow(pane, delta), end() {} }),
  pan: (pane) => ({ move: (_, [dx, dy]) => pane.panBy(dx, dy), end() {} }),
  zoom: (pane, start) => ({
    move: (_, [, dy]) => pane.zoomBy(Math.exp(dy / 150), start),
    end() {},
  }),
  magnifier: (pane, start) => {
    const lens = new Lens(pane);
    lens.show(start);
    return { move: (at) => lens.show(at), end: () => lens.remove() };
  },
  length: (pane, start) => {
    const ends = [pane.filmPoint(start), pane.filmPoint(start)];
    pane.annotations.lengths.push(ends);
    return {
      move: (at) => {
        ends[1] = pane.filmPoint(at);
        pane.redraw();
      },
      end: () => {
        if (ends[0].every((value, i) => value === ends[1][i])) pane.annotations.lengths.pop();
        pane.box.measured(pane, ends);
      },
      drop: () => pane.annotations.lengths.splice(pane.annotations.lengths.indexOf(ends), 1),
    };
  },
  box: (pane, start) => drawing(pane, start, "box"),
  brush: (pane, start) => drawing(pane, start, "brush"),
};

function changeWindow(pane, [dx, dy]) {
  const { low, high } = pane.window;
  const first = pane.plate.film.windows[0];
  const step = (first.high - first.low) / 800;
  const width = Math.max(high - low + dx * step, 1);
  const centre = (high + low) / 2 + dy * step;
  pane.box.setWindow(pane, { low: centre - width / 2, high: centre + width / 2 });
}

function drawing(pane, start, kind) {
  const radius = kind === "brush" ? BRUSH / pane.view().scale : 0;
  const points = [onFilm(pane, start)];
  const before = pane.annotations.region;
  let drawn;
  const show = () => {
    pane.annotations.region = drawn = region(pane, kind, points, radius);
    pane.redraw();
  };
  show();
  return {
    move: (at) => {
      const point = onFilm(pane, at);
      if (kind === "box") points[1] = point;
      else points.push(point);
      show();
    },
    end: () => {
      const [, , width, height] = drawn.box;
      if (width > 0 && height > 0) return pane.box.drew(pane, drawn);
      pane.annotations.region = before;
      pane.redraw();
    },
    drop: () => {
      pane.annotations.region = before;
      pane.redraw();
    },
  };
}

function onFilm(pane, at) {
  const [x, y] = pane.filmPoint(at);
  const { width, height } = pane.plate;
  return [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
}

function region(pane, kind, points, radius) {
  const { width, height } = pane.plate;
  const span = (i, most) => {
    const values = points.map((point) => point[i]);
    const low = Math.max(Math.min(...values) - radius, 0);
    return [low, Math.min(Math.max(...values) + radius, most) - low];
  };
  const [x, w] = span(0, width);
  const [y, h] = span(1, height);
  return { kind, box: [x, y, w, h], points: kind === "brush" ? [...points] : [], radius };
}

/** A piece of the film larger, drawn from its pixels and not from the screen's. */
class Lens {
  #canvas = document.createElement("canvas");
  #raster = new Raster();

  constructor(pane) {
    this.pane = pane;
    this.#canvas.className = "lens";
    pane.screen.append(this.#canvas);
  }

  show([left, top]) {
    const { pane } = this;
    const density = window.devicePixelRatio || 1;
    const [x, y] = pane.filmPoint([left, top]);
    const { plate, grid } = pane;
    if (!grid) return;
    const side = LENS.side;
    const view = { ...pane.view(), x: x / plate.width, y: y / plate.height };
    const near = { ...view, scale: view.scale * LENS.power };
    const matrix = placed(near, plate, { width: side, height: side }).map((part) => part * density);
    Object.assign(this.#canvas, { width: side * density, height: side * density });
    this.#raster.draw(this.#canvas.getContext("2d"), grid, pane.window, matrix);
    Object.assign(this.#canvas.style, { left: `${left - side / 2}px`, top: `${top - side / 2}px` });
  }

  remove() {
    this.#canvas.remove();
  }
}
