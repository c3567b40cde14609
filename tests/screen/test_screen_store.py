"""Films in an object store: a server of S3 that the tests start."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from screening import chest, rows, screen

import cxr
from cxr.batch import engine, run
from cxr.batch.results import Results
from cxr.batch.source import fetcher, films
from cxr.batch.watch import Looks
from cxr.errors import ScreenError

wants_s3 = pytest.mark.skipif(
    find_spec("s3fs") is None or find_spec("moto") is None,
    reason="s3fs or moto is not installed: make s3",
)
BUCKET = "s3://programme"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Any]:
    """A server whose bucket holds the folder's films."""
    import boto3
    from moto.server import ThreadedMotoServer

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name, value in {
        "ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "ACCESS_KEY_ID": "key",
        "SECRET_ACCESS_KEY": "secret",
        "DEFAULT_REGION": "us-east-1",
        "MAX_ATTEMPTS": "1",
        "CONFIG_FILE": "/nowhere",
        "SHARED_CREDENTIALS_FILE": "/nowhere",
        "EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    client = boto3.client("s3")
    client.create_bucket(Bucket="programme")
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        key = f"vans/{path.relative_to(folder)}"
        client.put_object(Bucket="programme", Key=key, Body=path.read_bytes())
    client.put_object(Bucket="programme", Key="vans/sub/")  # as consoles make a folder
    yield server
    for each in client.list_objects_v2(Bucket="programme")["Contents"]:
        client.delete_object(Bucket="programme", Key=each["Key"])
    client.delete_bucket(Bucket="programme")
    server.stop()


@wants_s3
def test_a_bucket_gives_what_its_folder_does(
    store: Any, folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    out = tmp_path / "store.parquet"
    assert screen(f"{BUCKET}/vans", out, phantom_model) == 0
    assert screen(folder, tmp_path / "folder.parquet", phantom_model) == 0
    expected = rows(tmp_path / "folder.parquet")
    for row in expected:
        for name in ("path", "laterals"):
            row[name] = row[name] and row[name].replace(str(folder), f"{BUCKET}/vans")
    assert rows(out) == expected
    assert Results(out).film(0) == (f"{BUCKET}/vans/0.png", (folder / "0.png").read_bytes())
    (alone,) = films(f"{BUCKET}/vans/sub/pa.dcm")
    assert alone.path == f"{BUCKET}/vans/sub/pa.dcm".encode()


@wants_s3
def test_a_store_that_goes_in_the_midst_costs_nothing(
    store: Any,
    phantom_model: cxr.Classifier,
    scored: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, out = tmp_path / "whole.parquet", tmp_path / "out.parquet"
    assert screen(f"{BUCKET}/vans", whole, phantom_model) == 0
    once = len(scored)
    scored.clear()
    keep, left = engine.Crew._keep, iter([False, False, True])

    def goes(crew: engine.Crew, *given: Any) -> None:
        keep(crew, *given)
        if next(left, False):
            store.stop()

    with monkeypatch.context() as patched:
        patched.setattr(engine.Crew, "_keep", goes)
        assert screen(f"{BUCKET}/vans", out, phantom_model, "--workers", "1") == 2
    assert "[store_away]" in capsys.readouterr().err
    assert not out.exists()
    store.start()
    assert screen(f"{BUCKET}/vans", out, phantom_model) == 0
    assert out.read_bytes() == whole.read_bytes()
    assert len(scored) == len(set(scored)) == once


@wants_s3
def test_an_object_that_is_another_is_scored_again_and_one_that_went_leaves(
    store: Any, phantom_model: cxr.Classifier, scored: list[str], tmp_path: Path
) -> None:
    import boto3

    out, client = tmp_path / "out.parquet", boto3.client("s3")
    assert screen(f"{BUCKET}/vans", out, phantom_model) == 0
    done = len(scored)
    client.put_object(Bucket="programme", Key="vans/0.png", Body=chest(20))
    client.delete_object(Bucket="programme", Key="vans/2.png")
    assert screen(f"{BUCKET}/vans", out, phantom_model) == 0
    assert len(scored) == done + 1
    found = {row["path"].rpartition("/")[2]: row for row in rows(out)}
    assert found["0.png"]["sha256"] == scored[-1]
    assert "2.png" not in found


@wants_s3
def test_an_object_that_the_store_keeps_back_is_a_row(
    store: Any, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    import boto3

    away = {"Key": "vans/0.png", "StorageClass": "GLACIER"}
    boto3.client("s3").put_object(Bucket="programme", Body=chest(20), **away)
    out = tmp_path / "out.parquet"
    assert screen(f"{BUCKET}/vans", out, phantom_model) == 0
    assert [row["path"] for row in rows(out) if row["refusal"] == "not_found"] == [
        f"{BUCKET}/vans/0.png"
    ]


@wants_s3
def test_a_store_is_watched_as_a_folder_is(store: Any) -> None:
    import boto3

    looks = Looks(f"{BUCKET}/vans", frozenset())
    assert not looks.another()
    assert looks.another()
    known = len(list(looks.whole()))
    boto3.client("s3").put_object(Bucket="programme", Key="vans/new.png", Body=chest(20))
    assert not looks.another(), "seen once"
    assert looks.another()
    assert len(list(looks.whole())) == known + 1


@wants_s3
def test_what_keeps_films_from_being_had_is_said(
    store: Any,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(source: str) -> str:
        assert screen(source, tmp_path / "out.parquet", phantom_model) == 2
        return capsys.readouterr().err

    assert "[no_source]" in refused("s3://nobodys/vans")
    assert "[no_source]" in refused(f"{BUCKET}/trains")
    assert "[no_fsspec]" in refused("nothing://programme")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "(NoCredentialsError)" in refused(f"{BUCKET}/vans")


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
    def fails(*_: Any, **__: Any) -> None:
        raise kind("no answer")

    monkeypatch.setattr(drawn, "ls", fails)
    with pytest.raises(ScreenError, match=f"{kind.__name__}.*store_away"):
        list(films("drawn://vans"))


@pytest.mark.parametrize("kind", [TypeError, KeyError, AssertionError])
def test_a_mistake_of_this_program_is_not_the_store_s(
    kind: type[Exception], drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise kind("of ours")

    monkeypatch.setattr(drawn, "ls", fails)
    with pytest.raises(kind, match="of ours"):
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


def test_without_fsspec_a_sentence_says_what_to_install(
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("fsspec", "fsspec.core"):
        monkeypatch.setitem(sys.modules, name, None)
    assert screen(f"{BUCKET}/vans", tmp_path / "out.parquet", phantom_model) == 2
    assert "pip install 'cxr-lens[s3]' [no_fsspec]" in capsys.readouterr().err
