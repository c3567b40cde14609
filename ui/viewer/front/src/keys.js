// OHIF's keys, wherever the focus is, except where somebody types or a dialog is open.

const drawn = (box) => Boolean(box.data?.draw);
const boxed = (box) => Boolean(box.data?.plates.some(({ boxes }) => boxes.length));

/**
 * [keys, what the help says, what they do, whether they mean anything (or nothing: always)]; a key
 * is written as the browser names it.
 */
export const KEYS = [
  [["ArrowLeft"], "Previous film", (box) => box.step(-1)],
  [["ArrowRight"], "Next film", (box) => box.step(1)],
  [["1", "2", "3", "4", "5"], "Windows", (box, key) => box.preset(Number(key) - 1)],
  [["i"], "Invert", (box) => box.invert()],
  [["h"], "Flip left and right", (box) => box.flip(false)],
  [["v"], "Flip up and down", (box) => box.flip(true)],
  [["r"], "Rotate right", (box) => box.turn(90)],
  [["l"], "Rotate left", (box) => box.turn(-90)],
  [["+"], "Zoom in", (box) => box.active.zoomBy(1.25)],
  [["-"], "Zoom out", (box) => box.active.zoomBy(0.8)],
  [["="], "Fit", (box) => box.fit()],
  [[" "], "Reset", (box) => box.reset()],
  [["w"], "Window by dragging", (box) => box.set({ tool: "window" })],
  [["d"], "Pan by dragging", (box) => box.set({ tool: "pan" })],
  [["z"], "Zoom by dragging", (box) => box.set({ tool: "zoom" })],
  [["g"], "Magnifier", (box) => box.set({ tool: "magnifier" })],
  [["k"], "Measure a length", (box) => box.set({ tool: "length" })],
  [["x"], "Draw a box", (box) => box.set({ tool: "box" }), drawn],
  [["y"], "Draw with a brush", (box) => box.set({ tool: "brush" }), drawn],
  [["Backspace", "Delete"], "Take back the last length or region", (box) => box.erase()],
  [["o"], "Map on or off", (box) => box.set({ on: !box.settings.on })],
  [["c"], "Contour on or off", (box) => box.set({ contour: !box.settings.contour })],
  [["b"], "Lesion boxes on or off", (box) => box.set({ boxes: !box.settings.boxes }), boxed],
  [["?"], "These keys", (box) => box.bar.help.showModal()],
];

const BY_KEY = new Map(KEYS.flatMap((entry) => entry[0].map((key) => [key, entry])));
const NAMES = { " ": "space", ArrowLeft: "←", ArrowRight: "→", Backspace: "⌫", Delete: "del" };

export function nameOf(keys) {
  return keys.map((key) => NAMES[key] ?? key).join(" ");
}

let foremost = null; // of several light boxes the one that was used last

/** Hear keys for `box`; returns what makes it deaf. */
export function listen(box) {
  const claim = () => (foremost = box);
  box.root.addEventListener("pointerdown", claim, true);
  box.root.addEventListener("focusin", claim, true);
  const hear = (event) => {
    if (!foremost?.root.isConnected) claim();
    if (foremost !== box) return;
    if (box.bar.help.open) {
      // the page behind has shortcuts too, Escape among them
      event.stopPropagation();
      if (event.key === "Escape") box.bar.help.close();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const [, , does, meant] = BY_KEY.get(event.key) ?? [];
    if (!does || meant?.(box) === false || typing(event) || dialog() || !box.root.checkVisibility()) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation(); // r and c are keys of Streamlit's own, too
    does(box, event.key);
  };
  window.addEventListener("keydown", hear, true);
  return () => window.removeEventListener("keydown", hear, true);
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
