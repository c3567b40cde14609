// The buttons over the films, and the map's settings under them.

import { coarse } from "./box.js";
import { chosen } from "./cover.js";
import { button, element, pressed } from "./element.js";
import { bar } from "./overlay.js";

const TOOLS = [
  ["window", "Window", "windowing"],
  ["pan", "Pan", "pan"],
  ["zoom", "Zoom", "zoom"],
  ["magnifier", "Magnify", "magnifier"],
  ["length", "Length", "length"],
  ["box", "Box", "box"],
  ["brush", "Brush", "brush"],
];

const FAINT = 0.05; // of full colour: a map that has less looks like the bare film
const PICTURE =
  "Save picture: the whole film as filed, unturned and under its own window, with the map at its opacity " +
  "and scale; no contour, lengths or boxes";

export class Bar {
  #tools = new Map();

  constructor(box, keys) {
    this.box = box;
    this.keys = new Map(keys.map((row) => [row.act, row]));
    this.top = element("div", { class: "bar", role: "toolbar", "aria-label": "Viewer" }, this.#top());
    this.bottom = element("div", { class: "bar cover", role: "group", "aria-label": "Map" });
    this.#bottom();
  }

  /** A button for what a key does, named by the map of keys. */
  #does(words, act, press, toggle = false) {
    const { keys, words: name } = this.keys.get(act);
    return button(words, { name, key: keys[0], press, toggle });
  }

  #top() {
    const { box } = this;
    for (const [tool, words, act] of TOOLS) {
      this.#tools.set(tool, this.#does(words, act, () => box.take(tool), true));
    }
    this.preset = element("select", { "aria-label": "Window presets", title: "Windows (1 to 5)" });
    this.preset.addEventListener("change", () => box.preset(Number(this.preset.value)));
    this.inverted = this.#does("Invert", "invert", () => box.invert(), true);
    this.linked = button("Link", { name: "Link the films", press: () => box.link(), toggle: true });
    this.boxes = this.#does("Boxes", "lesions", () => box.set({ boxes: !box.settings.boxes }), true);
    const places = [
      this.#does("↔", "mirror", () => box.flip(false)),
      this.#does("↕", "upend", () => box.flip(true)),
      this.#does("↺", "turn_left", () => box.turn(-90)),
      this.#does("↻", "turn_right", () => box.turn(90)),
    ];
    const zooms = [
      this.#does("Fit", "fit", () => box.fit()),
      button("1:1", { name: "One pixel of the film for each of the screen", press: () => box.actual() }),
      this.#does("Reset", "reset", () => box.reset()),
    ];
    const list = () => window.dispatchEvent(new CustomEvent("cxr-keys"));
    const rest = [
      button("Full", { name: "Full screen", press: () => box.fullscreen() }),
      button("?", { name: "Keys", key: "?", press: list }),
    ];
    const group = (...parts) => element("span", { class: "group" }, parts);
    return [
      group(...this.#tools.values()),
      group(this.preset, this.inverted),
      group(...places),
      group(...zooms),
      group(this.linked, this.boxes, ...rest),
    ];
  }

  #bottom() {
    const { box } = this;
    this.on = this.#does("Map", "overlay", () => box.set({ on: !box.settings.on }), true);
    this.layer = element("select", { "aria-label": "Map" });
    this.layer.addEventListener("change", () => box.set({ layer: this.layer.value }));
    this.contour = this.#does("Contour", "contour", () => box.set({ contour: !box.settings.contour }), true);
    this.opacity = element("input", { type: "range", min: 0, max: 100, step: 5, "aria-label": "Opacity" });
    this.opacity.addEventListener("input", () => box.set({ opacity: this.opacity.value / 100 }));
    this.scale = element("select", { "aria-label": "Full colour at" });
    this.scale.addEventListener("change", () => {
      const { method } = this.#layer();
      box.set({ scales: { ...box.settings.scales, [method]: Number(this.scale.value) } });
    });
    this.ramp = element("div", { class: "ramp" });
    this.marks = element("div", { class: "marks" });
    this.unit = element("div", { class: "unit" });
    this.empty = element("div", { class: "empty", role: "status" });
    this.save = button("Save picture", { press: () => box.askPicture() });
    this.save.title = PICTURE;
    const scale = element("div", { class: "scale" }, [this.ramp, this.marks, this.unit]);
    const label = (words, held) => element("label", {}, [words, held]);
    this.bottom.append(
      element("span", { class: "group" }, [this.on, this.layer, this.contour]),
      label("Opacity", this.opacity),
      label("Full colour at", this.scale),
      scale,
      this.empty,
      this.save,
    );
  }

  #layer() {
    return this.box.panes.map((pane) => pane.cover.layer).find(Boolean);
  }

  /** Say what the settings are. */
  show() {
    const { settings, data, active } = this.box;
    for (const [tool, made] of this.#tools) {
      pressed(made, tool === settings.tool && (settings.handy || !coarse()));
      made.hidden = !data.draw && (tool === "box" || tool === "brush");
    }
    this.box.root.dataset.tool = settings.tool;
    this.box.root.classList.toggle("handy", settings.handy);
    const { windows } = active.plate.film;
    const presets = windows.map(({ name, what }, i) => [i, `${i + 1} ${name}`, what]);
    options(this.preset, [[-1, "–", "Set by hand"], ...presets]);
    this.preset.options[0].disabled = true; // it can be seen and not chosen
    this.window();
    pressed(this.linked, settings.linked);
    this.linked.hidden = data.plates.length < 2;
    pressed(this.boxes, settings.boxes);
    this.boxes.hidden = !data.plates.some(({ boxes }) => boxes.length);
    this.#cover();
  }

  /** Say under which window the films are. */
  window() {
    const { active } = this.box;
    this.preset.value = active.preset();
    pressed(this.inverted, active.window.invert);
  }

  #cover() {
    const { settings, data, kinds } = this.box;
    const layers = data.plates.flatMap((plate) => plate.layers);
    this.bottom.hidden = !layers.length;
    this.box.root.classList.toggle("covered", Boolean(layers.length));
    if (!layers.length) return;
    const layer = layers.find(({ name }) => name === settings.layer) ?? layers[0];
    const names = [...new Set(layers.map(({ name }) => name))];
    options(this.layer, names.map((name) => [name, name, ""]));
    this.layer.value = layer.name;
    const kind = kinds[layer.method];
    const scale = settings.scales[layer.method] ?? kind.scale;
    options(this.scale, kind.scales.map((value) => [value, String(value), ""]));
    this.scale.value = String(scale);
    pressed(this.on, settings.on);
    pressed(this.contour, settings.contour);
    this.opacity.value = 100 * settings.opacity;
    this.opacity.setAttribute("aria-valuetext", `${this.opacity.value} %`);
    const { gradient, marks } = bar(kind, settings.on ? settings.opacity : 0, scale);
    this.ramp.style.background = gradient;
    this.marks.replaceChildren(...marks.map((mark) => element("span", {}, [mark.replace("-", "−")])));
    this.unit.textContent = kind.unit;
    this.empty.textContent = this.#nothing();
    this.save.hidden = !data.pictures;
  }

  /** What to say where no map that is shown has a colour to see. */
  #nothing() {
    const { settings, data, kinds } = this.box;
    const shown = data.plates.map((plate) => chosen(plate, settings)).filter(Boolean);
    const scaleOf = ({ method }) => settings.scales[method] ?? kinds[method].scale;
    if (shown.some((layer) => layer.peak >= FAINT * scaleOf(layer))) return "";
    const [{ label, method }] = shown;
    const speaks = kinds[method].signed ? "speaks for or against" : "speaks for";
    return `Nothing on this film ${speaks} ${label || "it"} at this scale`;
  }
}

function options(select, wanted) {
  const names = JSON.stringify(wanted);
  if (select.dataset.names === names) return;
  select.dataset.names = names;
  select.replaceChildren(
    ...wanted.map(([value, words, title]) => element("option", { value, title }, [words])),
  );
}
