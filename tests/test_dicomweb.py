"""Films from a PACS and results to it, and whatever a PACS may fail at."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dicomweb_server import Server, serving
from pacsfilms import stored, there, uids
from pydicom import dcmread
from pydicom.dataset import Dataset

import cxr
from cxr.__main__ import main
from cxr.dicom_out.results import results
from cxr.dicomweb import session
from cxr.dicomweb.client import fetch, store
from cxr.dicomweb.query import Query, search
from cxr.dicomweb.reference import Reference, reference, series_of
from cxr.dicomweb.settings import Pacs, configured, from_file
from cxr.errors import PacsError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(session, "PAUSE", 0.0)
    with serving() as server:
        yield server


@pytest.fixture
def made(phantom_model: cxr.Classifier) -> list[bytes]:
    """Report and picture of the first film."""
    found = cxr.assess(stored(), phantom_model)
    return [each.data for each in results(stored(), found, phantom_model)]


def listed(server: Server, **wanted: object) -> list[str]:
    return [film.film.instance for film in search(server.pacs(), Query(**wanted)).films]


def code(call: object, *args: object) -> str:
    with pytest.raises(PacsError) as caught:
        call(*args)  # type: ignore[operator]
    return caught.value.code


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


def test_nothing_is_sent_twice(server: Server, made: list[bytes]) -> None:
    server.hold(stored())
    assert store(server.pacs(), made) == (2, 0)
    assert store(server.pacs(), made) == (0, 2)
    assert store(server.pacs(), made[:1]) == (0, 1)
    assert len(server.stored) == 2
    kept = [dcmread(io.BytesIO(server.held[each])) for each in server.stored]
    assert [ds.SeriesInstanceUID for ds in kept] == [
        series_of(kind, uids()[2]) for kind in ("report", "picture")
    ]


def test_an_answer_that_is_lost_sends_nothing_twice(server: Server, made: list[bytes]) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "loses"]  # study, two series, then what is sent
    assert store(server.pacs(), made) == (2, 0)
    assert len(server.stored) == 2


def test_results_that_a_pacs_refuses_are_sent_again_and_not_lost(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "refuses", "", "", "refuses"]
    assert code(store, server.pacs(), made) == "pacs_failed"
    assert len(server.held) == 1
    assert store(server.pacs(), made) == (2, 0)


def test_results_that_a_pacs_takes_and_does_not_keep_are_said(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "forgets", "", "", "forgets"]
    assert code(store, server.pacs(), made) == "not_stored"
    assert len(server.stored) == 4, "sent once more"
    assert store(server.pacs(), made) == (2, 0)


def test_results_of_a_study_that_is_not_there_are_not_sent(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored(study=2))
    assert code(store, server.pacs(), made) == "no_study_there"
    assert not server.stored


def test_a_login_that_is_refused_as_results_are_sent_is_not_tried_again(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "401"]
    assert code(store, server.pacs(), made) == "pacs_login"
    assert len(server.asked) == 4


def test_studies_beyond_what_is_looked_at_are_said(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.dicomweb.query._MOST_PAGES", 1)
    server.hold(*(stored(study=number) for number in range(51)))
    found = search(server.pacs(), Query(most=200))
    assert len(found.films) == 50
    assert "Only 50 studies with CR" in found.notes[0]


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["503"], None),
        (["503", "503"], "pacs_busy"),
        (["500"], "pacs_failed"),
        (["401"], "pacs_login"),
        (["404"], "not_in_pacs"),
        (["silent", "silent"], "pacs_slow"),
        (["drips", "drips"], "pacs_slow"),
        (["web page", "web page"], "half_an_answer"),
        (["half"], None),
        (["half", "half"], "half_an_answer"),
        (["half, unsaid"], None),
        (["half, unsaid", "half, unsaid"], "half_an_answer"),
        (["other"], "other_film"),
    ],
)
def test_a_fault_is_a_sentence_and_is_asked_again_where_that_helps(
    server: Server, faults: list[str], said: str | None
) -> None:
    server.hold(stored(1), stored(2))
    server.faults = list(faults)
    patient = server.pacs()
    pacs = server.pacs(seconds=0.1) if said == "pacs_slow" else patient
    if said is None:
        assert cxr.read(fetch(there(pacs))).pixels.size
    else:
        assert code(fetch, there(pacs)) == said
    assert not server.faults
    assert cxr.read(fetch(there(patient))).pixels.size  # nothing was kept of the fault


def test_an_answer_that_is_larger_than_a_film_is_not_taken(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.hold(stored())
    whole = len(stored())
    monkeypatch.setattr(session, "MAX_BYTES", whole)
    assert cxr.read(fetch(there(server.pacs()))).pixels.size
    monkeypatch.setattr(session, "MAX_BYTES", whole // 2)
    assert code(fetch, there(server.pacs())) == "pacs_too_large"
    assert len(server.asked) == 2, "it is not asked for again"


def test_a_certificate_that_nobody_knows_is_said(server: Server, tmp_path: Path) -> None:
    server.hold(stored())
    certificate, key = self_signed(tmp_path)
    server.prove(certificate, key)
    assert code(fetch, there(server.pacs("https"))) == "pacs_certificate"
    assert not server.asked
    assert cxr.read(fetch(there(server.pacs("https", ca=str(certificate))))).pixels.size


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pacs")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "pacs.crt", folder / "pacs.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


@pytest.mark.parametrize("fault", ["503", "silent", "web page", "half", "half, unsaid"])
def test_a_search_fails_with_a_sentence(server: Server, fault: str) -> None:
    server.hold(stored())
    server.faults = [fault, fault]
    with pytest.raises(PacsError) as caught:
        search(server.pacs(seconds=0.1), Query(accession="ACC1"))
    assert "ACC1" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_pacs_that_is_down_is_said_to_be() -> None:
    with serving() as server:
        pacs = server.pacs()
    assert code(fetch, there(pacs)) == "pacs_down"


def test_a_login_is_sent_and_a_wrong_one_said(server: Server) -> None:
    server.hold(stored())
    server.login = "jörg:geheim:1"
    assert cxr.read(fetch(there(server.pacs(user="jörg", password="geheim:1"))))
    asked = len(server.asked)
    assert code(fetch, there(server.pacs(user="jörg", password="x"))) == "pacs_login"
    assert len(server.asked) == asked + 1  # asked again, an account would be locked
    assert "geheim" not in repr(server.pacs(user="jörg", password="geheim:1"))


def test_nothing_of_a_patient_is_logged(
    server: Server, made: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.hold(stored())
    search(server.pacs(), Query(accession="ACC1"))
    store(server.pacs(), made)
    assert "ACC1" not in caplog.text
    assert "ller" not in caplog.text
    assert uids()[0] not in caplog.text


def test_a_pacs_is_set_up_by_an_address_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXR_PACS", raising=False)
    assert configured() is None
    monkeypatch.setenv("CXR_PACS", "https://pacs.example/dicom-web")
    assert configured() == Pacs("https://pacs.example/dicom-web")
    file = tmp_path / "pacs.toml"
    file.write_text(
        'url = "http://10.0.0.1:8042/dicom-web"\nuser = "a"\npassword = "b"\nseconds = 5\n'
    )
    monkeypatch.setenv("CXR_PACS", str(file))
    assert configured() == Pacs("http://10.0.0.1:8042/dicom-web", "a", "b", seconds=5)


@pytest.mark.parametrize(
    "text",
    [
        'url = "ftp://pacs"',
        'url = "http://user:secret@pacs/"',
        'url = "http://pacs"\nsecret = "secret"',
        'url = "http://pacs"\npassword = 7',
        'url = "http://pacs"\nseconds = 0',
        'user = "secret"',
        'password = "secret',
    ],
)
def test_wrong_settings_are_said_and_no_password_with_them(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pacs.toml"
    file.write_text(text)
    with pytest.raises(PacsError) as caught:
        from_file(file)
    assert caught.value.code == "bad_pacs"
    assert '"secret' not in str(caught.value)
    assert code(from_file, tmp_path / "gone.toml") == "bad_pacs"


def test_a_reference_is_three_uids() -> None:
    assert reference("1.2/3.4/5.6") == Reference("1.2", "3.4", "5.6")
    for text in ("", "1.2/3.4", "1/2/3/4", "../../x", "1.2/3.4/5.6?x=1", "1.2/3.4/" + "5" * 65):
        assert code(reference, text) == "bad_reference"


@pytest.mark.parametrize("search", [["--unread"], ["--modality", "DX"], ["--most", "3"]])
def test_films_that_are_named_are_not_searched_for(
    search: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXR_PACS", "https://pacs.example/dicom-web")
    for asked in (["fetch", "1.2/1.3/1.4", "--out", "films"], ["send", "1.2/1.3/1.4"]):
        assert main(["pacs", *asked, *search]) == 2
        assert "[bad_request]" in capsys.readouterr().err
    assert main(["pacs", "send", "1.2/1.3/1.4", "--method", "gradcam"]) == 2
    assert "say --class too" in capsys.readouterr().err


def test_a_film_that_cannot_be_read_or_written_is_said(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(stored())
    server.hold(stored())
    monkeypatch.setenv("CXR_PACS", server.pacs().url)
    assert main(["pacs", "fetch", str(there(None)), "--out", str(film / "in the way")]) == 1
    assert "Not a directory. [not_kept]" in capsys.readouterr().err
    read = Path.read_bytes

    def broken(path: Path) -> bytes:
        if path == film:
            raise OSError(5, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    assert main(["pacs", "send", str(film)]) == 1
    assert "Input/output error. [not_kept]" in capsys.readouterr().err
    assert not server.stored
