"""Films that a PACS has: searched for and fetched."""

from __future__ import annotations

import io
from datetime import date

import pytest
from dicomweb_server import Server
from pacsfilms import code, stored, there, uids
from pydicom import dcmread
from pydicom.dataset import Dataset

import cxr
from cxr.dicomweb.client import fetch, store
from cxr.dicomweb.query import Query, search
from cxr.dicomweb.reference import Reference, reference


def listed(server: Server, **wanted: object) -> list[str]:
    return [film.film.instance for film in search(server.pacs(), Query(**wanted)).films]


def test_a_film_is_fetched_as_it_is_kept(server: Server) -> None:
    server.hold(stored())
    data = fetch(there(server.pacs()))
    assert (cxr.read(data).pixels == cxr.read(stored()).pixels).all()
    assert dcmread(io.BytesIO(data)) == dcmread(io.BytesIO(stored()))


def test_the_spine_takes_a_film_of_a_pacs(server: Server, phantom_model: cxr.Classifier) -> None:
    server.hold(stored())
    found = cxr.assess(there(server.pacs()), phantom_model)
    assert found.scored[0].probabilities == (
        cxr.assess(stored(), phantom_model).scored[0].probabilities
    )
    gone = cxr.assess(there(server.pacs(), 9), phantom_model)
    assert gone.refusal is not None
    assert gone.refusal.code == "not_in_pacs"


@pytest.mark.parametrize(
    ("wanted", "studies"),
    [
        ({}, [3, 2, 1]),
        ({"since": date(2026, 11, 2)}, [3, 2]),
        ({"until": date(2026, 11, 2)}, [2, 1]),
        ({"since": date(2026, 11, 2), "until": date(2026, 11, 2)}, [2]),
        ({"modality": "DX"}, [2]),
        ({"accession": "ACC3"}, [3]),
        ({"accession": "ACC*"}, [3, 2, 1]),
        ({"accession": "none"}, []),
        ({"body_part": "ABDOMEN"}, [4]),
        ({"body_part": ""}, [4, 3, 2, 1]),
    ],
)
def test_films_are_searched_for(
    server: Server, wanted: dict[str, object], studies: list[int]
) -> None:
    server.hold(
        stored(study=1),
        stored(study=2, StudyDate="20261102", Modality="DX", BodyPartExamined="TORAX"),
        stored(study=3, StudyDate="20261103", BodyPartExamined=None),
        stored(study=4, StudyDate="20261104", BodyPartExamined="ABDOMEN"),
        stored(study=5, Modality="CT"),
    )
    assert listed(server, **wanted) == [uids(study=number)[2] for number in studies]


def test_films_that_name_no_part_are_chest_films_and_are_counted_where_they_are_left_out(
    server: Server,
) -> None:
    parts = ("CHEST", None, "", "KNEE")
    server.hold(*(stored(study=n, BodyPartExamined=part) for n, part in enumerate(parts)))
    found = search(server.pacs(), Query())
    titles = {film.film.study: film.title for film in found.films}
    assert set(titles) == {uids(study=n)[0] for n in range(3)}
    assert "· no part named ·" in titles[uids(study=1)[0]]
    assert found.notes == ("1 series of other parts of the body are left out.",)
    found = search(server.pacs(), Query(body_part="knee"))
    assert [film.film.study for film in found.films] == [uids(study=3)[0]]
    assert found.notes == (
        "1 series of other parts of the body are left out.",
        "2 series of which the PACS names no part of the body are left out.",
    )
    assert search(server.pacs(), Query(body_part="")).notes == ()
    assert code(lambda: Query(body_part="A" * 17)) == "bad_query"


@pytest.mark.parametrize("counts", [True, False])
def test_what_is_left_out_is_said(server: Server, counts: bool) -> None:
    server.counts = counts
    server.hold(stored(1), *(stored(number, 2) for number in range(30)))
    server.hold(stored(1, 3, BodyPartExamined="KNEE"))
    found = search(server.pacs(), Query())
    assert [film.film.instance for film in found.films] == [uids()[2]]
    assert "1 series of other parts" in " ".join(found.notes)
    assert "1 series of more than 20 images" in " ".join(found.notes)


def test_a_study_of_2_000_images_is_not_fetched(server: Server) -> None:
    server.hold(stored())
    (one,) = server.heads.values()
    for number in range(2000):
        server.heads[str(number)] = Dataset(one)
    found = search(server.pacs(), Query())
    assert not found.films
    assert "20 images" in found.notes[0]
    assert len(server.asked) == 3  # studies of two modalities, series


def test_more_films_than_asked_for_are_said(server: Server) -> None:
    server.hold(*(stored(study=number) for number in range(60)))
    found = search(server.pacs(), Query(most=5))
    assert len(found.films) == 5
    assert "more than 5" in found.notes[0]
    assert len(listed(server, most=200)) == 60  # page by page


def test_a_pacs_that_passes_over_the_filters_changes_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicomweb_server._matches", lambda *_: True)
    server.hold(
        stored(study=1), stored(study=2, StudyDate="20261102"), stored(study=3, Modality="CT")
    )
    assert listed(server, until=date(2026, 11, 1)) == [uids(study=1)[2]]


def test_a_film_is_read_once_its_report_is_there(server: Server, made: list[bytes]) -> None:
    server.hold(stored(1), stored(2))
    assert len(listed(server, unread=True)) == 2
    assert store(server.pacs(), made) == (2, 0)
    assert listed(server, unread=True) == [uids(2)[2]]
    found = {film.film.instance: film.read for film in search(server.pacs(), Query()).films}
    assert found == {uids(1)[2]: True, uids(2)[2]: False}  # and our picture is no film to read


def test_studies_beyond_what_is_looked_at_are_said(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.dicomweb.query._MOST_PAGES", 1)
    server.hold(*(stored(study=number) for number in range(51)))
    found = search(server.pacs(), Query(most=200))
    assert len(found.films) == 50
    assert "Only 50 studies with CR" in found.notes[0]


def test_a_reference_is_three_uids() -> None:
    assert reference("1.2/3.4/5.6") == Reference("1.2", "3.4", "5.6")
    for text in ("", "1.2/3.4", "1/2/3/4", "../../x", "1.2/3.4/5.6?x=1", "1.2/3.4/" + "5" * 65):
        assert code(reference, text) == "bad_reference"
