// Gestures on one pane: mouse, pen and fingers through OpenSeadragon, keys while the pane is focused.

import { TOOLS } from "./tools.js";

const PER_NOTCH = 1.15; // of the wheel
const STEP = 10; // CSS pixels a press of an arrow key

export class Gestures {
  #work = null;
  #last = [0, 0];

  constructor(pane) {
    this.pane = pane;
    const { viewer, screen } = pane;
    viewer.addHandler("canvas-press", ({ position, originalEvent }) => {
      if (originalEvent.pointerType === "touch" && !pane.box.handy()) return;
      if (!(originalEvent.button > 0)) this.#begin([position.x, position.y], toolFor(originalEvent, pane));
    });
    viewer.addHandler("canvas-drag", (event) => {
      event.preventDefaultAction = true;
      this.#move([event.position.x, event.position.y]);
    });
    viewer.addHandler("canvas-drag-end", (event) => (event.preventDefaultAction = true));
    viewer.addHandler("canvas-release", () => this.#end());
    viewer.addHandler("canvas-pinch", (event) => {
      event.preventDefaultPanAction = event.preventDefaultZoomAction = true;
      const { center, lastCenter, distance, lastDistance } = event;
      this.#drop();
      pane.panBy(center.x - lastCenter.x, center.y - lastCenter.y);
      pane.zoomBy(distance / lastDistance, [center.x, center.y]);
    });
    viewer.addHandler("canvas-scroll", (event) => {
      event.preventDefaultAction = true;
      pane.zoomBy(PER_NOTCH ** event.scroll, [event.position.x, event.position.y]);
    });
    viewer.addHandler("canvas-nonprimary-press", ({ position, button }) => {
      this.#begin([position.x, position.y], button === 1 ? "pan" : "zoom");
    });
    viewer.addHandler("canvas-nonprimary-release", () => this.#end());
    screen.addEventListener("pointermove", (event) => this.#nonprimary(event));
    screen.addEventListener("contextmenu", (event) => event.preventDefault());
    screen.addEventListener("focus", () => (pane.box.active = pane));
    screen.addEventListener("keydown", (event) => this.#key(event));
    screen.addEventListener("blur", () => this.#leave());
  }

  #begin(at, tool) {
    const { pane } = this;
    pane.box.active = pane;
    if (!pane.grid) return;
    this.#end();
    this.#last = at;
    this.#work = TOOLS[tool](pane, at);
  }

  #move(at) {
    const delta = [at[0] - this.#last[0], at[1] - this.#last[1]];
    this.#last = at;
    this.#work?.move(at, delta);
  }

  #end() {
    const work = this.#work;
    this.#work = null;
    work?.end(this.#last);
  }

  /** Leave a drag without what it would have done. */
  #drop() {
    const work = this.#work;
    this.#work = null;
    (work?.drop ?? work?.end)?.();
  }

  /** OpenSeadragon reports no drag of the other buttons. */
  #nonprimary(event) {
    if (!this.#work || !(event.buttons & 6)) return;
    const box = this.pane.screen.getBoundingClientRect();
    this.#move([event.clientX - box.left, event.clientY - box.top]);
  }

  /** Shift and an arrow do what a drag does; where a drag has a place, they move a cross. */
  #key(event) {
    const { pane } = this;
    const { tool } = pane.box.settings;
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (event.shiftKey && (dx || dy)) {
      const step = event.altKey ? 1 : STEP;
      if (["window", "pan", "zoom"].includes(tool)) this.#nudge(tool, dx * step, dy * step);
      else this.#point(dx * step, dy * step);
    } else if (event.key === "Enter" && pane.annotations.cross) {
      if (this.#work) this.#end();
      else this.#begin(pane.annotations.cross, tool);
    } else if (event.key === "Escape" && (this.#work || pane.annotations.cross)) {
      this.#leave();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #nudge(tool, dx, dy) {
    const { width, height } = this.pane.size();
    const middle = [width / 2, height / 2];
    this.#begin(middle, tool);
    this.#move([middle[0] + dx, middle[1] + dy]);
    this.#end();
  }

  #point(dx, dy) {
    const { pane } = this;
    const { width, height } = pane.size();
    const [x, y] = pane.annotations.cross ?? [width / 2, height / 2];
    pane.annotations.cross = [clamp(x + dx, width), clamp(y + dy, height)];
    this.#move(pane.annotations.cross);
    pane.redraw();
  }

  #leave() {
    this.#drop();
    this.pane.annotations.cross = null;
    this.pane.redraw();
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}

function toolFor(event, pane) {
  if (event.shiftKey) return "pan";
  if (event.ctrlKey) return "zoom";
  return pane.box.settings.tool;
}
