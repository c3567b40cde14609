// Where a film lies on its pane: one matrix, from which everything drawn over the film follows.

/**
 * CSS matrix [a, b, c, d, e, f] from pixels of the film to those of the pane. The library turns a
 * film first and mirrors what is seen then.
 */
export function placed(view, film, size) {
  const turn = (view.turn * Math.PI) / 180;
  const mirror = view.flip ? -1 : 1;
  const cos = Math.round(Math.cos(turn)) * view.scale;
  const sin = Math.round(Math.sin(turn)) * view.scale;
  const [a, b, c, d] = [mirror * cos, sin, -mirror * sin, cos];
  const [x, y] = [view.x * film.width, view.y * film.height];
  return [a, b, c, d, size.width / 2 - a * x - c * y, size.height / 2 - b * x - d * y];
}

export function apply([a, b, c, d, e, f], [x, y]) {
  return [a * x + c * y + e, b * x + d * y + f];
}

export function inverse([a, b, c, d, e, f]) {
  const det = a * d - b * c;
  const [p, q, r, s] = [d / det, -b / det, -c / det, a / det];
  return [p, q, r, s, -p * e - r * f, -q * e - s * f];
}

/** CSS pixels a pixel of the film when the whole film just fits. */
export function fitting(film, size, turn) {
  const [width, height] = turn % 180 ? [film.height, film.width] : [film.width, film.height];
  return Math.min(size.width / width, size.height / height);
}
