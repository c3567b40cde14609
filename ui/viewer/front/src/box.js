// The light box: the panes, what links them, and what the page is told.

import { Bar } from "./bar.js";
import { element } from "./element.js";
import { showing } from "./film.js";
import { Gestures } from "./gestures.js";
import { listen } from "./keys.js";
import { length } from "./annotations.js";
import { Pane } from "./pane.js";

const REST_MS = 300;
const AT_FIRST = {
  linked: true,
  handy: false, // a tool was chosen: one finger does what it does, else it scrolls the page
  on: true,
  opacity: 0.6,
  contour: false,
  boxes: false,
  layer: "",
  scales: {},
};
const kept = new Map(); // key of the component -> settings: a page that is left and come back to

export class LightBox {
  panes = [];
  kinds = {};
  #serial = Date.now(); // grows over reloads too
  #saved = 0;
  #following = false;
  #told = ""; // how the page's film is shown, as the page knows it
  #telling = 0;

  constructor(root, { key, tool, keys }) {
    this.root = root;
    if (!kept.has(key)) kept.set(key, { ...AT_FIRST, tool });
    this.settings = kept.get(key);
    this.table = element("div", { class: "panes" });
    this.caption = element("div", { class: "caption" });
    this.judging = element("span", { class: "judging" }); // the page's keys fill it on a whole screen
    this.spoken = element("div", { class: "spoken", role: "status" });
    this.bar = new Bar(this, keys);
    this.root.replaceChildren(this.caption, this.bar.top, this.table, this.bar.bottom, this.spoken);
    this.deaf = listen(this);
  }

  /** Show what the page sends; called again with every run of the page. */
  update(component) {
    const { data } = component;
    const shown = (plates) => plates?.[0].film.id;
    if (this.data && shown(this.data.plates) !== shown(data.plates)) this.settings.layer = "";
    this.tell = component;
    this.data = data;
    if (!data.looks) this.#told = "";
    this.kinds = data.kinds;
    this.root.style.height = data.height;
    this.caption.replaceChildren(...data.caption.map((line) => element("span", {}, [line])), this.judging);
    while (this.panes.length > data.plates.length) {
      const pane = this.panes.pop();
      pane.stop();
      pane.root.remove();
    }
    while (this.panes.length < data.plates.length) {
      const pane = new Pane(this);
      this.table.append(pane.root);
      this.panes.push(pane);
      pane.start();
      pane.gestures = new Gestures(pane);
    }
    this.table.style.setProperty("--panes", data.plates.length);
    showing(this, new Set(data.plates.flatMap(({ film, layers }) => [film.id, ...layers.map(({ id }) => id)])));
    this.panes.forEach((pane, i) => pane.show(data.plates[i]));
    if (!this.active || !this.panes.includes(this.active)) this.active = this.panes[0];
    this.bar.show();
    if (data.file && data.file.serial > this.#saved) this.#save(data.file);
  }

  destroy() {
    clearTimeout(this.#telling);
    this.deaf();
    showing(this, null);
    this.panes.forEach((pane) => pane.stop());
  }

  #save({ name, url, serial }) {
    this.#saved = serial;
    element("a", { href: url, download: name }).click();
  }

  /** What is done to one pane is done to all while they are linked. */
  #linked(pane) {
    return this.settings.linked ? this.panes : [pane];
  }

  each(does) {
    this.#linked(this.active).forEach(does);
  }

  /** Put a pane, and what is linked to it, under a window. */
  setWindow(pane, { low, high, invert = pane.window.invert }) {
    for (const other of this.#linked(pane)) {
      other.window = passedOn({ low, high, invert }, pane.plate.film, other.plate.film);
      other.redraw();
    }
    this.bar.window();
  }

  preset(index) {
    this.each((pane) => {
      const { low, high } = pane.plate.film.windows[index];
      pane.window = { ...pane.window, low, high };
      pane.redraw();
    });
    this.bar.show();
  }

  invert() {
    const invert = !this.active.window.invert;
    this.each((pane) => {
      pane.window = { ...pane.window, invert };
      pane.redraw();
    });
    this.bar.show();
  }

  /** A film has got its place: it opens as first shown, or as the one that it is linked to. */
  settled(pane) {
    pane.reset();
    pane.settled = true;
    const beside = this.settings.linked && this.panes.find((other) => other !== pane && other.settled);
    if (!beside) return;
    const preset = beside.preset();
    const { invert } = beside.window;
    pane.window =
      preset < 0
        ? passedOn(beside.window, beside.plate.film, pane.plate.film)
        : { ...pane.plate.film.windows[preset], invert };
    this.moved(beside);
    this.bar.window();
  }

  /** A pane was zoomed, moved, turned or mirrored: the others follow. */
  moved(pane) {
    if (this.#following || !pane.settled) return;
    this.#following = true;
    pane.redraw();
    for (const other of this.#linked(pane)) {
      if (other === pane || !other.settled) continue;
      other.setView(follows(pane, other));
      other.redraw();
    }
    this.#following = false;
  }

  /** As it is seen: right is clockwise and horizontal is left to right, however a film lies. */
  turn(degrees) {
    const pane = this.active;
    const view = pane.view();
    const share = view.scale / pane.fit();
    const turn = (view.turn + (view.flip ? -degrees : degrees) + 360) % 360;
    pane.setView({ ...view, turn, scale: share * pane.fit(turn) });
  }

  flip(vertically) {
    const view = this.active.view();
    const turn = (view.turn + (vertically ? 180 : 0)) % 360;
    this.active.setView({ ...view, turn, flip: !view.flip });
  }

  fit() {
    this.active.setView({ ...this.active.view(), scale: this.active.fit(), x: 0.5, y: 0.5 });
  }

  actual() {
    this.active.setView({ ...this.active.view(), scale: 1 / (window.devicePixelRatio || 1) });
  }

  reset() {
    this.each((pane) => pane.reset());
    this.active.reset(); // laid over each other, the others go by it
    this.bar.show();
  }

  /** Whether one finger does what the tool does: on a whole screen there is nothing to scroll. */
  handy() {
    return this.settings.handy || Boolean(document.fullscreenElement);
  }

  /** Choose a tool; on a screen that is touched, the one that is chosen already is put away. */
  take(tool) {
    const away = coarse() && this.settings.handy && tool === this.settings.tool;
    this.set({ tool, handy: !away });
  }

  set(changes) {
    Object.assign(this.settings, changes);
    this.panes.forEach((pane) => pane.dress());
    this.bar.show();
  }

  link() {
    this.set({ linked: !this.settings.linked });
    if (this.settings.linked) this.moved(this.active);
  }

  measured(pane, ends) {
    this.spoken.textContent = `Length ${length(ends, pane.plate.spacing)}`;
    this.keep(pane);
  }

  /** Lengths are of the film: every pane that shows it has them. */
  keep(pane) {
    const { id } = pane.plate.film;
    for (const each of this.panes) {
      if (each.plate.film.id !== id) continue;
      each.annotations.lengths = pane.annotations.lengths;
      each.redraw();
    }
    pane.annotations.keep(id);
  }

  /** Whether there is a length or a region to take back; a region that the page keeps is the page's. */
  erasable() {
    const { lengths, region } = this.active.annotations;
    return lengths.length || region;
  }

  /** Take back the last length, or the region. */
  erase() {
    const { annotations } = this.active;
    if (annotations.lengths.length) {
      annotations.lengths.pop();
      this.keep(this.active);
    } else if (annotations.region) {
      annotations.region = null;
      this.tell.setStateValue("region", null);
    }
    this.active.redraw();
  }

  drew(pane, region) {
    const plate = this.panes.indexOf(pane);
    this.#serial += 1;
    this.panes.forEach((other) => {
      if (other !== pane) other.annotations.region = null;
      other.redraw();
    });
    const { film } = this.data.plates[plate];
    this.tell.setStateValue("region", { ...region, plate, film: film.id, serial: this.#serial });
    this.spoken.textContent = "Region drawn";
  }

  /** Tell a page that asks how its film is shown, once that has come to rest. */
  looked() {
    if (!this.data.looks) return;
    const { id } = this.data.plates[0].film;
    const pane = this.active.plate.film.id === id ? this.active : this.panes[0];
    if (!pane.grid) return;
    const { low, high, invert } = pane.window;
    const { turn, flip } = pane.view();
    const look = { film: id, low, high, invert, turn, flip, filed: pane.preset() === 0 };
    const said = JSON.stringify(look);
    if (said === this.#told) return;
    const patience = this.#told.includes(id) ? REST_MS : 0; // the first time nothing is in motion
    this.#told = said;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => this.tell.setTriggerValue("look", look), patience);
  }

  step(by) {
    if (this.data.steps) this.tell.setTriggerValue("step", by);
  }

  askPicture() {
    const plate = this.panes.findIndex((pane) => pane.cover.layer);
    if (plate < 0) return;
    const { name, method } = this.panes[plate].cover.layer;
    const { opacity, scales } = this.settings;
    const scale = scales[method] ?? this.kinds[method].scale;
    this.#serial += 1;
    this.tell.setTriggerValue("picture", { plate, layer: name, opacity, scale, serial: this.#serial });
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }
}

/** Whether fingers are what the screen is used with. */
export function coarse() {
  return window.matchMedia("(pointer: coarse)").matches;
}

/** The view of a pane that goes with another's: over it where the page says how, else the same share. */
function follows(leader, pane) {
  const view = leader.view();
  const [from, to] = [leader.plate.place, pane.plate.place];
  if (!from || !to) return { ...view, scale: (view.scale / leader.fit()) * pane.fit(view.turn) };
  const x = from.scale * view.x * leader.plate.width + from.right;
  const y = from.scale * view.y * leader.plate.height + from.down;
  return {
    ...view,
    scale: (view.scale / from.scale) * to.scale,
    x: (x - to.right) / to.scale / pane.plate.width,
    y: (y - to.down) / to.scale / pane.plate.height,
  };
}

/** A window of one film for another, as shares of each film's own: its bits may be others. */
function passedOn({ low, high, invert }, from, to) {
  const [first, own] = [from.windows[0], to.windows[0]];
  if (own.low === first.low && own.high === first.high) return { low, high, invert };
  const slope = (own.high - own.low) / (first.high - first.low);
  const part = (value) => own.low + (value - first.low) * slope;
  return { low: part(low), high: part(high), invert };
}
