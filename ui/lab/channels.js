// A layer's maps side by side: each is a button, and the one that is chosen is told to the page.

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".lab-channels");
  const rows = Math.ceil(data.maps.length / data.columns);
  const at = (place, places) => (places > 1 ? (100 * place) / (places - 1) : 0);
  root.style.setProperty("--sheet", `url("${data.sheet}")`);
  root.style.setProperty("--shape", data.shape);
  root.style.setProperty("--size", `${100 * data.columns}% ${100 * rows}%`);
  const buttons = data.maps.map(({ channel, said, shown }, i) => {
    const button = document.createElement("button");
    const x = at(i % data.columns, data.columns), y = at(Math.floor(i / data.columns), rows);
    const map = document.createElement("i");
    map.style.backgroundPosition = `${x}% ${y}%`;
    const text = document.createElement("span");
    text.textContent = shown;
    button.append(map, text);
    button.type = "button";
    button.setAttribute("aria-label", said);
    button.setAttribute("aria-pressed", String(channel === data.chosen));
    button.onclick = () => setStateValue("channel", channel);
    return button;
  });
  root.replaceChildren(...buttons);
}
