"""How a PACS is set up, and the commands that ask it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dicomweb_server import Server
from pacsfilms import code, stored, there

from cxr.__main__ import main
from cxr.dicomweb.settings import Pacs, configured, from_file
from cxr.errors import PacsError


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
