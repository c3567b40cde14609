"""The regions that were tried on each film of the session, and what the network said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.explain.region import RegionEffect, box_mask, stroke_mask, unstretched, what_if
from cxr.explain_eval.fill_agreement import answers_to_fills
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from cxr.teaching.story import Hidden
from ui.session.films import Film
from ui.viewer import Region
from ui.work.fragments import pressed
from ui.work.session_cache import workspace

CHOSEN = "try"
"""Which try is looked at: the session's key of its place in the trail."""


@dataclass(frozen=True)
class DrawnRegion:
    """A region and the shape, (H, W), of what it was drawn on."""

    region: Region
    shape: tuple[int, int]


Try = tuple[DrawnRegion, ...]
"""Regions that are hidden together."""


def trail(film: Film) -> list[Try]:
    """The tries on a film, the oldest first."""
    return _trail(film.number)


def _trail(number: int) -> list[Try]:
    return st.session_state.setdefault("tries", {}).setdefault(number, [])


def chosen(film: Film) -> int | None:
    """Place of the try that is looked at; the newest unless another was chosen."""
    return _chosen(film.number)


def _chosen(number: int) -> int | None:
    made = _trail(number)
    if not made:
        return None
    if st.session_state.get(CHOSEN) not in range(len(made)):
        st.session_state[CHOSEN] = len(made) - 1
    return int(st.session_state[CHOSEN])


def take(film: Film, region: Region | None, shapes: list[tuple[int, int]], add: bool) -> bool:
    """Put a newly drawn region at the end of the trail and choose it; False if it is not new.

    Parameters
    ----------
    film : Film
    region : Region or None
        What the viewer gave.
    shapes : list of (H, W)
        Of its plates.
    add : bool
        Hide it together with the regions of the try that is looked at.
    """
    if region is None or region.serial <= st.session_state.get("try_serial", 0):
        return False
    st.session_state["try_serial"] = region.serial
    made, looked_at = trail(film), chosen(film)
    before = made[looked_at] if add and looked_at is not None else ()
    made.append((*before, DrawnRegion(region, shapes[region.plate])))
    st.session_state[CHOSEN] = len(made) - 1
    return True


@pressed
def take_back(number: int) -> None:
    """Take the try that is looked at out of a film's trail; the newest that is left is next."""
    if (place := _chosen(number)) is not None:
        _trail(number).pop(place)
        st.session_state.pop(CHOSEN)


def take_all_back(number: int) -> None:
    _trail(number).clear()
    st.session_state.pop(CHOSEN, None)


def hidden(tried: Try) -> tuple[Hidden, ...]:
    """A try in shares of the film, as a story keeps it."""
    return tuple(_shares(drawn.region, *drawn.shape) for drawn in tried)


def _shares(region: Region, height: int, width: int) -> Hidden:
    x, y, across, down = region.box
    points = tuple((px / width, py / height) for px, py in region.points)
    box = (x / width, y / height, across / width, down / height)
    return Hidden(region.kind, box, points, region.radius / width)


def tried(hidden: tuple[Hidden, ...], shape: tuple[int, int]) -> Try:
    """The try that a story keeps, on a film of `shape`."""
    return tuple(DrawnRegion(_region(each, *shape), shape) for each in hidden)


def _region(kept: Hidden, height: int, width: int) -> Region:
    left, top, across, down = kept.box
    points = tuple((x * width, y * height) for x, y in kept.points)
    box = (left * width, top * height, across * width, down * height)
    kind: Literal["box", "brush"] = "brush" if kept.kind == "brush" else "box"
    return Region(0, kind, box, points, kept.radius * width, 0)


def mask_of(tried: Try, size: int) -> NDArray[np.bool_]:
    """The cells of the network's square that a try hides, bool (size, size)."""
    masks = [_mask(drawn, size) for drawn in tried]
    return np.logical_or.reduce(masks)


def _mask(drawn: DrawnRegion, size: int) -> NDArray[np.bool_]:
    region = drawn.region
    if region.kind == "box":
        return box_mask(size, drawn.shape, region.box)
    return stroke_mask(size, drawn.shape, region.points, region.radius)


def answer(
    film: Film, radiograph: Radiograph, tried: Try, fill: str, model: Classifier
) -> RegionEffect:
    """What the network says, worked out once."""
    return workspace().shelf.get(
        ("try", film.sha256, model.identity, fill, tried),
        lambda: what_if(model, radiograph, mask_of(tried, model.size), fill),
        lambda found: found.square.nbytes,
    )


def seen(
    film: Film, radiograph: Radiograph, tried: Try, fill: str, model: Classifier
) -> Radiograph:
    """What the network was shown, to lay beside the film; made once, so that it is sent once."""

    def make() -> Radiograph:
        square = answer(film, radiograph, tried, fill, model).square
        shown = unstretched(square, radiograph.pixels.shape)
        return Radiograph(shown, 8, "", "PNG", orientation=radiograph.orientation)

    return workspace().shelf.get(
        ("seen", film.sha256, model.identity, fill, tried), make, lambda r: r.pixels.nbytes
    )


def fill_alone(
    film: Film, radiograph: Radiograph, fill: str, model: Classifier
) -> dict[str, float]:
    """What the network says of a film that is nothing but the fill."""
    return workspace().shelf.get(
        ("fill", film.sha256, model.identity, fill),
        lambda: answers_to_fills(model, radiograph, (fill,))[0],
        len,
    )
