"""The window as shown, as pydicom and dcmtk lay it over the film."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicomtools import tool
from films import dataset, film, lut, png, saved
from numpy.typing import NDArray
from pacsfilms import uids
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

import cxr
from cxr.dicom_out.marks import Window
from cxr.dicom_out.presentation import presentation
from cxr.dicom_out.source import source_of
from cxr.errors import DicomOutError
from cxr.imaging.altered import altered
from cxr.imaging.radiograph import Radiograph, curve

_CLOSE = 1.5
"""Greys: dcmtk cuts off what is behind the point, twice."""
SHARP = (np.arange(4096) / 4095) ** 2 * 4095
FILMS: dict[str, dict[str, Any]] = {
    "8 bits": {},
    "12 bits under a window": {"bits": 12, "WindowCenter": 2000, "WindowWidth": 2500},
    "negative": {"bits": 12, "PhotometricInterpretation": "MONOCHROME1"},
    "inverse": {"bits": 12, "PresentationLUTShape": "INVERSE"},
    "rescaled": {"bits": 12, "RescaleSlope": 2.5, "RescaleIntercept": -1024},
    "falling": {"bits": 12, "RescaleSlope": -1, "RescaleIntercept": 4095},
    "negative and falling": {
        **{"bits": 12, "RescaleSlope": -1, "RescaleIntercept": 4095},
        "PhotometricInterpretation": "MONOCHROME1",
    },
    "its values in a table": {"bits": 12, "ModalityLUTSequence": lut(SHARP, 0, 12)},
    "its greys in a table": {"bits": 12, "VOILUTSequence": lut(SHARP, 0, 12)},
    "its greys in a table, negative": {
        **{"bits": 12, "VOILUTSequence": lut(SHARP, 0, 12)},
        "PhotometricInterpretation": "MONOCHROME1",
    },
    "signed": {"bits": 12, "signed": True},
}


def stored(bits: int = 8, signed: bool = False, **tags: Any) -> bytes:
    """A film of a patient."""
    pixels = film(bits=bits)
    if signed:
        pixels = (pixels.astype(np.int32) - 2 ** (bits - 1)).astype(np.int16)
    study, series, instance = uids()
    said = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": instance}
    return saved(dataset(pixels, bits, **said, **tags))


def window_of(shown: Radiograph, **more: Any) -> Window:
    """One that cuts off at both ends."""
    top = 65535 if curve(shown) is not None else 2**shown.bits - 1
    return Window(0.55 * top, 0.5 * top, **more)


def as_shown(shown: Radiograph, window: Window) -> NDArray[np.float64]:
    """Greys, 0 to 255, as the viewer draws them: ui/viewer/front/src/drawer.js."""
    own = curve(shown)
    values = (shown.pixels if own is None else own[shown.pixels]).astype(float)
    share = np.clip((values - window.centre) / window.width + 0.5, 0, 1)
    return 255 * (1 - share if window.inverted else share)


def said(data: bytes, shown: Radiograph, window: Window) -> Dataset:
    """The presentation state, as pydicom reads it."""
    out = io.BytesIO()
    presentation(source_of(data), data, shown, window).save_as(out)
    return dcmread(io.BytesIO(out.getvalue()))


def by_dcmtk(data: bytes, state: Dataset, folder: Path) -> NDArray[np.float64]:
    """The film under the state, as dcmtk draws it."""
    film, said, drawn = (folder / name for name in ("film.dcm", "said.dcm", "drawn.pgm"))
    film.write_bytes(data)
    state.save_as(said)
    subprocess.run([tool("dcmpschk"), said], check=True, capture_output=True)
    subprocess.run([tool("dcmp2pgm"), film, drawn, "-p", said], check=True, capture_output=True)
    return np.asarray(Image.open(drawn)).astype(float)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("name", FILMS)
def test_dcmtk_draws_what_was_shown(name: str, inverted: bool, tmp_path: Path) -> None:
    data = stored(**FILMS[name])
    shown = cxr.read(data)
    window = window_of(shown, inverted=inverted)
    drawn = by_dcmtk(data, said(data, shown, window), tmp_path)
    assert np.abs(drawn - as_shown(shown, window)).max() < _CLOSE


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_a_film_that_its_reader_turned_and_exchanged(
    turns: int, mirrored: bool, tmp_path: Path
) -> None:
    data = stored(12)
    shown = altered(cxr.read(data), turns=turns, exchanged=True)
    window = window_of(shown, turns=turns, mirrored=mirrored, exchanged=True)
    drawn = by_dcmtk(data, said(data, shown, window), tmp_path)
    wanted = as_shown(shown, window)
    wanted = wanted[:, ::-1] if mirrored else wanted
    assert np.abs(drawn - wanted).max() < _CLOSE


def test_it_is_of_the_film_and_of_the_patient() -> None:
    data = stored(12, PatientID="P1", AccessionNumber="A1", RescaleSlope=2, RescaleIntercept=-100)
    state = said(data, cxr.read(data), Window(1000, 500))
    assert (state.PatientID, state.AccessionNumber, state.Modality) == ("P1", "A1", "PR")
    (series,) = state.ReferencedSeriesSequence
    (image,) = series.ReferencedImageSequence
    assert image.ReferencedSOPInstanceUID == uids()[2]
    (voi,) = state.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (1900.5, 1001)
    assert (state.RescaleSlope, state.RescaleIntercept) == (2, -100)


def test_who_shows_the_same_again_makes_the_same() -> None:
    data = stored()
    shown = cxr.read(data)
    first, again, other = (
        said(data, shown, Window(100, width)).SOPInstanceUID for width in (50, 50, 51)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (png(film()), "not_dicom"),
        (saved(dataset(np.stack([film()] * 3, axis=-1))), "no_window"),
        (stored(12, RescaleSlope=2, VOILUTSequence=lut(SHARP, 0, 12)), "no_window"),
        (stored(12, RescaleIntercept=-9, VOILUTSequence=lut(SHARP, 0, 12)), "no_window"),
    ],
)
def test_what_cannot_be_said_is_refused(data: bytes, code: str) -> None:
    shown = cxr.read(data)
    with pytest.raises(DicomOutError) as caught:
        presentation(Dataset(), data, shown, Window(100, 50))
    assert caught.value.code == code
