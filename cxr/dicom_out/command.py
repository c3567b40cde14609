"""``python -m cxr dicom …``: a film's results as DICOM files, and what results are made of."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DicomOutError, ExplainError
from ..site_profiles.options import add_model, model_of

if TYPE_CHECKING:
    from ..model.classifier import Classifier
    from .marks import Window
    from .results import Result


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    dicom = commands.add_parser("dicom", help="a film's scores as DICOM: report, picture, window")
    dicom.add_argument("file", type=Path, metavar="FILE", help="a DICOM film")
    dicom.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write")
    dicom.add_argument("--box", metavar="X,Y,WIDTH,HEIGHT", help="a region, in pixels of the film")
    add_shown(dicom)


def add_shown(parser: ArgumentParser) -> None:
    """What is laid over the film, how it was shown, and who scores."""
    parser.add_argument("--class", dest="label", metavar="T", help="lay a map of it over the film")
    parser.add_argument("--method", help="of that map, gradcam by default")
    parser.add_argument(
        "--window",
        nargs=2,
        type=float,
        metavar=("CENTRE", "WIDTH"),
        help="a presentation state besides: the window as the viewer names it",
    )
    parser.add_argument("--inverted", action="store_true", help="of it: black is white")
    add_model(parser)


def run(asked: Namespace) -> int:
    """Write the files; returns the exit status.

    Raises
    ------
    CxrError
    """
    try:
        data = asked.file.read_bytes()
    except OSError as error:
        raise DicomOutError("not_written", f"The film cannot be read: {error.strerror}.") from None
    made = made_of(data, model_of(asked), asked)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
        for each in made:
            path = asked.out / f"{each.kind}.dcm"
            path.write_bytes(each.data)
            print(path)
    except OSError as error:
        raise DicomOutError(
            "not_written", f"The DICOM files cannot be written: {error.strerror}."
        ) from None
    return 0


def check(asked: Namespace) -> None:
    """
    Raises
    ------
    DicomOutError
        ``bad_request``: a method of no map.
    """
    if asked.method and not asked.label:
        raise DicomOutError("bad_request", "--method is of a map: say --class too.")


def made_of(data: bytes, model: Classifier, asked: Namespace) -> list[Result]:
    """The results of one film, with the map, the region and the window that were asked for.

    Raises
    ------
    CxrError
        The film's refusal too.
    """
    from .. import explain
    from ..explain import region
    from ..explain.target import column_of
    from ..screening.assess import assess
    from ..screening.standing import calls
    from .marks import Map, MarkedRegion
    from .results import results

    window = _window(asked)
    check(asked)
    found = assess(data, model)
    prediction, _ = found.scored
    assert found.film is not None
    drawn = box = None
    if asked.label:
        column_of(model, asked.label)  # refuses a class that there is not
    likely = asked.label and explain.worth_a_map(prediction.probabilities[asked.label])
    if likely or calls(found.standing, asked.label):
        method = asked.method or "gradcam"
        values = explain.make_map(model, found.film, asked.label, method)
        drawn = Map(values, method, asked.label)
    if getattr(asked, "box", None):
        corners = _box(asked.box, found.film.pixels.shape)
        mask = region.box_mask(model.size, found.film.pixels.shape, corners)
        box = MarkedRegion(corners, region.what_if(model, found.film, mask).effects)
    return results(data, found, model, drawn, box, window)


def _window(asked: Namespace) -> Window | None:
    if asked.window is None:
        if asked.inverted:
            raise DicomOutError("bad_window", "--inverted is of a window: say --window too.")
        return None
    centre, width = asked.window
    if not (isfinite(centre) and isfinite(width) and width > 0):
        raise DicomOutError(
            "bad_window", "A window is CENTRE WIDTH in values of the film; the width is above 0."
        )
    from .marks import Window

    return Window(centre, width, asked.inverted)


def _box(text: str, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    refusal = ExplainError(
        "bad_request", "A box is X,Y,WIDTH,HEIGHT in pixels, and lies within the film."
    )
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise refusal from None
    within = x >= 0 and y >= 0 and x + width <= shape[1] and y + height <= shape[0]
    if not (within and width > 0 and height > 0):
        raise refusal
    return x, y, width, height
