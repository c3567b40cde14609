// What the loader in ui/viewer/__init__.py calls: on the first run of the page and on each later.

import { LightBox } from "./box.js";
import style from "./viewer.css";

const boxes = new WeakMap();

export function mount(component, root) {
  dress();
  let box = boxes.get(root);
  if (!box) boxes.set(root, (box = new LightBox(root, component.data)));
  box.update(component);
  // Streamlit calls this before each run, too: only what has left the page is taken down.
  return () =>
    setTimeout(() => {
      if (root.isConnected || boxes.get(root) !== box) return;
      boxes.delete(root);
      box.destroy();
    });
}

function dress() {
  if (document.getElementById("cxr-viewer-style")) return;
  const sheet = document.createElement("style");
  sheet.id = "cxr-viewer-style";
  sheet.textContent = style;
  document.head.append(sheet);
}
