"""DICOM: what the tags say, note and refuse."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from dicomfiles import noted, refusal, stating
from films import dicom, film
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from cxr.errors import NotARadiograph
from cxr.imaging.dicom import vocabulary
from cxr.imaging.reader import read

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
        ({"ViewPosition": "?", "SeriesDescription": "Chest Lat."}, "not_frontal"),
        ({"Modality": ["CT", "OT"]}, "not_radiography"),
        ({"Modality": "PET/CT"}, "not_radiography"),
        ({"Modality": "MRI"}, "not_radiography"),
        ({"BodyPartExamined": "THORACOLUMBAR"}, "not_chest"),
    ],
)
def test_tags_that_refuse(tags: dict[str, str], code: str) -> None:
    assert refusal(dicom(film(), **tags)) == code


@pytest.mark.parametrize(
    ("modality", "note"),
    [
        (None, "The file does not state a modality; taken for a radiograph."),
        ("", "The file does not state a modality; taken for a radiograph."),
        *((each, f"Modality is {each}; taken for a radiograph.") for each in ("DR", "RG", "OT")),
        ("RADIO", "The file's modality is not understood; taken for a radiograph."),
        ("<B>DOE^JANE", "The file's modality is not understood; taken for a radiograph."),
    ],
)
def test_missing_vague_or_unknown_modality_is_noted(modality: str | None, note: str) -> None:
    assert noted(dicom(film(), Modality=modality)) == note


@pytest.mark.parametrize("modality", ["CR", "DX", ["CR", "DX"], ["OT", "CR"], "ＣＲ"])
def test_films_modalities(modality: Any) -> None:
    data = dicom(film())
    if isinstance(modality, str):
        assert read(stating(data, Modality=modality.encode())).notes == ()
    else:
        assert read(dicom(film(), Modality=modality)).notes == ()


@pytest.mark.parametrize("absent", [None, ""])
def test_missing_body_part_and_view_are_noted(absent: str | None) -> None:
    radiograph = read(dicom(film(), BodyPartExamined=absent, ViewPosition=absent))
    assert radiograph.view is None
    assert len(radiograph.notes) == 2


@pytest.mark.parametrize(
    "said", ["Thorax p.a. und seitlich", "TORAX PA Y LATERAL", "face et profil", "胸部正侧位"]
)
def test_a_description_of_both_views_refuses_neither(said: str) -> None:
    data = stating(dicom(film(), ViewPosition=None), SeriesDescription=said.encode())
    assert read(data).view is None


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
    assert refusal(dicom(film(), BodyPartExamined="?", AnatomicRegionSequence=code("Hand"))) == (
        "not_chest"
    )
    assert (
        read(dicom(film(), BodyPartExamined="?", AnatomicRegionSequence=code("Tórax"))).notes == ()
    )


@pytest.mark.parametrize(
    ("region", "view", "code"),
    [
        ("51185008", "272479007", "PA"),
        ("T-D3000", "R-10206", "AP"),
        ("816094009", "399348003", "AP"),
        ("72696002", "272479007", "not_chest"),
        ("T-D4000", "R-10214", "not_chest"),
        ("39607008", "399067008", "not_frontal"),
        ("T-28000", "R-10236", "not_frontal"),
    ],
)
def test_codes_count_in_any_language(region: str, view: str, code: str) -> None:
    def coded(value: str) -> Sequence:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "?"
        return Sequence([item])

    tags = {"AnatomicRegionSequence": coded(region), "ViewCodeSequence": coded(view)}
    data = dicom(film(), BodyPartExamined=None, ViewPosition=None, **tags)
    if code in ("PA", "AP"):
        assert (read(data).view, read(data).notes) == (code, ())
    else:
        assert refusal(data) == code


def test_codes_are_those_of_pydicoms_dictionary() -> None:
    regions, views = codes.cid4009, codes.cid4010
    meant = {getattr(regions, name).value: name for name in regions.dir()}
    for listed, chest in ((vocabulary.CHEST_CODES, True), (vocabulary.OTHER_CODES, False)):
        known = [meant[code] for code in listed.split() if code in meant]
        assert len(known) > 4
        assert all((re.search("Chest|Lung", name) is not None) == chest for name in known)
    seen = {getattr(views, name).value: name for name in views.dir()}
    others = [seen[c] for c in vocabulary.NOT_FRONTAL_CODES.split() if c in seen]
    assert all(re.search("Lateral|Oblique|Sagittal", name) for name in others)
    assert {"LateralProjection", "LeftLateral", "RightLateral"} <= set(others)


def test_missing_photometric_interpretation_is_noted() -> None:
    radiograph = read(dicom(film(), PhotometricInterpretation=None))
    assert np.array_equal(radiograph.pixels, film())
    assert any("which end is white" in note for note in radiograph.notes)


@pytest.mark.parametrize(
    ("tags", "spacing", "noted"),
    [
        ({}, None, 0),
        ({"PixelSpacing": [0.15, 0.2]}, (0.15, 0.2), 1),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), 1),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]}, (0.1, 0.1), 0),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), 1),
        ({"PixelSpacing": [0, 0]}, None, 0),
        ({"PixelSpacing": [0.143, 0.1435]}, (0.143, 0.1435), 0),
        ({"PixelSpacing": [-0.1, 0.1]}, None, 1),
        ({"PixelAspectRatio": [4, 3]}, None, 1),
        ({"PixelAspectRatio": [4, 3], "PixelSpacing": [0.2, 0.15]}, (0.2, 0.15), 1),
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


def test_pixels_that_are_not_square_are_noted_once() -> None:
    tags = {"PixelAspectRatio": [4, 3], "PixelSpacing": [0.2, 0.15]}
    assert noted(dicom(film(), **tags)) == (
        "The film's pixels are not square; it is shown stretched."
    )


def test_refusal_quotes_no_more_than_plain_words() -> None:
    with pytest.raises(NotARadiograph) as caught:
        read(stating(dicom(film()), BodyPartExamined="KNEE <B>膝 of someone".encode()))
    assert "(body part KNEE B OF SOMEON)" in caught.value.message
