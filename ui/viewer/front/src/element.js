// DOM elements in one call.

/** An HTML element with attributes and children (elements or text). */
export function element(tag, attributes = {}, children = []) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, children = []) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A button with its words, its key and what it does. */
export function button(words, { name = words, key = "", press, toggle = false }) {
  const title = key ? `${name} (${nameOf(key)})` : name;
  const made = element("button", { type: "button", title, "aria-label": name }, [words]);
  if (key) made.setAttribute("aria-keyshortcuts", nameOf(key).replace(" + ", "+"));
  if (toggle) made.setAttribute("aria-pressed", "false");
  made.addEventListener("click", press);
  return made;
}

export function pressed(made, is) {
  made.setAttribute("aria-pressed", String(Boolean(is)));
}

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→" };

/** A key as its reader sees it. */
export function nameOf(key) {
  return NAMES[key] ?? (/^[A-Z]$/.test(key) ? `Shift + ${key}` : key.length > 1 ? key : key.toUpperCase());
}
