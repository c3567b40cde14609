"""What becomes of films and runs where an object store fails, is empty or goes; no server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from screening import chest, rows, screen

import cxr
from cxr.batch import run
from cxr.errors import ScreenError
from cxr.sources.films import fetcher, films


class Drawn:
    """A store of fsspec's kind: each folder's own objects and folders."""

    def __init__(self, folders: dict[str, list[tuple[str, str]]]) -> None:
        self._folders = folders

    def ls(self, name: str, detail: bool) -> list[dict[str, Any]]:
        found = self._folders[name]
        return [{"name": each, "type": kind, "size": 1} for each, kind in found]

    def unstrip_protocol(self, name: str) -> str:
        return f"drawn://{name}"

    def _strip_protocol(self, url: str) -> str:
        return url.removeprefix("drawn://")


def raises(kind: type[Exception]) -> Callable[..., None]:
    def fails(*_: Any, **__: Any) -> None:
        raise kind("told")

    return fails


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """The store that every URL is of."""
    found = Drawn({})
    core = SimpleNamespace(url_to_fs=lambda url, **_: (found, found._strip_protocol(url)))
    monkeypatch.setitem(sys.modules, "fsspec", SimpleNamespace(core=core))
    monkeypatch.setitem(sys.modules, "fsspec.core", core)
    return found


def test_an_object_and_a_folder_may_have_one_name(drawn: Drawn) -> None:
    drawn._folders = {
        "vans": [("vans/a", "directory"), ("vans/a", "file"), ("vans/b", "file")],
        "vans/a": [("vans/a/c", "file")],
    }
    found = [each.path.decode() for each in films("drawn://vans")]
    assert found == [f"drawn://vans/{name}" for name in ("a", "b", "a/c")]


@pytest.mark.parametrize("kind", [OSError, PermissionError, type("ClientError", (Exception,), {})])
def test_a_store_that_fails_is_away(
    kind: type[Exception], drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "ls", raises(kind))
    with pytest.raises(ScreenError, match=f"{kind.__name__}.*store_away"):
        list(films("drawn://vans"))


@pytest.mark.parametrize("kind", [TypeError, KeyError, AssertionError])
def test_a_mistake_of_this_program_is_not_the_store_s(
    kind: type[Exception], drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "ls", raises(kind))
    with pytest.raises(kind, match="told"):
        list(films("drawn://vans"))


def test_what_a_store_refuses_of_one_object_is_the_film_s(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = [{"size": 1}, {"size": 1}, {"size": 1}]

    def info(name: str) -> dict[str, Any]:
        if not told:
            raise PermissionError("ExpiredToken")
        return told.pop()

    def cat_file(name: str) -> bytes:
        raise PermissionError("InvalidObjectState")

    monkeypatch.setattr(drawn, "info", info, raising=False)
    monkeypatch.setattr(drawn, "cat_file", cat_file, raising=False)
    fetch = fetcher("drawn://vans")
    with pytest.raises(cxr.UnreadableFile) as refused:
        fetch(b"drawn://vans/a")
    assert refused.value.code == "not_found"
    with pytest.raises(ScreenError, match="store_away"):
        fetch(b"drawn://vans/a")  # the keys ran out between the two


class Inbox(Drawn):
    """A store's one folder, which may be empty, or away."""

    def __init__(self) -> None:
        super().__init__({})
        self.films: dict[str, bytes] = {}
        self.away = False
        self.given = 0
        """How many films it gives out before it goes once, where that is not 0."""

    def ls(self, name: str, detail: bool) -> list[dict[str, Any]]:
        if self.away:
            raise OSError("no answer")
        if not self.films:
            raise FileNotFoundError(name)
        return [{"name": each, **self.info(each)} for each in self.films]

    def info(self, name: str) -> dict[str, Any]:
        return {"type": "file", "size": len(self.films[name])}

    def cat_file(self, name: str) -> bytes:
        self.given -= 1
        if self.given == 0:
            raise OSError("no answer")
        return self.films[name]


@pytest.fixture
def inbox(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    found = Inbox()
    monkeypatch.setattr(
        sys.modules["fsspec.core"],
        "url_to_fs",
        lambda url, **_: (found, found._strip_protocol(url)),
    )
    return found


def test_a_store_that_is_empty_or_away_for_a_while_ends_no_watch(
    inbox: Inbox,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out.parquet"

    def steps() -> Iterator[None]:
        """What happens between one look and the next."""
        yield None  # it is empty
        inbox.films["vans/a.png"] = chest(1)
        yield None
        yield None
        assert len(rows(out)) == 1
        inbox.away = True
        yield None
        yield None
        inbox.away = False
        yield None
        assert capsys.readouterr().err.count("[store_away]") == 1
        inbox.films |= {"vans/b.png": chest(2), "vans/c.png": chest(3)}
        inbox.given = 1
        yield None
        yield None
        assert len(rows(out)) == 1, "it went while they were fetched"
        yield None
        assert len(rows(out)) == 3
        assert capsys.readouterr().err.count("[store_away]") == 1
        raise KeyboardInterrupt

    between = steps()
    monkeypatch.setattr(run, "sleep", lambda seconds: next(between))
    assert screen("drawn://vans", out, phantom_model, "--watch", "--workers", "1") == 130


def test_a_store_that_is_away_when_a_watch_begins_is_said(
    inbox: Inbox, phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox.away = True
    assert screen("drawn://vans", tmp_path / "out.parquet", phantom_model, "--watch") == 2
    assert "[store_away]" in capsys.readouterr().err
