// One film: OpenSeadragon holds its place, this draws what lies over it and says how it is shown.

import OpenSeadragon from "openseadragon";
import { FilmDrawer } from "./drawer.js";
import { element } from "./element.js";
import { load } from "./film.js";
import { wake } from "./frames.js";
import { Cover } from "./cover.js";
import { Annotations } from "./annotations.js";
import { apply, fitting, inverse, placed } from "./matrix.js";

const MOST_SCALE = 32; // CSS pixels a pixel of the film
const QUIET = { clickToZoom: false, dblClickToZoom: false, flickEnabled: false };

export class Pane {
  grid = null;
  settled = false; // its film has a place, so that its view says something
  window = { low: 0, high: 255, invert: false };
  #waiting = 0;
  #failed = false;

  constructor(box) {
    this.box = box;
    this.title = element("div", { class: "title" });
    this.badge = element("div", { class: "badge", role: "status" });
    this.note = element("div", { class: "note", role: "status" });
    this.value = element("div", { class: "value", "aria-hidden": "true" });
    this.readout = readout((window) => box.setWindow(this, window));
    this.picture = element("div", { class: "picture" });
    this.sides = ["left", "right"].map((side) => element("div", { class: `side ${side}` }));
    this.cover = new Cover();
    this.annotations = new Annotations(this);
    this.root = element("div", { class: "pane", role: "group" }, [
      element("div", { class: "screen", tabindex: "0", role: "application" }, [
        this.picture,
        this.cover.canvas,
        this.annotations.svg,
        ...this.sides,
        this.note,
      ]),
      element("div", { class: "corner top" }, [this.title, this.badge]),
      element("div", { class: "corner bottom" }, [this.readout.root, this.value]),
    ]);
    this.screen = this.root.firstChild;
  }

  /** Begin once the pane stands in the page: OpenSeadragon measures it. */
  start() {
    this.viewer = OpenSeadragon({
      element: this.picture,
      drawer: [FilmDrawer],
      drawerOptions: { custom: { pane: this } },
      showNavigationControl: false,
      animationTime: 0,
      autoResize: false, // it would keep the zoom, not the share of the film that is seen
      tabIndex: -1,
      gestureSettingsMouse: QUIET,
      gestureSettingsTouch: QUIET,
      gestureSettingsPen: QUIET,
    });
    // The library asks for this itself when a tile has come; a change of place or size is ours alone.
    const redraw = this.viewer.forceRedraw;
    this.viewer.forceRedraw = () => {
      wake();
      return redraw.call(this.viewer);
    };
    // The library focuses its canvas at every click, and the page would scroll to it.
    this.viewer.canvas.focus = () => this.screen.focus({ preventScroll: true });
    this.viewer.addHandler("canvas-key", (event) => (event.preventDefaultAction = true));
    this.watch = new ResizeObserver(() => this.#resized());
    this.watch.observe(this.screen);
    this.screen.addEventListener("pointermove", (event) => this.#hover(event));
    this.screen.addEventListener("pointerleave", () => (this.value.textContent = ""));
  }

  stop() {
    this.watch.disconnect();
    this.viewer.destroy();
  }

  /** Show a plate; the film itself comes when it is there. */
  async show(plate) {
    const before = this.plate;
    this.plate = plate;
    this.title.textContent = plate.title;
    this.root.classList.toggle("dim", plate.dim);
    if (plate.regions) this.annotations.region = null; // the page says which there are
    this.dress();
    if (before?.film.id !== plate.film.id || this.#failed) await this.#open(plate);
  }

  /** Lay over the film what the settings say; the map comes when it is there. */
  async dress() {
    const done = this.cover.show(this.plate, this.box.settings, this.box.kinds);
    this.redraw();
    await done;
    this.redraw();
  }

  async #open(plate) {
    const turn = ++this.#waiting;
    this.#failed = false;
    this.grid = null;
    this.annotations.open(plate.film.id);
    this.window = { ...plate.film.windows[0], invert: false };
    this.note.textContent = "The film is loading";
    this.#place(plate);
    try {
      const grid = await load(plate.film, plate.width, plate.height);
      if (turn !== this.#waiting) return;
      this.grid = grid;
      this.note.textContent = "";
    } catch (error) {
      if (turn !== this.#waiting) return;
      console.error(error);
      this.#failed = true;
      this.note.textContent = "The film did not load. Check the connection and reload the page.";
    }
    this.root.dataset.ready = String(Boolean(this.grid));
    this.redraw();
  }

  /** Make room for a film of this size: one tile, of which only the place is used. */
  #place({ width, height, film }) {
    this.root.dataset.ready = "false";
    this.settled = false;
    this.viewer.world.removeAll();
    wake();
    this.viewer.addTiledImage({
      tileSource: {
        width,
        height,
        tileSize: Math.max(width, height),
        minLevel: 0,
        maxLevel: 0,
        getTileUrl: () => film.id,
        downloadTileStart: (job) => job.finish(film, null, "film"),
        downloadTileAbort: () => {},
      },
      success: () => this.box.settled(this),
    });
  }

  size() {
    const { x: width, y: height } = this.viewer.viewport.getContainerSize();
    return { width, height };
  }

  /** Scale in CSS pixels a pixel of the film, centre in shares of the film, turn, mirror. */
  view() {
    const { viewport } = this.viewer;
    const centre = viewport.getCenter(true);
    return {
      scale: (viewport.getZoom(true) * this.size().width) / this.plate.width,
      x: centre.x,
      y: (centre.y * this.plate.width) / this.plate.height,
      turn: ((viewport.getRotation(true) % 360) + 360) % 360,
      flip: viewport.getFlip(),
    };
  }

  setView({ scale, x, y, turn, flip }) {
    const { viewport } = this.viewer;
    const { width, height } = this.plate;
    viewport.setRotation(turn, true);
    viewport.setFlip(flip);
    viewport.zoomTo((scale * width) / this.size().width, null, true);
    viewport.panTo(new OpenSeadragon.Point(x, (y * height) / width), true);
    wake();
    this.box.moved(this);
  }

  fit(turn = this.view().turn) {
    return fitting(this.plate, this.size(), turn);
  }

  /** As first shown: upright, whole, under the film's own window. */
  reset() {
    if (!this.plate) return;
    this.window = { ...this.plate.film.windows[0], invert: false };
    this.setView({ scale: this.fit(0), x: 0.5, y: 0.5, turn: 0, flip: false });
  }

  // The library's own zoom about a point reads where it was at the last frame: two in one frame,
  // as of a pinch, drift. So both of these set a whole view.

  /** Zoom so that the film stays where it is under a point of the pane; else under its middle. */
  zoomBy(factor, at = null) {
    const view = this.view();
    const size = this.size();
    const point = at ?? [size.width / 2, size.height / 2];
    const fit = this.fit();
    const [least, most] = [Math.min(fit, 1) / 2, Math.max(fit, MOST_SCALE)];
    const scale = Math.min(Math.max(view.scale * factor, least), most);
    const held = this.filmPoint(point);
    const [x, y] = apply(placed({ ...view, scale }, this.plate, size), held);
    this.#shifted({ ...view, scale }, point[0] - x, point[1] - y);
  }

  /** Move what is seen by CSS pixels. */
  panBy(dx, dy) {
    this.#shifted(this.view(), dx, dy);
  }

  /** The view moved by CSS pixels; its middle stays on the film. */
  #shifted(view, dx, dy) {
    const size = this.size();
    const back = inverse(placed(view, this.plate, size));
    const [x, y] = apply(back, [size.width / 2 - dx, size.height / 2 - dy]);
    const within = (share) => Math.min(Math.max(share, 0), 1);
    this.setView({ ...view, x: within(x / this.plate.width), y: within(y / this.plate.height) });
  }

  /** Point of the film under a point of the pane, and the other way round. */
  filmPoint(at) {
    return apply(inverse(this.matrix()), at);
  }

  matrix() {
    return placed(this.view(), this.plate, this.size());
  }

  /** Which of the film's windows it is under, −1 where that was set by hand. */
  preset() {
    const { low, high } = this.window;
    return this.plate.film.windows.findIndex((preset) => preset.low === low && preset.high === high);
  }

  redraw() {
    if (this.viewer.world.getItemCount()) this.viewer.forceRedraw();
  }

  /** The drawer calls this with every picture: all that follows the film follows it here. */
  drawn(matrix) {
    this.cover.place(matrix, this.plate);
    this.annotations.place(matrix);
    this.#say();
    this.box.looked();
  }

  #say() {
    const { turn, flip, scale } = this.view();
    const turned = flip ? (360 - turn) % 360 : turn; // clockwise, as it is seen
    const said = [flip && "Mirrored: L and R are swapped", turned && `Turned ${turned}°`];
    if (this.window.invert) said.push("Inverted");
    const badge = said.filter(Boolean).join(" · ");
    if (this.badge.textContent !== badge) this.badge.textContent = badge;
    this.readout.show(this.window, scale * (window.devicePixelRatio || 1), this.plate.film);
    const name = `${this.plate.title}. ${this.readout.words()}${badge ? `. ${badge}` : ""}`;
    if (this.screen.getAttribute("aria-label") !== name) this.screen.setAttribute("aria-label", name);
    const letters = sides(this.plate.orientation, this.matrix());
    this.sides.forEach((side, i) => (side.textContent = letters[i]));
  }

  #resized() {
    const { clientWidth, clientHeight } = this.screen;
    if (!clientWidth || !clientHeight) return;
    const resize = () =>
      this.viewer.viewport.resize(new OpenSeadragon.Point(clientWidth, clientHeight), false);
    if (!this.plate) return resize();
    const view = this.view();
    const share = view.scale / this.fit();
    resize();
    this.setView({ ...view, scale: share * this.fit() });
  }

  #hover(event) {
    if (!this.grid) return;
    const box = this.screen.getBoundingClientRect();
    const [x, y] = this.filmPoint([event.clientX - box.left, event.clientY - box.top]).map(Math.floor);
    const { width, height, levels } = this.grid;
    const inside = x >= 0 && y >= 0 && x < width && y < height;
    this.value.textContent = inside ? `${x}, ${y}: ${levels[0].data[y * width + x]}` : "";
  }
}

/** The letters at the left and the right edge of the pane, where the file tells them. */
function sides(orientation, [a, b, c, d]) {
  if (!orientation) return ["", ""];
  const opposite = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };
  const [along, down] = orientation;
  const [direction, sign] = Math.abs(a) > Math.abs(c) ? [along, a] : [down, c];
  const right = sign > 0 ? direction : opposite[direction];
  return [opposite[right] ?? "", right ?? ""];
}

/** Width and centre of the window as numbers that can be typed, and the zoom. */
function readout(set) {
  const field = (name) =>
    element("input", { type: "number", step: "any", "aria-label": name, title: name });
  const width = field("Window width");
  const centre = field("Window centre");
  const zoom = element("span", {});
  const unit = element("span", {});
  const root = element("div", { class: "readout" }, ["W", width, "C", centre, zoom, unit]);
  const changed = () => {
    const [w, c] = [Number(width.value), Number(centre.value)];
    if (Number.isFinite(w) && Number.isFinite(c) && w > 0) set({ low: c - w / 2, high: c + w / 2 });
  };
  width.addEventListener("change", changed);
  centre.addEventListener("change", changed);
  const put = (input, value) => {
    const text = String(+value.toFixed(1));
    if (document.activeElement !== input && input.value !== text) input.value = text;
  };
  return {
    root,
    words: () => `Window width ${width.value}, centre ${centre.value}, zoom ${zoom.textContent}`,
    show({ low, high }, scale, film) {
      put(width, high - low);
      put(centre, (high + low) / 2);
      const percent = `${+(100 * scale).toPrecision(3)} %`;
      if (zoom.textContent !== percent) zoom.textContent = percent;
      if (unit.textContent !== film.unit) unit.textContent = film.unit;
    },
  };
}
