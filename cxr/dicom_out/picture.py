"""The film under its map, with what is said of it, as a secondary capture: any viewer shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import cv2
import numpy as np
from highdicom.sc import SCImage
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from ..dicomweb.reference import PICTURE, series_of, uid_of
from ..explain import overlay
from ..explain_eval import words
from ..model.classifier import Classifier
from ..notice import NOTICE
from ..screening.assess import Assessment
from . import codes as ours
from . import sentences
from .marks import Map

SERIES_NUMBER = 9902
LONGEST = 2048
"""Pixels of the film in the picture: it is looked at, and the film itself is in the study."""


def picture(
    source: Dataset,
    found: Assessment,
    model: Classifier,
    drawn: Map | None,
    chosen: Mapping[str, float],
    known_hospital: bool,
) -> Dataset:
    """The picture.

    Parameters
    ----------
    source : Dataset
        See :func:`cxr.dicom_out.source.source_of`.
    drawn : Map or None
    chosen : mapping
    known_hospital : bool
        See :func:`cxr.dicom_out.results.results`.
    """
    film = str(source.SOPInstanceUID)
    shown = _drawn(found, drawn, sentences.standing(found, chosen, known_hospital), model)
    runs = found.film.orientation if found.film is not None else None
    capture = SCImage.from_ref_dataset(
        source,
        pixel_array=shown,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        series_instance_uid=series_of(PICTURE, film),
        series_number=SERIES_NUMBER,
        sop_instance_uid=uid_of(
            "CXR Lens", PICTURE, film, hashlib.sha256(shown.tobytes()).hexdigest()
        ),
        instance_number=1,
        manufacturer=ours.MANUFACTURER,
        manufacturer_model_name="CXR Lens",
        series_description="CXR Lens, picture. Research and teaching only",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    capture.copy_patient_and_study_information(source)
    capture.PatientOrientation = list(runs or ())
    capture.ImageType = ["DERIVED", "SECONDARY"]
    capture.ImageComments = NOTICE
    capture.BurnedInAnnotation = "YES" if source.BurnedInAnnotation == "YES" else "NO"
    capture.DerivationDescription = f"Film with scores and map. {sentences.network(model)}"
    origin = Dataset()
    origin.ReferencedSOPClassUID = source.SOPClassUID
    origin.ReferencedSOPInstanceUID = film
    capture.SourceImageSequence = [origin]
    if "BodyPartExamined" in source:
        capture.BodyPartExamined = source.BodyPartExamined
    return capture


def _drawn(
    found: Assessment, drawn: Map | None, standing: list[str], model: Classifier
) -> NDArray[np.uint8]:
    assert found.film is not None
    film = found.film.eight_bit
    share = min(1.0, LONGEST / max(film.shape))
    size = (max(1, round(film.shape[1] * share)), max(1, round(film.shape[0] * share)))
    small = cv2.resize(film, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    lines = [
        *sentences.checks(found),
        sentences.scores(found),
        *standing,
        sentences.network(model),
    ]
    if drawn is None:
        plain = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
        return np.asarray(overlay.captioned(plain, lines))
    values = cv2.resize(drawn.values, size, interpolation=cv2.INTER_LINEAR)
    under = overlay.blend(small, values.astype(np.float32, copy=False), drawn.method)
    lines += [overlay.caption_title(drawn.method, drawn.label), words.CAVEAT]
    return np.asarray(overlay.captioned(under, lines, drawn.method))
