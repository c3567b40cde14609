// OpenSeadragon asks for the next frame at every frame, for as long as it lives, whether anything has
// changed or not: a film left alone would cost a third of a core. So its frames come from here, and
// only for a while after something has changed.

import OpenSeadragon from "openseadragon";

const FRAMES = 60; // after the last change: what it loads or moves has settled by then

const waiting = new Map();
let number = 0;
let left = 0;
let running = false;

OpenSeadragon.requestAnimationFrame = (callback) => {
  waiting.set(++number, callback);
  return number;
};
OpenSeadragon.cancelAnimationFrame = (which) => waiting.delete(which);

/** Something has changed: draw again. */
export function wake() {
  left = FRAMES;
  if (!running) next();
}

function next() {
  running = true;
  requestAnimationFrame(() => {
    running = false;
    left -= 1;
    const due = [...waiting.values()];
    waiting.clear();
    if (left > 0) next();
    due.forEach((callback) => callback());
  });
}
