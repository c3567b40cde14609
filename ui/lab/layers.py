"""Inside the network: what any layer answers to the film, and which channels answer most."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.errors import CxrError
from cxr.features.channels import activation, palette, picture, reach, shares, sheet, strongest
from cxr.features.layers import NetworkLayer, answers
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base.component import component
from ui.base.formatting import plain
from ui.lab.choice import choose_class, class_key
from ui.lab.list_keys import further
from ui.lab.words import plain_number, signed
from ui.session import films
from ui.session.films import Film
from ui.viewer import Plate, viewer
from ui.work import long_work
from ui.work.session_cache import workspace

HEIGHT = "calc(100dvh - 14rem)"
COLUMNS, PAGE = 7, 35
LAYER, _WANTED = "lab-layer", "lab-layer-wanted"

_grid = component(
    "cxr_channels",
    html='<div class="lab-channels" role="group" aria-label="Channels"></div>',
    js=(Path(__file__).parent / "channels.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)

Maps = NDArray[np.float32]


def show(
    film: Film,
    called: str,
    model: Classifier,
    caption: Sequence[str],
    on_step: Callable[[int], None] = films.step,
) -> None:
    """The film and one channel's map beside it, and the layer's channels, the strongest first."""
    radiograph = films.radiograph_of(film)
    task = long_work.Task(
        ("layers", film.sha256, model.identity),
        "every layer’s answer",
        lambda step: answers(model, radiograph, step),
        lambda found: sum(maps.nbytes for maps in found.values()),
    )
    waiting = long_work.go_on([task])
    found = None if waiting else long_work.done(task.key)
    long_work.show(waiting)
    if isinstance(found, CxrError):
        st.info(plain(str(found)))
    if not isinstance(found, dict) or not found:
        viewer(
            [Plate(radiograph, "Film")],
            key="lab-layers",
            height=HEIGHT,
            on_step=on_step,
            caption=caption,
        )
        return
    layer = _layer(list(found))
    maps = found[layer]
    with st.container(key="layers-row"):
        left, right = st.columns(2)
    with right:
        chosen = _channels(film, called, model, layer, maps)
    with left:
        plates = [Plate(radiograph, "Film"), *_plate(film, radiograph, model, layer, maps, chosen)]
        viewer(plates, key="lab-layers", height=HEIGHT, on_step=on_step, caption=caption)


def look(film: Film, model: Classifier, layer: str, label: str) -> None:
    """Choose a layer by its author's name for it, and a class; "" leaves it to the view."""
    st.session_state.pop(LAYER, None)
    st.session_state[_WANTED] = layer
    st.session_state.pop(class_key(film, model), None)
    if label in model.labels:
        st.session_state[class_key(film, model)] = label


def kept(film: Film, model: Classifier) -> dict[str, Any]:
    """What a story keeps of the view: as :class:`cxr.teaching.story.StoryStep` names it."""
    label = st.session_state.get(class_key(film, model)) or ""
    return {"layer": st.session_state.get(_WANTED, ""), "label": label}


def _layer(layers: Sequence[NetworkLayer]) -> NetworkLayer:
    """The layer that is looked at, the last one with maps unless another was chosen."""
    names = [_name(i, layer) for i, layer in enumerate(layers, 1)]
    wanted = st.session_state.get(_WANTED)
    for name, layer in zip(names, layers, strict=True):
        if LAYER not in st.session_state and layer.name == wanted:
            st.session_state[LAYER] = name
    if st.session_state.get(LAYER) not in names:
        mapped = [name for name, layer in zip(names, layers, strict=True) if layer.side > 1]
        st.session_state[LAYER] = (mapped or names)[-1]
    place = names.index(st.session_state[LAYER])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox(
            "Layer",
            names,
            key=LAYER,
            persist_state="session",
            label_visibility="collapsed",
            width=420,
        )
        further(names, LAYER)
    st.session_state[_WANTED] = layers[place].name
    return layers[place]


def _name(number: int, layer: NetworkLayer) -> str:
    maps = f"{layer.side} × {layer.side} × {layer.channels}" if layer.side > 1 else layer.channels
    return f"{number} · {layer.name} · {layer.kind} · {maps}"


def _channels(film: Film, called: str, model: Classifier, layer: NetworkLayer, maps: Maps) -> int:
    """The layer's channels in the order of their strength; gives the one that is chosen."""
    with st.container(horizontal=True, vertical_alignment="center"):
        label = choose_class(film, called, model) if layer.last else called
        parts = shares(model, layer, maps, label)
        values = activation(maps) if parts is None else parts
        order = strongest(values)
        first = _page(model, layer, len(order))
    listed = [int(channel) for channel in order[first : first + PAGE]]
    key = f"lab-channels-{film.number}-{model.bundle.digest[:12]}-{layer.place}"
    chosen = _chosen(key, listed)
    what = "mean activation" if parts is None else f"share of the logit of {label}"
    write = plain_number if parts is None else signed
    st.html(_bar(*reach(maps)))
    shown = [(channel, write(float(values[channel]))) for channel in listed]
    height, width = films.radiograph_of(film).pixels.shape
    _grid(
        key=key,
        data={
            "sheet": _sheet(film, model, layer, maps, listed),
            "columns": COLUMNS,
            "shape": f"{width} / {height}" if layer.side > 1 else "1",
            "chosen": chosen,
            "maps": [
                {"channel": k, "said": f"Channel {k}, {what} {value}", "shown": f"{k}: {value}"}
                for k, value in shown
            ],
        },
        on_channel_change=lambda: None,
    )
    st.html(f'<div class="cxr-quiet"><p>{_said(what, parts is not None)}</p></div>')
    return chosen


def _page(model: Classifier, layer: NetworkLayer, channels: int) -> int:
    """The first place, in the order of strength, that is shown."""
    pages = -(-channels // PAGE)
    if pages == 1:
        return 0
    page = st.number_input(
        f"Page of {pages}",
        1,
        pages,
        key=f"lab-page-{model.bundle.digest[:12]}-{layer.place}",
        persist_state="session",
        label_visibility="collapsed",
        width=130,
    )
    st.html(f'<div class="cxr-quiet">of {pages}, {channels:,} channels</div>', width="content")
    return PAGE * (int(page) - 1)


def _chosen(key: str, listed: Sequence[int]) -> int:
    held: Any = st.session_state.get(key) or {}
    chosen = held.get("channel")
    return int(chosen) if chosen in listed else listed[0]


def _sheet(
    film: Film, model: Classifier, layer: NetworkLayer, maps: Maps, listed: list[int]
) -> str:
    data = workspace().shelf.get(
        ("sheet", film.sha256, model.identity, layer.place, tuple(listed)),
        lambda: sheet(maps, listed, COLUMNS),
        len,
    )
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _plate(
    film: Film,
    radiograph: Radiograph,
    model: Classifier,
    layer: NetworkLayer,
    maps: Maps,
    channel: int,
) -> list[Plate]:
    """The chosen channel's map in the film's place; none of a dense layer."""
    if layer.side == 1:
        return []
    low, high = reach(maps)

    def make() -> Radiograph:
        whole = radiograph.pixels.shape
        shown = picture(maps[..., channel], low, high, whole, model.preprocessing.cut)
        return Radiograph(shown, 8, "", "PNG", orientation=radiograph.orientation)

    shown = workspace().shelf.get(
        ("channel", film.sha256, model.identity, layer.place, channel),
        make,
        lambda made: made.pixels.nbytes,
    )
    ends = f"black {plain_number(low)}, white {plain_number(high)}"
    return [Plate(shown, f"{layer.name} · channel {channel} · {ends}")]


def _bar(low: float, high: float) -> str:
    colours = palette(low < 0)[[*range(0, 255, 15), 255]]
    ramp = ", ".join(f"rgb({r} {g} {b})" for r, g, b in colours)
    marks = (low, 0.0, high) if low < 0 else (low, high)
    return (
        f'<div class="lab-ramp"><div style="background: linear-gradient(90deg, {ramp})"></div>'
        f"<p>{''.join(f'<span>{plain_number(m) if m else 0}</span>' for m in marks)}</p></div>"
    )


def _said(what: str, exact: bool) -> str:
    scale = "All maps of a layer have one scale, set by the largest of its answers to this film."
    if exact:
        return (
            f"Number: channel and its {what}, in logits: the head’s weight times the map’s mean. "
            f"The shares and the class’s bias add up to its logit. {scale}"
        )
    return (
        f"Number: channel and its {what}, the mean of its magnitude: how much it answers, not for "
        f"which class. {scale}"
    )
