"""Films that are sent by C-STORE."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pacsfilms import stored, uids
from pydicom import dcmread
from pynetdicom import AE

import cxr
from cxr.__main__ import main
from cxr.errors import PacsError
from cxr.pacs import receive

FILM = "1.2.840.10008.5.1.4.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Any]:
    server = receive.listen(tmp_path / "films", 0, "127.0.0.1", "CXRLENS", ["MODALITY"])
    yield server
    server.shutdown()


def sent(server: Any, *films: bytes, sender: str = "MODALITY", to: str = "CXRLENS") -> list[int]:
    """What the sender was told of each film; nothing where it was not let in."""
    entity = AE(sender)
    entity.add_requested_context(FILM)
    entity.add_requested_context(CT)
    link = entity.associate(*server.server_address, ae_title=to)
    if not link.is_established:
        return []
    told = [link.send_c_store(dcmread(io.BytesIO(data))).Status for data in films]
    link.release()
    return told


def test_films_are_written_as_they_came(listening: Any, tmp_path: Path) -> None:
    assert sent(listening, stored(1), stored(2), stored(1)) == [receive.STORED] * 3
    paths = sorted((tmp_path / "films").iterdir())
    assert [path.stem for path in paths] == sorted(uids(number)[2] for number in (1, 2))
    for path in paths:
        assert (cxr.read(path).pixels == cxr.read(stored()).pixels).all()


def test_a_film_that_was_not_written_is_not_taken(
    listening: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("cxr.pacs.receive.os.fsync", full)
        assert sent(listening, stored(), stored(2)) == [receive.NO_ROOM] * 2
    said = (
        "A film was not kept, and its sender was told so. "
        "A film cannot be written: No space left on device. [not_kept]"
    )
    assert capfd.readouterr().err.splitlines() == [said] * 2
    assert not list((tmp_path / "films").iterdir())
    assert sent(listening, stored()) == [receive.STORED]
    assert capfd.readouterr().err == ""


def test_a_file_that_no_film_has_is_not_taken_and_that_is_said(
    listening: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(receive, "MAX_BYTES", 100)
    assert sent(listening, stored()) == [receive.NOT_UNDERSTOOD]
    (line,) = capfd.readouterr().err.splitlines()
    assert "was not kept" in line
    assert uids()[2] not in line
    assert not list((tmp_path / "films").iterdir())


def test_a_folder_that_cannot_be_written_is_said_before_any_film_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PacsError) as caught:
        receive.listen(tmp_path / "file" / "films", 0, "127.0.0.1", "CXRLENS").shutdown()
    assert caught.value.code == "not_kept"
    assert main(["receive", str(tmp_path / "file"), "--port", "1"]) == 2
    told = capsys.readouterr()
    assert "[not_kept]" in told.err
    assert "takes films" not in told.out


def test_nothing_else_is_taken(listening: Any, tmp_path: Path) -> None:
    assert sent(listening, stored(), sender="STRANGER") == []
    assert sent(listening, stored(), to="OTHER") == []
    with pytest.raises(ValueError, match="presentation context"):
        sent(listening, stored(SOPClassUID=CT))
    assert not list((tmp_path / "films").iterdir())


def test_a_port_that_is_taken_is_said(listening: Any, tmp_path: Path) -> None:
    with pytest.raises(PacsError) as caught:
        receive.listen(tmp_path, listening.server_address[1], "127.0.0.1", "CXRLENS")
    assert caught.value.code == "port_taken"
