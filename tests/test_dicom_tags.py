"""DICOM: what the tags say, note and refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dicomfiles import refusal
from films import dicom, film
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxr.errors import NotARadiograph
from cxr.radiograph import read

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"Modality": "CT"}, "not_radiography"),
        ({"Modality": "MG"}, "not_radiography"),
        ({"Modality": "RF"}, "not_radiography"),
        ({"Modality": "PX"}, "not_radiography"),
        ({"BodyPartExamined": "KNEE"}, "not_chest"),
        ({"BodyPartExamined": "EXTREMITY"}, "not_chest"),
        ({"BodyPartExamined": "ABDOMEN"}, "not_chest"),
        ({"ViewPosition": "LL"}, "not_frontal"),
        ({"ViewPosition": "RL"}, "not_frontal"),
        ({"ViewPosition": "LATERAL"}, "not_frontal"),
        ({"ViewPosition": "LLO"}, "not_frontal"),
        ({"ViewPosition": "RLD"}, "not_frontal"),
        ({"ViewPosition": "LAT ERECT"}, "not_frontal"),
        ({"ViewPosition": "", "SeriesDescription": "Chest Lat."}, "not_frontal"),
    ],
)
def test_tags_that_refuse(tags: dict[str, str], code: str) -> None:
    assert refusal(dicom(film(), **tags)) == code


@pytest.mark.parametrize(
    "part", ["CHEST", "chest", "THORAX", "Tórax", "LUNG", "CHEST_PA", "PORT CHEST"]
)
def test_words_for_the_chest(part: str) -> None:
    assert read(dicom(film(), BodyPartExamined=part, SpecificCharacterSet="ISO_IR 100")).notes == ()


@pytest.mark.parametrize(
    ("stated", "view"),
    [("PA", "PA"), ("AP", "AP"), ("AP SUPINE", "AP"), ("pa", "PA"), ("ANTERO-POSTERIOR", "AP")],
)
def test_frontal_views(stated: str, view: str) -> None:
    assert read(dicom(film(), ViewPosition=stated)).view == view


@pytest.mark.parametrize("modality", [None, "", "RG", "OT"])
def test_missing_or_vague_modality_is_noted(modality: str | None) -> None:
    (note,) = read(dicom(film(), Modality=modality)).notes
    assert "taken for a radiograph" in note


@pytest.mark.parametrize("absent", [None, ""])
def test_missing_body_part_and_view_are_noted(absent: str | None) -> None:
    radiograph = read(dicom(film(), BodyPartExamined=absent, ViewPosition=absent))
    assert radiograph.view is None
    assert len(radiograph.notes) == 2


def test_series_description_never_overrules_the_view() -> None:
    assert read(dicom(film(), SeriesDescription="Chest PA and LAT")).view == "PA"
    assert read(dicom(film(), ViewPosition=None, SeriesDescription="PA and LAT")).view is None


def test_coded_region_and_view_count_where_words_are_missing() -> None:
    def code(meaning: str) -> Sequence:
        item = Dataset()
        item.CodeMeaning = meaning
        return Sequence([item])

    absent = {"BodyPartExamined": None, "ViewPosition": None}
    frontal = {
        "AnatomicRegionSequence": code("Chest"),
        "ViewCodeSequence": code("postero-anterior"),
    }
    radiograph = read(dicom(film(), **absent, **frontal))
    assert (radiograph.view, radiograph.notes) == ("PA", ())
    assert refusal(dicom(film(), **absent, ViewCodeSequence=code("left lateral"))) == "not_frontal"
    assert refusal(dicom(film(), **absent, AnatomicRegionSequence=code("Hand"))) == "not_chest"


def test_missing_photometric_interpretation_is_noted() -> None:
    radiograph = read(dicom(film(), PhotometricInterpretation=None))
    assert np.array_equal(radiograph.pixels, film())
    assert any("which end is white" in note for note in radiograph.notes)


@pytest.mark.parametrize(
    ("tags", "spacing", "noted"),
    [
        ({}, None, 0),
        ({"PixelSpacing": [0.15, 0.2]}, (0.15, 0.2), 0),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), 1),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]}, (0.1, 0.1), 0),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), 1),
        ({"PixelSpacing": [0, 0]}, None, 0),
    ],
)
def test_spacing(tags: dict[str, Any], spacing: tuple[float, float] | None, noted: int) -> None:
    radiograph = read(dicom(film(), **tags))
    assert radiograph.spacing_mm == spacing
    assert len(radiograph.notes) == noted


def test_mirrored_film_is_noted_and_not_turned() -> None:
    radiograph = read(dicom(film(), PatientOrientation=["R", "F"]))
    assert radiograph.orientation == ("R", "F")
    assert any("mirrored" in note for note in radiograph.notes)
    assert np.array_equal(radiograph.pixels, film())
    assert read(dicom(film(), PatientOrientation=["L", "F"])).notes == ()


def test_raw_detector_data_and_burnt_in_text_are_noted() -> None:
    tags = {"PresentationIntentType": "FOR PROCESSING", "BurnedInAnnotation": "YES"}
    assert len(read(dicom(film(), **tags)).notes) == 2


def test_refusal_quotes_no_more_than_a_plain_code() -> None:
    with pytest.raises(NotARadiograph) as caught:
        read(dicom(film(), Modality="<B>DOE^JANE"))
    assert "(modality ?B?DOE?JANE)" in caught.value.message
