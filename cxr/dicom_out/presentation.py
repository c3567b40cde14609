"""The window that a film was shown under, as a presentation state: a viewer lays it over the film.

Modality, window and polarity are worked out as :mod:`cxr.imaging.dicom.lut` did when the film was
read, the other way round (DICOM PS3.3 C.11.1, C.11.8, C.11.6; C.10.6 for turned films).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from highdicom.content import (
    VOILUT,
    ModalityLUT,
    ModalityLUTTransformation,
    PresentationLUTTransformation,
)
from highdicom.pr import GrayscaleSoftcopyPresentationState, SoftcopyVOILUTTransformation
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from ..dicomweb.reference import PRESENTATION, series_of, uid_of
from ..errors import DicomOutError
from ..imaging.dicom import lut
from ..imaging.dicom.values import item, number, numbers, text
from ..imaging.radiograph import Radiograph, curve
from . import codes as ours
from .marks import Window
from .source import parsed

SERIES_NUMBER = 9903
_TAGS = (
    *("PhotometricInterpretation", "PresentationLUTShape", "PixelRepresentation"),
    *("RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence"),
)
_RESCALED_TO = {"OD", "HU", "US", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT"}


def presentation(source: Dataset, data: bytes, film: Radiograph, window: Window) -> Dataset:
    """The presentation state.

    Parameters
    ----------
    source : Dataset
        See :func:`cxr.dicom_out.source.source_of`.
    data : bytes
        The film's DICOM file.
    film : Radiograph
        As it was shown.
    window : Window

    Raises
    ------
    DicomOutError
        ``no_window`` where it cannot be said.
    """
    modality, voi, negative = _tables(_said(data), film, window)
    shape = "INVERSE" if negative != window.inverted else "IDENTITY"
    instance = str(source.SOPInstanceUID)
    content = json.dumps([voi.to_json(), shape, window.turns % 4, window.mirrored])
    origin = Dataset()
    origin.update(source)
    origin.SamplesPerPixel = 1
    state = GrayscaleSoftcopyPresentationState(
        [origin],
        series_instance_uid=series_of(PRESENTATION, instance),
        series_number=SERIES_NUMBER,
        sop_instance_uid=uid_of("CXR Lens", PRESENTATION, instance, content),
        instance_number=1,
        manufacturer=ours.MANUFACTURER,
        manufacturer_model_name="CXR Lens",
        software_versions=None,  # type: ignore[arg-type]  # DICOM does not ask for these two
        device_serial_number=None,  # type: ignore[arg-type]
        content_label="CXR LENS",
        content_description="Window as shown. Research and teaching only",
        series_description="CXR Lens, window. Research and teaching only",
        modality_lut_transformation=modality,
        voi_lut_transformations=[voi],
        presentation_lut_transformation=PresentationLUTTransformation(shape),
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    if "BodyPartExamined" in source:
        state.BodyPartExamined = source.BodyPartExamined  # of no pair, so that no side is asked for
    _turn(state, window)
    return state


def check(data: bytes, film: Radiograph) -> None:
    """Refuse a film whose window cannot be said.

    Raises
    ------
    DicomOutError
        ``no_window``
    """
    _tables(_said(data), film, Window(0.5, 1))


def _said(data: bytes) -> Dataset:
    return parsed(data, [tag_for_keyword(keyword) for keyword in _TAGS])


def _tables(
    ds: Dataset, film: Radiograph, window: Window
) -> tuple[ModalityLUTTransformation | None, SoftcopyVOILUTTransformation, bool]:
    """The file's modality, the window in its values, and whether black and white are exchanged on
    the way from those to the film's pixels."""
    if not lut.is_grey(ds):
        raise _unsaid("it is stored in colour")
    meant = lut.modality(ds, film.bits, number(ds, "PixelRepresentation") == 1, [])
    if not meant.known:
        raise _unsaid("the file's rescale slope or intercept cannot be read")
    negative = lut.is_negative(ds) != window.exchanged
    if (own := curve(film)) is not None:
        voi = _table(own[::-1] if negative else own, meant, window, negative)
    else:
        voi = _line(film, meant, window, negative)
    return _modality(ds), voi, negative


def _line(
    film: Radiograph, meant: lut.Modality, window: Window, negative: bool
) -> SoftcopyVOILUTTransformation:
    centre = 2**film.bits - 1 - window.centre if negative else window.centre
    # LINEAR is understood by every viewer; what it calls centre and width is half a step and one
    # step more than the line itself has.
    return SoftcopyVOILUTTransformation(
        window_center=meant.slope * centre + meant.intercept + 0.5,
        window_width=meant.slope * window.width + 1,
    )


def _table(
    curve: np.ndarray, meant: lut.Modality, window: Window, negative: bool
) -> SoftcopyVOILUTTransformation:
    """The film's own curve and the window over it, as one table."""
    if meant.slope != 1 or not (meant.intercept.is_integer() and 0 <= meant.intercept < 2**16):
        raise _unsaid("its own table of greys is no straight line, and its values are no counts")
    share = (curve - (window.centre - window.width / 2)) / window.width
    greys = np.floor(np.clip(share, 0, 1) * 65535 + 0.5).astype(np.uint16)
    greys = 65535 - greys if negative else greys
    return SoftcopyVOILUTTransformation(voi_luts=[VOILUT(int(meant.intercept), greys)])


def _modality(ds: Dataset) -> ModalityLUTTransformation | None:
    """As the file has it; None where stored values are what is meant."""
    if (table := item(ds, "ModalityLUTSequence")) is not None:
        entries, first, _ = lut.entries_of(table, number(ds, "PixelRepresentation") == 1)
        if first < 0:
            raise _unsaid("its table of values begins below 0")
        return ModalityLUTTransformation(
            modality_lut=ModalityLUT("US", first, entries.astype(np.uint16))
        )
    slopes, intercepts = numbers(ds, "RescaleSlope"), numbers(ds, "RescaleIntercept")
    slope = (slopes or [1.0])[0]
    if slope == 0 or not (slopes or intercepts):
        return None
    kind = text(ds, "RescaleType")
    return ModalityLUTTransformation(
        rescale_intercept=(intercepts or [0.0])[0],
        rescale_slope=slope,
        rescale_type=kind if kind in _RESCALED_TO else "US",
    )


def _turn(state: Dataset, window: Window) -> None:
    """Say how the film lies; the corners are those that are seen, in the film's own pixels."""
    turns = window.turns % 4
    (area,) = state.DisplayedAreaSelectionSequence
    if "PixelOriginInterpretation" in area:
        del area.PixelOriginInterpretation  # of tiled images
    if not turns and not window.mirrored:
        return
    columns, rows = area.DisplayedAreaBottomRightHandCorner
    corners: Any = np.array([[(1, 1), (columns, 1)], [(1, rows), (columns, rows)]])
    seen = np.rot90(corners, -turns)
    seen = seen[:, ::-1] if window.mirrored else seen
    area.DisplayedAreaTopLeftHandCorner = seen[0, 0].tolist()
    area.DisplayedAreaBottomRightHandCorner = seen[1, 1].tolist()
    state.ImageRotation = 90 * turns
    state.ImageHorizontalFlip = "Y" if window.mirrored else "N"


def _unsaid(why: str) -> DicomOutError:
    return DicomOutError(
        "no_window", f"The film's window cannot be said as a presentation state: {why}."
    )
