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
    listening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("cxr.pacs.receive.os.fsync", full)
        assert sent(listening, stored()) == [receive.NO_ROOM]
    assert not list((tmp_path / "films").iterdir())
    assert sent(listening, stored()) == [receive.STORED]


def test_nothing_else_is_taken(listening: Any, tmp_path: Path) -> None:
    assert sent(listening, stored(), sender="STRANGER") == []
    assert sent(listening, stored(), to="OTHER") == []
    with pytest.raises(ValueError, match="presentation context"):
        sent(listening, stored(SOPClassUID=CT))
    assert not (tmp_path / "films").exists()


def test_a_port_that_is_taken_is_said(listening: Any, tmp_path: Path) -> None:
    with pytest.raises(PacsError) as caught:
        receive.listen(tmp_path, listening.server_address[1], "127.0.0.1", "CXRLENS")
    assert caught.value.code == "port_taken"
