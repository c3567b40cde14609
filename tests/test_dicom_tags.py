"""DICOM: what the tags say, note and refuse."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from dicomfiles import refusal, stating
from films import dicom, film
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from cxr.errors import NotARadiograph
from cxr.imaging.dicom import words
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


CHESTS = """
    CHEST, chest, THORAX, Tórax, TÒRAX, LUNG, CHEST_PA, PORT CHEST, 2- TORAX,
    CHESTABDOMEN, CXR, Thorax/Abdomen, Pecho, tórax de pie, PULMÓN, PEITO, poitrine,
    Poumons, BRUST, Brustkorb, Lunge, Torace, petto, borst, longen, borstkas, bryst,
    bröstkorg, klatka piersiowa, płuca, hrudník, plíce, mellkas, piept, грудная клетка,
    ЛЁГКИЕ, органи грудної клітки, Θώρακας, GÖĞÜS, göğüs, akciğer, toraks, صدر, חזה,
    ทรวงอก, ngực, phổi, dada, paru, 胸部, 胸, 肺, 胸片, 흉부, 가슴
"""
OTHERS = """
    KNEE, hand, ABDOMEN, TSPINE, Thoracic spine, WHOLEBODY, RODILLA, mano, muñeca,
    CRÁNEO, cadera, columna torácica, joelho, MÃO, coluna, crânio, genou, MAIN, épaule,
    bassin, rachis dorsal, Knie, Hüfte, HUEFTE, Schädel, Becken, Handgelenk,
    BRUSTWIRBELSÄULE, Brust Wirbelsäule, Brustbein, ginocchio, bacino, spalla, COLONNA,
    schouder, enkel, borstwervels, knæ, håndled, HOFTE, knä, polvi, kolano, KRĘGOSŁUP,
    łokieć, miednica, koleno, páteř, térd, genunchi, колено, КОЛЕННЫЙ СУСТАВ, кисть,
    череп, грудной отдел позвоночника, живот, γόνατο, DİZ, omurga, kalça, ayak bileği,
    ركبة, البطن, ברך, เข่า, đầu gối, cột sống ngực, bụng, cổ tay, lutut, perut, tulang
    belakang, 膝, 膝関節, 腹部, 骨盆, 胸椎, 右手, 頭部, 颈椎, 踝关节, 무릎, 복부, 흉추, 손목
"""
UNKNOWN = (
    "T?RAX, MA?O, COLU?MNA PIE?S, XYZ, ?, 7, PE\ufffdHO, Standard, N/A, TÃ“RAX, RX TX, Ganglion Q"
)


def in_utf_8(words: str) -> list[bytes]:
    return [word.strip().encode() for word in words.split(",")]


@pytest.mark.parametrize("part", in_utf_8(CHESTS), ids=bytes.decode)
def test_words_for_the_chest(part: bytes) -> None:
    assert read(stating(dicom(film()), BodyPartExamined=part)).notes == ()


@pytest.mark.parametrize("part", in_utf_8(OTHERS), ids=bytes.decode)
def test_words_for_other_parts(part: bytes) -> None:
    assert refusal(stating(dicom(film()), BodyPartExamined=part)) == "not_chest"
    assert refusal(stating(dicom(film()), BodyPartExamined=part.decode().upper().encode())) == (
        "not_chest"
    )


def noted(data: bytes) -> str:
    """The one note of a film that is read."""
    (note,) = read(data).notes
    return note


@pytest.mark.parametrize("part", in_utf_8(UNKNOWN), ids=bytes.decode)
def test_unknown_words_for_a_part_say_nothing(part: bytes) -> None:
    data = stating(dicom(film()), BodyPartExamined=part)
    assert noted(data) == "The file's body part is not understood; taken for a chest."


ALPHABETS = [
    ("Rücken-Thorax", "latin-1", b"ISO_IR 100"),
    ("TÒRAX", "latin-1", b""),
    ("TÓRAX", "latin-1", b"ISO_IR 192"),
    ("TÓRAX", "utf-8", b"ISO_IR 100"),
    ("płuca", "iso8859-2", b"ISO_IR 101"),
    ("грудная клетка", "iso8859-5", b"ISO_IR 144"),
    ("胸部", "gb18030", b"GB18030"),
    ("胸部", "iso2022_jp", b"\\ISO 2022 IR 87"),
    ("胸部", "iso2022_jp", b""),
    ("胸部正面", "shift_jis", b"ISO_IR 13"),
]


@pytest.mark.parametrize(("word", "codec", "charset"), ALPHABETS)
def test_the_chest_in_other_alphabets(word: str, codec: str, charset: bytes) -> None:
    tags = {"BodyPartExamined": word.encode(codec), "SpecificCharacterSet": charset}
    assert read(stating(dicom(film()), **tags)).notes == ()


def test_korean_and_chinese_by_escapes() -> None:
    for escape, word, codec in ((b"\x1b$)C", "흉부", "euc_kr"), (b"\x1b$)A", "胸部", "gb2312")):
        part = escape + word.encode(codec)
        assert read(stating(dicom(film()), BodyPartExamined=part)).notes == ()


@pytest.mark.parametrize("charset", [b"", b"ISO_IR 100", b"ISO_IR 192", b"no such set"])
@pytest.mark.parametrize(
    "codec", ["cp1251", "gbk", "shift_jis", "koi8-r", "euc_kr", "big5", "cp1256"]
)
def test_text_in_an_alphabet_that_is_not_stated_says_nothing(codec: str, charset: bytes) -> None:
    said = {"cp1251": "колено", "koi8-r": "колено", "euc_kr": "무릎 측면", "cp1256": "ركبة جانبي"}
    word = said.get(codec, "腹部側面" if codec in ("shift_jis", "big5") else "腹部侧面").encode(
        codec
    )
    tags = {"BodyPartExamined": word, "ViewPosition": word, "SpecificCharacterSet": charset}
    assert read(stating(dicom(film()), **tags)).notes == (
        "The file's body part is not understood; taken for a chest.",
        "The file's view is not understood; taken for a frontal view.",
    )


@pytest.mark.parametrize(
    ("stated", "view"),
    [
        ("PA", "PA"),
        ("AP", "AP"),
        ("AP SUPINE", "AP"),
        ("pa", "PA"),
        ("p.a.", "PA"),
        ("A/P", "AP"),
        ("ANTERO-POSTERIOR", "AP"),
        ("Póstero-anterior", "PA"),
        ("postéro-antérieur", "PA"),
        ("задне-передняя", "PA"),
        ("tylno-przednia", "PA"),
        ("后前位", "PA"),
        ("前後", "AP"),
    ],
)
def test_frontal_views(stated: str, view: str) -> None:
    radiograph = read(stating(dicom(film()), ViewPosition=stated.encode()))
    assert (radiograph.view, radiograph.notes) == (view, ())


LATERALS = """
    LL, RLAT, Lateral, LATERALE, latéral, profil, de profil, PERFIL, lateral izquierda,
    seitlich, zijdelings, boczne, bočná, боковая, πλάγια, yan, nghiêng, jobb
    oldalirányú, 側面, 侧位, 측면, oblicua, oblíqua, schräg, skośna, косая, 斜位, decúbito
    lateral
"""


@pytest.mark.parametrize("view", in_utf_8(LATERALS), ids=bytes.decode)
def test_words_for_other_views(view: bytes) -> None:
    assert refusal(stating(dicom(film()), ViewPosition=view)) == "not_frontal"
    described = stating(dicom(film(), ViewPosition=None), SeriesDescription=b"TORAX " + view)
    assert refusal(described) == "not_frontal"


# As some programs lose the alphabet, its escapes, or the text's end.
@pytest.mark.parametrize(
    "said", [b"\x1b$B6;ItB&LL\x1b(B", b"\x1b$B6;ItB&LL", b"$B6;ItB&LL(B", b"?$B6;ItB&LL?(B"]
)
def test_a_lateral_in_japanese(said: bytes) -> None:
    assert refusal(stating(dicom(film()), ViewPosition=said)) == "not_frontal"
    frontal = said.replace(b"B&LL", b"@5LL")  # whose bytes hold "LL", which is lateral
    assert noted(stating(dicom(film()), ViewPosition=frontal)) == (
        "The file does not state PA or AP; taken for a frontal view."
    )


@pytest.mark.parametrize("view", [b"XYZ", b"RLL", b"BILATERAL", b"\xd0\xd8LL", b"AP/PA", b"?"])
def test_unknown_or_ambiguous_views_are_noted(view: bytes) -> None:
    data = stating(dicom(film()), ViewPosition=view)
    assert "taken for a frontal view" in noted(data)
    assert read(data).view is None


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
    for listed, chest in ((words.CHEST_CODES, True), (words.OTHER_CODES, False)):
        known = [meant[code] for code in listed.split() if code in meant]
        assert len(known) > 4
        assert all((re.search("Chest|Lung", name) is not None) == chest for name in known)
    seen = {getattr(views, name).value: name for name in views.dir()}
    others = [seen[c] for c in words.NOT_FRONTAL_CODES.split() if c in seen]
    assert all(re.search("Lateral|Oblique|Sagittal", name) for name in others)
    assert {"LateralProjection", "LeftLateral", "RightLateral"} <= set(others)


def test_no_word_is_in_two_tables_that_exclude_each_other() -> None:
    def listed(*tables: str) -> set[str]:
        rows = [row for table in tables for row in getattr(words, table).values()]
        return {word.strip() for row in rows for word in row.split(",")}

    assert not listed("CHEST", "OF_THE_CHEST") & listed("OTHER_PART")
    assert not listed("PA", "AP", "FRONTAL") & listed("NOT_FRONTAL")
    assert not listed("PA") & listed("AP")


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
