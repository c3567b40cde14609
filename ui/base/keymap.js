// Keys on every page: they live on after a click on a picker or a slider, `?` lists what acts, and
// a line says what was pressed. Streamlit's own buttons and the viewer do what the keys mean.

let clicked = false; // the focus came by a click, not by keyboard
let fading = 0;
let watching = 0;

const TEXT = "textarea, input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=file])";
const SHORTCUT = "Shortcut "; // what Streamlit's name of a button's key begins with
const NAMES = { ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", Enter: "Enter", Backspace: "Backspace" };

/** A key as Streamlit writes it on its button. */
function written({ shiftKey, key }) {
  if (key.length > 1) return NAMES[key];
  return `${shiftKey && /[a-z]/i.test(key) ? "Shift + " : ""}${key.toUpperCase()}`;
}

/** The page's buttons that a key presses now: [key, words]. */
function buttons() {
  return [...document.querySelectorAll(`button:not(:disabled) [aria-label^="${SHORTCUT}"]`)]
    .map((label) => [label, label.closest("button")])
    .filter(([, button]) => button.checkVisibility() || button.closest(".st-key-arrows"))
    .map(([label, button]) => [
      label.getAttribute("aria-label").slice(SHORTCUT.length),
      button.textContent.slice(0, -label.textContent.length).trim(), // the key stands last
    ]);
}

/** Who came to a picker, a list, a slider or a choice of several by a click is done with it. Those
 * choices are buttons that step by arrows and press by Enter. */
function done() {
  const held = document.activeElement;
  if (held?.closest("[data-testid=stButtonGroup]")) return held;
  if (held instanceof HTMLSelectElement) return held;
  if (!(held instanceof HTMLInputElement)) return null;
  if (["range", "radio", "checkbox", "file"].includes(held.type)) return held;
  const picker = held.getAttribute("role") === "combobox";
  return picker && held.getAttribute("aria-expanded") !== "true" ? held : null;
}

const RELEASED = ["ArrowLeft", "ArrowRight", "Enter", "Backspace"];

function release(event) {
  const held = clicked && event.isTrusted && (event.key.length === 1 || RELEASED.includes(event.key)) && done();
  if (!held) return false;
  held.blur();
  stop(event);
  const { key, code, keyCode, which, shiftKey } = event;
  for (const type of ["keydown", "keyup"]) {
    const said = { key, code, keyCode, which, shiftKey, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent(type, said));
  }
  return true;
}

/** Whether the film that keys judge is not seen yet. The page's buttons may come before the viewer has
 * let go of the film before; a film that failed to load, or that has no viewer, can be judged. */
function unseen() {
  const judged = document.querySelector("[data-judged]")?.dataset.judged;
  const box = document.querySelector(".cxr-viewer");
  if (!judged || !box) return false;
  const note = box.querySelector(".pane .note")?.textContent; // of the first: the film itself
  return box.dataset.shows !== judged || note === "The film is loading";
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function make(tag, kind, ...parts) {
  const made = document.createElement(tag);
  made.className = kind;
  made.append(...parts);
  return made;
}

/** Over everything, a whole screen too. */
function say(key, what) {
  const line = document.querySelector(".cxr-key-said") ?? make("div", "cxr-key-said");
  line.setAttribute("role", "status");
  line.popover = "manual";
  line.replaceChildren(make("b", "", key), ` ${what}`);
  if (!line.isConnected) document.body.append(line);
  line.hidePopover();
  line.showPopover();
  clearTimeout(fading);
  fading = setTimeout(() => line.hidePopover(), 1600);
}

function list() {
  const box = document.querySelector("dialog.cxr-keys") ?? make("dialog", "cxr-keys");
  box.setAttribute("aria-label", "Keys");
  const film = [];
  window.dispatchEvent(new CustomEvent("cxr-keys-asked", { detail: film }));
  const rows = (pairs) =>
    make("table", "", ...pairs.map(([key, what]) => make("tr", "", make("th", "", key), make("td", "", what))));
  const parts = [];
  const here = buttons();
  if (here.length) parts.push(make("h2", "", "On this page, now"), rows(here));
  if (film.length) {
    parts.push(make("h2", "", "On the film"), rows(film));
    parts.push(
      make(
        "p",
        "",
        "Shift and an arrow do what dragging does on the film that has the focus; to measure or draw, they move a " +
          "cross and Enter sets its points. The wheel and two fingers zoom; Shift and a drag pan, Ctrl and a drag zoom.",
      ),
    );
  }
  if (!parts.length) parts.push(make("p", "", "Nothing on this page has a key now."));
  const close = make("button", "", "Close");
  close.type = "button";
  close.onclick = () => box.close();
  parts.push(make("p", "", "? opens this list on every page. A letter that is typed into a field is a letter."), close);
  box.replaceChildren(...parts);
  if (!box.isConnected) document.body.append(box);
  if (!box.open) box.showModal();
  box.scrollTop = 0; // the focus lies on what stands last
}

/** On a whole screen the page is not seen: where keys judge, the film has above it which they are,
 * which case it is, and what was kept last. */
function judging(keys) {
  const line = document.fullscreenElement?.querySelector(".judging");
  if (!line) return;
  const here = buttons().filter(([key]) => keys.includes(key));
  const page = [...document.querySelectorAll(".cxr-name, .cxr-quiet[role=status]")].map((each) => each.textContent);
  const said = [`Keys judge here: ${here.map((each) => each.join(" ")).join(" · ")}`, ...page].join(" — ");
  line.textContent = here.length ? said : "";
}

export default function ({ data }) {
  const press = (event) => {
    clicked = true;
    if (event.target.closest?.(".cxr-keys-ask")) setTimeout(list);
  };
  const hear = (event) => {
    const open = document.querySelector("dialog.cxr-keys[open]");
    if (open) {
      event.stopImmediatePropagation(); // the page behind has keys too, Escape among them
      if (event.key === "Escape") open.close();
      return;
    }
    if (event.key === "Tab") clicked = false;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const held = document.activeElement;
    if (event.key === "Enter" && !clicked && held?.matches("button, a, summary")) {
      event.stopPropagation(); // who came to a button by keyboard presses that one
      return;
    }
    if (release(event)) return;
    if (held?.isContentEditable || held?.matches(TEXT)) {
      if (event.key === "Escape" && held.matches("textarea")) {
        stop(event);
        held.blur();
      }
      return;
    }
    if (event.key === "?") {
      stop(event);
      list();
      return;
    }
    if (held?.matches("input, select")) return; // reached by keyboard, it hears its own keys
    const name = document.querySelector(".st-key-reader-name input");
    if (name && data.judging.includes(event.key)) {
      stop(event);
      name.focus();
      return;
    }
    const act = buttons().find(([key]) => key === written(event));
    if (!act) return;
    if (event.repeat && !data.moving.includes(event.key)) return stop(event); // held down, it counts once
    if (data.judging.includes(event.key) && unseen()) {
      stop(event);
      say(act[0], "passed over: its film is not on the screen yet");
      return;
    }
    say(...act);
  };
  const whole = () => {
    clearInterval(watching);
    judging(data.shown);
    if (document.fullscreenElement) watching = setInterval(judging, 300, data.shown);
  };
  whole();
  const told = ({ detail }) => say(...detail);
  const asked = () => list();
  window.addEventListener("pointerdown", press, true);
  window.addEventListener("keydown", hear, true);
  document.addEventListener("fullscreenchange", whole);
  window.addEventListener("cxr-key", told);
  window.addEventListener("cxr-keys", asked);
  return () => {
    window.removeEventListener("pointerdown", press, true);
    window.removeEventListener("keydown", hear, true);
    document.removeEventListener("fullscreenchange", whole);
    window.removeEventListener("cxr-key", told);
    window.removeEventListener("cxr-keys", asked);
  };
}
