// The map over a film: a canvas of the map's own size that CSS stretches over the film, so that
// opacity and place cost nothing but composition.

import { element } from "./element.js";
import { load } from "./film.js";
import { outlines, paint } from "./overlay.js";

/** The layer of a plate that the settings name, else its first. */
export function chosen({ layers }, settings) {
  return layers.find(({ name }) => name === settings.layer) ?? layers[0] ?? null;
}

export class Cover {
  canvas = element("canvas", { class: "map" });
  layer = null;
  lines = null; // the contour, where it is asked for
  #painted = "";
  #turn = 0;

  /** Show the layer of `plate` that the settings name; resolves once it is painted. */
  async show(plate, settings, kinds) {
    const turn = ++this.#turn;
    this.layer = chosen(plate, settings);
    this.#dress(settings);
    if (!this.layer) {
      this.lines = null;
      return;
    }
    for (const { width, height, ...layer } of plate.layers) load(layer, width, height).catch(() => {});
    const { method, width, height, step } = this.layer;
    const scale = settings.scales[method] ?? kinds[method].scale;
    const wanted = `${this.layer.id} ${scale}`;
    const grid = await load(this.layer, width, height).catch(() => null);
    if (turn !== this.#turn) return;
    if (grid && wanted !== this.#painted) paint(this.canvas, grid, step, kinds[method], scale);
    this.#painted = grid ? wanted : "";
    this.lines = grid && settings.contour ? outlines(grid, step, kinds[method], scale) : null;
    this.#dress(settings);
  }

  #dress({ on, opacity }) {
    this.canvas.hidden = !this.layer || !on || !this.#painted.startsWith(this.layer.id);
    this.canvas.style.opacity = opacity;
  }

  place([a, b, c, d, e, f], plate) {
    if (this.canvas.hidden) return;
    const across = plate.width / this.canvas.width;
    const down = plate.height / this.canvas.height;
    const matrix = [a * across, b * across, c * down, d * down, e, f];
    this.canvas.style.transform = `matrix(${matrix})`;
  }
}
