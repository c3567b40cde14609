// The films, one row each: a picture, a name, what is said of it. A click shows the film.

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".list");
  const make = (tag, kind, text = "") => {
    const made = document.createElement(tag);
    made.className = kind;
    made.textContent = text;
    return made;
  };
  const rows = data.rows.map(({ number, name, whole, said, picture, quiet }) => {
    const row = make("button", quiet ? "row quiet" : "row");
    const look = make("img", "look");
    look.alt = "";
    if (picture) look.src = new URL(picture, document.baseURI);
    const words = make("span", "words");
    words.append(make("span", "name", name), make("span", "said", said));
    row.append(look, words);
    row.type = "button";
    row.title = `${whole}\n${said}`;
    row.setAttribute("aria-current", String(number === data.chosen));
    row.onclick = (event) => {
      if (event.detail) row.blur(); // the keys are the page's again
      setTriggerValue("pick", number);
    };
    return row;
  });
  root.replaceChildren(...rows);
  const moved = root.dataset.chosen !== String(data.chosen);
  root.dataset.chosen = data.chosen;
  if (moved) root.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
}
