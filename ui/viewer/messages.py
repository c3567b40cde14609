"""What the browser tells of a viewer: what was drawn, how a film and how its map look."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal


@dataclass(frozen=True)
class Region:
    """What the reader drew, in pixels of the film as stored: never turned, never mirrored.

    Attributes
    ----------
    plate : int
        Which of the plates.
    kind : {"box", "brush"}
    box : (float, float, float, float)
        x, y, width, height of the box, or of what the brush covered; within the film.
    points : tuple of (float, float)
        x, y along the brush's way; empty for a box.
    radius : float
        Of the brush; 0 for a box.
    serial : int
        Larger for every region that is drawn.
    """

    plate: int
    kind: Literal["box", "brush"]
    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float], ...]
    radius: float
    serial: int


@dataclass(frozen=True)
class MapDisplay:
    """How a map is shown at the moment its picture is asked for.

    Attributes
    ----------
    plate : int
    layer : str
        Name of the layer.
    opacity : float, 0 to 1
    scale : float
        Value of the last colour.
    """

    plate: int
    layer: str
    opacity: float
    scale: float


@dataclass(frozen=True)
class Shown:
    """How the first plate's film is shown.

    Attributes
    ----------
    low, high : float
        What is black and what white, in values of the film as it was sent.
    inverted : bool
    turns : int
        Quarter turns clockwise, of the film as it was given.
    mirrored : bool
        Left and right exchanged, after it was turned.
    as_filed : bool
        Under its own window.
    """

    low: float
    high: float
    inverted: bool
    turns: int
    mirrored: bool
    as_filed: bool


def region(drawn: Any, sent: list[dict[str, Any]]) -> Region | None:
    """What was drawn, unless the film that it was drawn on is gone."""
    if not drawn or drawn["plate"] >= len(sent):
        return None
    if sent[drawn["plate"]]["film"]["id"] != drawn["film"]:
        return None
    x, y, width, height = map(float, drawn["box"])
    points = tuple((float(px), float(py)) for px, py in drawn["points"])
    kind: Literal["box", "brush"] = "brush" if drawn["kind"] == "brush" else "box"
    return Region(
        int(drawn["plate"]),
        kind,
        (x, y, width, height),
        points,
        float(drawn["radius"]),
        int(drawn["serial"]),
    )


def look(asked: Any) -> MapDisplay:
    """The map whose picture is asked for."""
    return MapDisplay(
        int(asked["plate"]), str(asked["layer"]), float(asked["opacity"]), float(asked["scale"])
    )


def shown(said: Any, film: str) -> Shown | None:
    """How a film is shown, by its id; None where that is said of another one."""
    if not said or said["film"] != film:
        return None
    low, high = float(said["low"]), float(said["high"])
    if not (isfinite(low) and isfinite(high) and low < high):
        return None
    return Shown(
        low,
        high,
        inverted=bool(said["invert"]),
        turns=round(float(said["turn"]) / 90) % 4,
        mirrored=bool(said["flip"]),
        as_filed=bool(said["filed"]),
    )
