// Keys, wherever the focus is, except where somebody types or a dialog is open.

import { nameOf } from "./element.js";

/**
 * Act -> [what it does, whether it means anything now (or nothing: always)]. Which keys ask for it,
 * and its words, come with the page's data from the one map of the app, ui/base/keymap.py.
 */
export const ACTS = {
  previous: [(box) => box.step(-1), (box) => box.data.steps],
  next: [(box) => box.step(1), (box) => box.data.steps],
  window: [(box, place) => box.preset(place)],
  invert: [(box) => box.invert()],
  mirror: [(box) => box.flip(false)],
  upend: [(box) => box.flip(true)],
  turn_right: [(box) => box.turn(90)],
  turn_left: [(box) => box.turn(-90)],
  closer: [(box) => box.active.zoomBy(1.25)],
  away: [(box) => box.active.zoomBy(0.8)],
  fit: [(box) => box.fit()],
  reset: [(box) => box.reset()],
  windowing: [(box) => box.set({ tool: "window" })],
  pan: [(box) => box.set({ tool: "pan" })],
  zoom: [(box) => box.set({ tool: "zoom" })],
  magnifier: [(box) => box.set({ tool: "magnifier" })],
  length: [(box) => box.set({ tool: "length" })],
  box: [(box) => box.set({ tool: "box" }), drawn],
  brush: [(box) => box.set({ tool: "brush" }), drawn],
  back: [(box) => box.erase(), (box) => box.erasable()],
  overlay: [(box) => box.set({ on: !box.settings.on }), covered],
  contour: [(box) => box.set({ contour: !box.settings.contour }), covered],
  lesions: [(box) => box.set({ boxes: !box.settings.boxes }), boxed],
};

function drawn(box) {
  return box.data.draw;
}

function covered(box) {
  return box.data.plates.some(({ layers }) => layers.length);
}

function boxed(box) {
  return box.data.plates.some(({ boxes }) => boxes.length);
}

let foremost = null; // of several light boxes the one that was used last

/** Hear keys for `box`; returns what makes it deaf. */
export function listen(box) {
  const claim = () => (foremost = box);
  box.root.addEventListener("pointerdown", claim, true);
  box.root.addEventListener("focusin", claim, true);
  const hear = (event) => {
    if (!mine()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const row = box.data?.keys.find(({ keys }) => keys.includes(event.key));
    if (!row || typing(event) || dialog() || !box.root.checkVisibility()) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) return;
    const [does, meant] = ACTS[row.act];
    if (meant && !meant(box)) return;
    event.preventDefault();
    event.stopPropagation(); // r and c are keys of Streamlit's own, too
    does(box, row.keys.indexOf(event.key));
    window.dispatchEvent(new CustomEvent("cxr-key", { detail: [nameOf(event.key), row.words.split(":")[0]] }));
  };
  const mine = () => {
    if (!foremost?.root.isConnected) claim();
    return foremost === box;
  };
  const told = ({ detail }) => {
    if (!mine() || !box.root.checkVisibility()) return;
    for (const { act, keys, words } of box.data.keys) {
      const meant = ACTS[act][1];
      if (!meant || meant(box)) detail.push([keys.map(nameOf).join(" "), words]);
    }
  };
  window.addEventListener("keydown", hear, true);
  window.addEventListener("cxr-keys-asked", told);
  return () => {
    window.removeEventListener("keydown", hear, true);
    window.removeEventListener("cxr-keys-asked", told);
  };
}

/** Whether the focus is where this key has a meaning already. */
function typing({ key }) {
  const held = document.activeElement;
  if (!held || held === document.body) return false;
  if (held.isContentEditable || held.matches("textarea, select, [role=combobox]")) return true;
  if (held.matches("input:not([type=range], [type=radio], [type=checkbox], [type=button])")) return true;
  if (key.startsWith("Arrow")) {
    return held.matches("input, [role=slider], [role=radio], [role=tab], [role=option], [role=menuitem]");
  }
  return key === " " && held.matches("button, a, input, summary, [role=button], [role=tab], [role=radio]");
}

function dialog() {
  return Boolean(document.querySelector("dialog[open], [role=dialog]"));
}
