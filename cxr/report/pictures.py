"""A report's pictures, as addresses that hold them (``data:``): nothing is fetched or filed."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableFile
from ..explain import make_map, methods_of, overlay, worth_a_map
from ..explain.target import contours
from ..explain_eval import faithfulness, words
from ..formatting import score
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from ..screening.assess import Assessment, shipped_lungs
from ..screening.standing import call_of, calls

SIDE = 900
"""Pixels of a picture's longer side at most: 260 an inch, as it is printed."""
GRID = 16
"""Cells of a map's each side that a report keeps as numbers."""
_QUALITY = 88
_PNG = "data:image/png;base64,"


def small(film: NDArray[np.uint8]) -> str:
    """The film as it is printed: a JPEG."""
    return _jpeg(_shrunk(film))


def whole(film: NDArray[np.uint8]) -> str:
    """Every pixel as it is: a PNG."""
    return _PNG + _base64(".png", film, [])


def film_of(address: str) -> NDArray[np.uint8]:
    """What :func:`whole` was given.

    Raises
    ------
    CxrError
        As of any PNG that cannot be read; decoding keeps to the limits of all films.
    """
    from ..imaging.reader import read

    try:
        data = base64.b64decode(address.removeprefix(_PNG), validate=True)
    except ValueError:
        raise UnreadableFile("damaged", "The film within the report is damaged.") from None
    return read(data).eight_bit


def map_of(
    found: Assessment, model: Classifier, label: str | None, method: str, tested: bool
) -> dict[str, Any] | None:
    """The map over the film, its values on a coarse grid, and what speaks for and against it; None
    where the film was refused or the network has no such map."""
    if found.prediction is None or found.film is None or method not in methods_of(model):
        return None
    film, label = found.film, label or call_of(found.prediction, found.standing)
    values = make_map(model, film, label, method, found.prediction)
    kind = overlay.KINDS[method]
    reduced = _shrunk(values)
    picture = overlay.blend(_shrunk(film.eight_bit), reduced, method)
    lines = contours(reduced, kind.scale / 2)
    lines += contours(reduced, -kind.scale / 2) if kind.signed else []
    cv2.polylines(picture, lines, True, (255, 255, 255), 1, cv2.LINE_AA)
    return {
        "label": label,
        "method": method,
        "title": kind.title,
        "unit": kind.unit,
        "scale": kind.scale,
        "signed": kind.signed,
        "tested": tested,
        "said": [words.CAVEAT, *evidence(model, film, label, found, values, tested)],
        "grid": np.round(cv2.resize(values, (GRID, GRID), interpolation=cv2.INTER_AREA), 4)
        .astype(float)
        .tolist(),
        "picture": _jpeg(picture),
        "bar": _bar(method),
    }


def evidence(
    model: Classifier,
    film: Radiograph,
    label: str,
    found: Assessment,
    values: NDArray[np.float32],
    tested: bool,
) -> list[str]:
    """What speaks for and against a map of a class, a line each."""
    said = []
    p = found.scored[0].probabilities[label]
    if not worth_a_map(p) and not calls(found.standing, label):
        said.append(
            f"{label} scores {score(p)}: a map of so unlikely a class is mostly false alarm."
        )
    finder = shipped_lungs()
    if finder is not None and finder.has_lungs(lungs := finder.find(film)):
        said.append(words.lung_share(values, lungs))
    if tested:
        said.append(words.faithful(faithfulness(model, film, label, values), label))
    else:
        said.append("Not tested for being faithful.")
    return [text for text in said if text]


def _bar(kind: str) -> str:
    """Its colours over mid-grey, from the lowest value to the highest."""
    scale = overlay.KINDS[kind].scale
    low = -scale if overlay.KINDS[kind].signed else 0.0
    row = np.linspace(low, scale, 256, dtype=np.float32)
    grey = np.full((8, 256), 128, np.uint8)
    return _jpeg(overlay.blend(grey, np.tile(row, (8, 1)), kind))


def _shrunk(picture: NDArray[Any]) -> NDArray[Any]:
    share = SIDE / max(picture.shape)
    if share >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _jpeg(picture: NDArray[np.uint8]) -> str:
    if picture.ndim == 3:
        picture = np.ascontiguousarray(picture[..., ::-1])
    return "data:image/jpeg;base64," + _base64(
        ".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )


def _base64(ending: str, picture: NDArray[np.uint8], options: list[int]) -> str:
    done, data = cv2.imencode(ending, picture, options)
    if not done:
        raise UnreadableFile("damaged", "The film cannot be written as a picture.")
    return base64.b64encode(data.tobytes()).decode()
