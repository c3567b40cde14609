"""Whatever a PACS may fail at is a sentence, and names no patient."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dicomweb_server import Server, serving
from pacsfilms import code, stored, there, uids

import cxr
from cxr.dicomweb import session
from cxr.dicomweb.client import fetch, store
from cxr.dicomweb.query import Query, search
from cxr.errors import PacsError


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
