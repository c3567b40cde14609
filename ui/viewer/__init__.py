"""The light box: films at full depth in the browser, one component for every page.

A page gives plates (a radiograph, what stands over it, the maps that may be laid on it) and may
get back the region that its reader drew. Window, zoom, tools and the look of a map change in the
browser alone. The front end is in ``front/`` and is built into ``static/viewer/`` beside
``app.py``; how it works and which keys it hears is told in ``docs/viewer.md``.

    region = viewer([Plate(film, "Film"), Plate(film, "Map", layers)], key="films", draw=True)

- Plates stand side by side and are linked: window, zoom, pan, rotation, flip. Their reader can
  unlink them.
- The same film twice is sent once. A film stays in the browser until newer ones need its place.
- `region` stays the same until another is drawn (`serial` tells them apart) and is None again as
  soon as the plate that it was drawn on shows another film.
- Its keys are those of ``ui.base.keymap``, which pages' buttons take theirs from too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.explain import overlay
from cxr.imaging.radiograph import Radiograph
from cxr.model.side_by_side import Alignment
from cxr.notice import NOTICE
from cxr.teaching.story import Hidden
from ui.base import keymap
from ui.base.component import component
from ui.viewer import encoding, messages
from ui.viewer.delivery import Parcels
from ui.viewer.messages import MapDisplay, Region, Shown

__all__ = ["MapDisplay", "MapLayer", "Plate", "Region", "Shown", "viewer"]

FREE_HEIGHT = "calc(100dvh - 11rem)"
"""What the window leaves under the notice and a page's toolbar."""

_BUNDLE = Path(__file__).parents[2] / "static" / "viewer" / "viewer.js"
_DIGEST = hashlib.sha256(_BUNDLE.read_bytes()).hexdigest()[:12]

# Streamlit sends this text with every mount, so it only fetches the bundle: once, from the
# browser's cache from then on. What it holds is told apart by its hash.
_LOADER = """
export default function (component) {
  const root = component.parentElement.querySelector(".cxr-viewer") ?? component.parentElement;
  let stop = () => {}, left = false;
  root.style.height = component.data.height; // the page's other parts stand where they will stay
  const address = new URL(component.data.bundle, document.baseURI);
  // A browser remembers that an address failed, so another one is asked for.
  import(address).catch(() => import(`${address}&again`)).then(
    (bundle) => {
      if (left) return;
      stop = bundle.mount(component, root);
      root.dataset.shows = component.data.caption[0]; // for keys that judge: ui/base/keymap.js
    },
    () => { root.textContent = "The viewer did not load. Reload the page."; },
  );
  return () => { left = true; stop(); };
}
"""
_component = component(
    "cxr_viewer", html='<div class="cxr-viewer"></div>', js=_LOADER, isolate_styles=False
)


@dataclass(frozen=True, eq=False)
class MapLayer:
    """A map that may be laid over a film.

    Attributes
    ----------
    name : str
        What the chooser in the viewer calls it, such as "T · Grad-CAM".
    values : float32 (h, w)
        Covers the whole film, at any size up to the film's.
    method : str
        Key of :data:`cxr.explain.overlay.KINDS`: colours, sign, scale, unit.
    label : str
        The class that it is of, for the words where a map has nothing to show.
    """

    name: str
    values: NDArray[np.float32]
    method: str
    label: str = ""


@dataclass(frozen=True, eq=False)
class Plate:
    """One film on the light box.

    Attributes
    ----------
    radiograph : Radiograph
    title : str
        Over the film, and its name for a screen reader.
    layers : tuple of MapLayer
        The first is shown until another is chosen.
    boxes : tuple of (float, float, float, float)
        Lesions as x, y, width, height, in shares of the film; drawn when asked for (key b).
    dim : bool
        Shown darker: something is still being worked out for it.
    regions : tuple of Hidden, optional
        Regions that are outlined, in shares of the film; what is drawn stays outlined only once it
        is among them. None: what was drawn last stays.
    """

    radiograph: Radiograph
    title: str
    layers: tuple[MapLayer, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    dim: bool = False
    regions: tuple[Hidden, ...] | None = None
    place: Alignment | None = None


def viewer(
    plates: Sequence[Plate],
    *,
    key: str,
    draw: bool = False,
    tool: str = "window",
    height: str = FREE_HEIGHT,
    on_step: Callable[[int], None] | None = None,
    picture: Callable[[MapDisplay], tuple[str, bytes]] | None = None,
    on_look: Callable[[Shown], None] | None = None,
    caption: Sequence[str] = (),
    scales: Mapping[str, float] | None = None,
) -> Region | None:
    """Show films side by side.

    Parameters
    ----------
    plates : sequence of Plate
        At least one.
    key : str
        Of the component; its settings (tool, opacity, contour) last as long as the browser's tab.
    draw : bool
        Offer box and brush.
    tool : str
        What dragging does at first; "window", or another of the viewer's tools.
    height : str
        Of the whole viewer, as CSS: the same for every film, so that nothing moves.
    on_step : callable, optional
        Told −1 or 1 before the page runs, when an arrow key asks for another film. Of a viewer in
        a fragment only the fragment runs: it has to call ``st.rerun()`` if its film has changed.
    picture : callable, optional
        Makes the picture of a map as it looks, when its reader asks for it: file name and PNG.
    on_look : callable, optional
        Told how the first plate's film is shown, at first and a moment after each change; the page
        or the fragment runs then. Without it nothing of that leaves the browser.
    caption : sequence of str
        What full screen shows of the page beside the notice: name, scores. The first tells the film
        from others: see :func:`ui.base.keymap.judged`.
    scales : mapping, optional
        Method → the value of its last colour until the reader sets another.

    Returns
    -------
    Region or None
        The one drawn last.
    """
    parcels = Parcels(key)
    sent = [_plate(plate, parcels) for plate in plates]
    asked = _asked(key, "picture")
    data = {
        "bundle": f"{parcels.base}/app/static/viewer/viewer.js?{_DIGEST}",
        "key": key,
        "plates": sent,
        "kinds": encoding.kinds(
            {layer.method for plate in plates for layer in plate.layers}, scales or {}
        ),
        "draw": draw,
        "keys": keymap.of_viewer(),
        "tool": tool,
        "height": height,
        "caption": [*caption, NOTICE],
        "steps": on_step is not None,
        "pictures": picture is not None,
        "looks": on_look is not None,
        "file": _picture(picture, asked, parcels),
    }
    result = _component(
        key=key,
        data=data,
        on_region_change=lambda: None,
        on_picture_change=lambda: None,
        on_step_change=lambda: _step(key, on_step),
        on_look_change=lambda: _looked(key, on_look, sent[0]["film"]["id"]),
    )
    return messages.region(result.region, sent)


def _plate(plate: Plate, parcels: Parcels) -> dict[str, Any]:
    film = plate.radiograph
    height, width = film.pixels.shape
    return {
        "title": plate.title,
        "width": width,
        "height": height,
        "spacing": film.spacing_mm,
        "orientation": film.orientation,
        "film": parcels.film(film),
        "layers": [_layer(layer, parcels) for layer in plate.layers],
        "boxes": plate.boxes,
        "regions": None if plate.regions is None else [asdict(each) for each in plate.regions],
        "dim": plate.dim,
        "place": plate.place and asdict(plate.place),
    }


def _layer(layer: MapLayer, parcels: Parcels) -> dict[str, Any]:
    values = np.abs(layer.values) if overlay.KINDS[layer.method].signed else layer.values
    return {
        "name": layer.name,
        "method": layer.method,
        "label": layer.label,
        "peak": max(float(values.max()), 0.0),
        **parcels.map(layer.values),
    }


def _asked(key: str, what: str) -> Any:
    """What the component triggers in this run, if anything."""
    return (st.session_state.get(key) or {}).get(what)


def _step(key: str, on_step: Callable[[int], None] | None) -> None:
    by = _asked(key, "step")
    if on_step is not None and by in (-1, 1):
        on_step(by)


def _looked(key: str, on_look: Callable[[Shown], None] | None, film: str) -> None:
    found = messages.shown(_asked(key, "look"), film)
    if on_look is not None and found is not None:
        on_look(found)


def _picture(
    picture: Callable[[MapDisplay], tuple[str, bytes]] | None, asked: Any, parcels: Parcels
) -> dict[str, Any] | None:
    if picture is None or not asked:
        return None
    name, data = picture(messages.look(asked))
    return {"name": name, "serial": int(asked["serial"]), "url": parcels.file(data, "image/png")}
