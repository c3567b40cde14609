"""Tables of films as people write them."""

from __future__ import annotations

import pytest

import cxr
from cxr.site.table import read_table


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_marks_and_encodings(mark: str, coding: str) -> None:
    lines = [("Image", "Class", "Patient_ID", "HIV"), ("Müller.png", "T", "7", "+")]
    data = "\r\n".join(mark.join(line) for line in lines).encode(coding)
    row = read_table(data).find("müller.PNG")
    assert row is not None
    assert (row.labels, row.patient, dict(row.columns)) == (("T",), "7", {"hiv": "+"})


def test_names_are_found_by_path_name_or_stem() -> None:
    table = read_table(b"file,label\nn/1.png,N\nt/1.png,T\n2,N\nx\\3.dcm,T\n")
    labels = {
        name: (row.labels if (row := table.find(name)) else None)
        for name in ("n/1.png", "t/1.png", "1.png", "any/2.dcm", "3.dcm", "./x/3.dcm", "4")
    }
    assert labels == {
        "n/1.png": ("N",),
        "t/1.png": ("T",),
        "1.png": None,  # two films have that name
        "any/2.dcm": ("N",),
        "3.dcm": ("T",),
        "./x/3.dcm": ("T",),
        "4": None,
    }


def test_contradictions_are_kept() -> None:
    row = read_table(b"file,label\na,N\na,T\na,N\n").find("a")
    assert row is not None
    assert row.labels == ("N", "T")


def test_what_one_row_leaves_out_another_says() -> None:
    row = read_table(b"file,label,patient,hiv\na,N,7,+\na,N,,\n").find("a")
    assert row is not None
    assert (row.labels, row.patient, dict(row.columns)) == (("N",), "7", {"hiv": "+"})
    with pytest.raises(cxr.SiteError, match="two patients, 7 and 8") as refusal:
        read_table(b"file,patient\na,7\na,8\n")
    assert refusal.value.code == "bad_table"


def test_a_column_without_a_name_is_nobody_and_one_file_has_one_spelling() -> None:
    table = read_table(b",file,label\n0,a.png,N\n1,./a.png,T\n2,b.png,N\n")
    first, second = table.find("a.png"), table.find("b.png")
    assert first is not None
    assert second is not None
    assert (first.labels, first.patient, second.patient) == (("N", "T"), "", "")


def test_a_film_without_a_label_has_none() -> None:
    row = read_table(b'file,label,note\na,,"one, two"\n').find("a")
    assert row is not None
    assert (row.labels, row.columns["note"]) == ((), "one, two")


@pytest.mark.parametrize(
    "data",
    [b"", b"label\nN\n", b"file,label\n", b"\x89PNG\r\n\0\0\0", b"file\n" + b"x" * 6_000_000],
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(cxr.SiteError) as refusal:
        read_table(data)
    assert refusal.value.code == "bad_table"
