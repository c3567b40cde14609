"""Films in an object store: a server of S3 that the tests start."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from screening import chest, rows, screen

import cxr
from cxr.batch import engine
from cxr.sources.films import films
from cxr.sources.watch import Looks
from cxr.worklist.results import Results

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
