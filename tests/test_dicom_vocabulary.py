"""Words for a body part and a view, in the languages and alphabets that files come in."""

from __future__ import annotations

import pytest
from dicomfiles import noted, refusal, stating
from films import dicom, film

from cxr.imaging.dicom import vocabulary
from cxr.imaging.reader import read

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


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


def test_no_word_is_in_two_tables_that_exclude_each_other() -> None:
    def listed(*tables: str) -> set[str]:
        rows = [row for table in tables for row in getattr(vocabulary, table).values()]
        return {word.strip() for row in rows for word in row.split(",")}

    assert not listed("CHEST", "OF_THE_CHEST") & listed("OTHER_PART")
    assert not listed("PA", "AP", "FRONTAL") & listed("NOT_FRONTAL")
    assert not listed("PA") & listed("AP")
