"""The whole way through a real PACS: a film arrives, is found, fetched, read, and its results are
there for the next one who looks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import requests
from orthanc import running
from pacsfilms import stored, there, uids
from pydicom import dcmread
from pynetdicom import AE

import cxr
from cxr.__main__ import main
from cxr.dicom_out.marks import MarkedRegion
from cxr.dicom_out.results import results
from cxr.dicomweb.client import fetch, store
from cxr.dicomweb.query import Query, search
from cxr.dicomweb.reference import Reference
from cxr.dicomweb.settings import Pacs
from cxr.errors import PacsError
from cxr.pacs import receive


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pacs, int]]:
    with running(tmp_path_factory.mktemp("orthanc")) as found:
        modality = AE("MODALITY")
        for kind in {str(dcmread(io.BytesIO(data)).SOPClassUID) for data in FILMS}:
            modality.add_requested_context(kind)
        link = modality.associate("127.0.0.1", found[1], ae_title="ORTHANC")
        assert link.is_established
        for data in FILMS:
            assert link.send_c_store(dcmread(io.BytesIO(data))).Status == 0
        link.release()
        yield found


@pytest.fixture
def pacs(orthanc: tuple[Pacs, int]) -> Pacs:
    return orthanc[0]


FILMS = [
    stored(study=1),
    stored(study=2, StudyDate="20261102", BodyPartExamined="TORAX", PatientName="Иванов^Иван",
           SpecificCharacterSet="ISO_IR 192"),
    stored(study=3, StudyDate="20261103", BodyPartExamined="KNEE"),
    stored(study=4, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
    *(stored(number, 2, study=5, StudyDate="20261105") for number in range(25)),
    stored(study=6, StudyDate="20261031", BodyPartExamined=None),
]  # fmt: skip


def found(pacs: Pacs, **wanted: object) -> list[str]:
    return [film.film.study for film in search(pacs, Query(**wanted)).films]


def studies(*numbers: int) -> list[str]:
    return [uids(study=number)[0] for number in numbers]


def test_films_are_found(pacs: Pacs) -> None:
    assert found(pacs) == studies(2, 1, 6), "a film that names no part may be of the chest"
    assert found(pacs, since=date(2026, 11, 2)) == studies(2)
    assert found(pacs, until=date(2026, 11, 1)) == studies(1, 6)
    assert found(pacs, accession="ACC1") == studies(1)
    assert found(pacs, body_part="KNEE") == studies(3)
    assert found(pacs, modality="DX") == []
    assert found(pacs, body_part="") == studies(3, 2, 1, 6)
    assert "1 series of which the PACS names no part" in " ".join(
        search(pacs, Query(body_part="KNEE")).notes
    )
    said = " ".join(search(pacs, Query()).notes)
    assert "1 series of other parts" in said
    assert "1 series of more than 20 images" in said


def test_a_film_comes_as_it_was_sent(pacs: Pacs) -> None:
    for study in (1, 2):
        film = dcmread(io.BytesIO(fetch(there(pacs, study=study))))
        assert film.PixelData == dcmread(io.BytesIO(stored())).PixelData
    assert str(film.PatientName) == "Иванов^Иван"
    with pytest.raises(PacsError) as caught:
        fetch(there(pacs, study=9))
    assert caught.value.code == "not_in_pacs"
    with pytest.raises(PacsError) as caught:
        fetch(there(replace(pacs, password="wrong")))
    assert caught.value.code == "pacs_login"


def test_results_are_sent_once_and_the_film_is_read(
    pacs: Pacs, phantom_model: cxr.Classifier
) -> None:
    film = there(pacs, study=1)
    data = fetch(film)
    region = MarkedRegion((1, 2, 3, 4), {"T": 0.5})
    made = results(data, cxr.assess(film, phantom_model), phantom_model, region=region)
    assert found(pacs, unread=True) == studies(2, 1, 6)
    assert store(pacs, [each.data for each in made]) == (2, 0)
    assert store(pacs, [each.data for each in made]) == (0, 2)
    assert found(pacs, unread=True) == studies(2, 6)
    for each in made:
        kept = dcmread(io.BytesIO(fetch(Reference(each.study, each.series, each.instance, pacs))))
        sent = dcmread(io.BytesIO(each.data))
        assert kept.PatientName == sent.PatientName
        assert kept.get("PixelData") == sent.get("PixelData")
        assert kept.get("ContentSequence") == sent.get("ContentSequence")


def test_the_command_line_goes_the_whole_way(
    pacs: Pacs,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = tmp_path / "pacs.toml"
    settings.write_text(f'url = "{pacs.url}"\nuser = "{pacs.user}"\npassword = "{pacs.password}"\n')
    monkeypatch.setenv("CXR_PACS", str(settings))
    bundle = ["--model", str(phantom_model.bundle.folder)]
    assert main(["pacs", "query", "--accession", "ACC2"]) == 0
    assert str(there(None, study=2)) in capsys.readouterr().out
    assert main(["pacs", "fetch", "--out", str(tmp_path / "films"), "--accession", "ACC2"]) == 0
    (path,) = (tmp_path / "films").iterdir()
    assert path.stem == uids(study=2)[2]
    capsys.readouterr()
    for told in ("2 sent, 0 there already", "0 sent, 2 there already"):
        assert main(["pacs", "send", str(path), *bundle]) == 0
        assert told in capsys.readouterr().out
    window = ["--window", "100", "50"]
    assert main(["pacs", "send", str(path), *window, *bundle]) == 0
    assert "1 sent, 2 there already" in capsys.readouterr().out
    assert main(["pacs", "query", "--accession", "ACC2", "--unread"]) == 0
    assert not capsys.readouterr().out


def test_what_it_sends_by_c_store_is_received(pacs: Pacs, tmp_path: Path) -> None:
    server = receive.listen(tmp_path, 0, "127.0.0.1", "CXRLENS")
    try:
        base = pacs.url.removesuffix("/dicom-web")
        login = (pacs.user, pacs.password)
        peer = {"AET": "CXRLENS", "Host": "127.0.0.1", "Port": server.server_address[1]}
        requests.put(f"{base}/modalities/lens", json=peer, auth=login, timeout=60)
        wanted = {"Level": "Instance", "Query": {"AccessionNumber": "ACC1", "Modality": "CR"}}
        (name,) = requests.post(f"{base}/tools/find", json=wanted, auth=login, timeout=60).json()
        sent = requests.post(f"{base}/modalities/lens/store", data=name, auth=login, timeout=60)
        sent.raise_for_status()
    finally:
        server.shutdown()
    (path,) = tmp_path.iterdir()
    assert (cxr.read(path).pixels == cxr.read(stored()).pixels).all()
