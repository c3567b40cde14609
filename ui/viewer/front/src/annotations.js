// Lines over a film: contour, lesion boxes, lengths, the region, the cross of the keyboard.

import { svg } from "./element.js";
import { apply } from "./matrix.js";

const KEPT = "cxr-lengths"; // in the browser's tab: film -> its lengths
const LABEL = 220; // CSS pixels that the words of a length may take

export class Annotations {
  svg = svg("svg", { class: "annotations", "aria-hidden": "true" });
  lengths = []; // [[x, y], [x, y]] in pixels of the film
  region = null; // as it goes to Python
  cross = null; // of the keyboard, in CSS pixels of the pane
  #pane;
  #drawn = "";

  constructor(pane) {
    this.#pane = pane;
  }

  /** Begin anew on a film, with the lengths that were measured on it. */
  open(film) {
    this.lengths = kept()[film] ?? [];
    this.region = null;
    this.cross = null;
  }

  /** Keep the lengths for when their film comes back, be it after a reload. */
  keep(film) {
    const { [film]: _, ...others } = kept();
    sessionStorage.setItem(KEPT, JSON.stringify({ ...others, [film]: this.lengths }));
  }

  place(matrix) {
    const { plate, cover, box } = this.#pane;
    const { settings } = box;
    const lines = settings.on ? cover.lines : null;
    const boxes = settings.boxes ? plate.boxes : [];
    const regions = plate.regions ?? [];
    const parts = [matrix, lines?.towards, lines?.against, boxes, regions, this.lengths, this.region, this.cross];
    const state = JSON.stringify(parts);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const shares = svg("g", { transform: `matrix(${matrix}) scale(${plate.width} ${plate.height})` });
    if (lines) {
      shares.append(svg("path", { class: "towards", d: lines.towards }));
      shares.append(svg("path", { class: "against", d: lines.against }));
    }
    for (const [x, y, width, height] of boxes) {
      shares.append(svg("rect", { class: "lesion", x, y, width, height }));
    }
    const drawn = [...regions.map((each) => onFilm(each, plate)), ...(this.region ? [this.region] : [])];
    const film = svg("g", { transform: `matrix(${matrix})` }, drawn.map(region));
    const { width } = this.#pane.size();
    const marks = this.lengths.flatMap((ends) => ruler(ends, matrix, plate, width));
    this.svg.replaceChildren(shares, film, ...marks, ...crossing(this.cross));
  }
}

function kept() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
}

function region(drawn) {
  if (drawn.kind === "box") {
    const [x, y, width, height] = drawn.box;
    return svg("rect", { class: "region", x, y, width, height });
  }
  const d = `M${drawn.points.map((point) => point.join(",")).join("L")}l0,0`;
  return svg("path", { class: "stroke", d, "stroke-width": 2 * drawn.radius });
}

/** A region in shares of a film, in its pixels. */
function onFilm({ kind, box: [x, y, w, h], points, radius }, { width, height }) {
  const placed = points.map(([px, py]) => [px * width, py * height]);
  return { kind, box: [x * width, y * height, w * width, h * height], points: placed, radius: radius * width };
}

/** What lies between two points of a film, in words: mm where the file states their spacing. */
export function length([from, to], spacing) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (!spacing) return `${Math.hypot(dx, dy).toFixed(0)} px`;
  return `${Math.hypot(dx * spacing[1], dy * spacing[0]).toFixed(1)} mm by the file, unverified`;
}

function ruler(ends, matrix, { spacing }, width) {
  const [[x1, y1], [x2, y2]] = ends.map((point) => apply(matrix, point));
  const tight = x2 > width - LABEL; // of the pane: the words go back under the line
  const place = tight ? { x: x2, y: y2 + 22, "text-anchor": "end" } : { x: x2 + 10, y: y2 + 4 };
  const label = svg("text", place, [length(ends, spacing)]);
  const dots = [[x1, y1], [x2, y2]].map(([cx, cy]) => svg("circle", { cx, cy, r: 3 }));
  return [svg("line", { class: "length", x1, y1, x2, y2 }), ...dots, label];
}

function crossing(at) {
  if (!at) return [];
  const [x, y] = at;
  return [svg("path", { class: "cross", d: `M${x - 12},${y}h24M${x},${y - 12}v24` })];
}
