"""Whether the self-test finds what is wrong, and passes where nothing is."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cxr
from cxr.__main__ import main
from cxr.screening import selftest
from ui.server import health


@pytest.fixture
def known(tmp_path: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scores that were kept of the tests' network."""
    monkeypatch.setattr(selftest, "KNOWN", tmp_path / "known.json")
    selftest.learn(phantom_model)
    return tmp_path / "known.json"


def well(model: cxr.Classifier) -> dict[str, bool]:
    return {check.name: check.well for check in selftest.selftest(model)}


def test_the_shipped_network_scores_drawings_as_it_did(
    lungs_looked_for: None, capsys: pytest.CaptureFixture[str]
) -> None:
    model = cxr.load()
    assert model.bundle.digest in json.loads(selftest.KNOWN.read_text()), (
        "the network is another one: python -m cxr selftest --learn"
    )
    assert well(model) == {"network": True, "lungs": True, "scores": True}
    assert main(["selftest"]) == 0
    assert capsys.readouterr().out.count("ok  ") == 3


def test_scores_that_are_off_are_found(known: Path, phantom_model: cxr.Classifier) -> None:
    assert well(phantom_model)["scores"]
    kept = json.loads(known.read_text())
    label = phantom_model.labels[0]
    kept[phantom_model.bundle.digest]["clear"][label] += 0.01
    known.write_text(json.dumps(kept))
    assert not well(phantom_model)["scores"]
    assert main(["selftest", "--model", str(phantom_model.bundle.folder)]) == 1


def test_without_the_network_that_finds_lungs_it_fails(
    known: Path, phantom_model: cxr.Classifier
) -> None:
    assert not well(phantom_model)["lungs"]  # the tests let drawings in without it


Asked = Callable[[], tuple[int, dict[str, Any]]]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The endpoint, which has not looked yet: status and what it says."""
    monkeypatch.setattr(health, "_last", [])
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    monkeypatch.setenv("CXR_STUDY", str(tmp_path / "study.sqlite3"))

    def answer() -> tuple[int, dict[str, Any]]:
        found = asyncio.run(health.health())
        return found.status_code, json.loads(bytes(found.body))

    return answer


def test_the_endpoint_says_that_all_is_well(asked: Asked, lungs_looked_for: None) -> None:
    status, told = asked()
    assert status == 200
    assert set(told["checks"].values()) == {"ok"}
    assert told["notice"] == cxr.NOTICE


def test_the_endpoint_says_what_is_not_and_no_path(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "audit.sqlite3"
    broken.write_bytes(b"no database" * 999)

    def gone(folder: object = None) -> cxr.Classifier:
        raise cxr.BundleError("altered_file", "A file was altered.")

    monkeypatch.setattr(health, "load", gone)
    status, told = asked()
    assert status == 503
    assert told["checks"] == {
        "network": "altered_file",
        "verdicts": "ok",
        "answers": "ok",
        "audit log": "not_a_store",
    }
    broken.unlink()
    assert asked() == (status, told)  # told again, not looked at again


def test_the_endpoint_looks_at_the_networks_that_the_app_goes_by(
    asked: Asked, phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "models"
    shutil.copytree(phantom_model.bundle.folder, shelf / "ours")
    with (shelf / "ours" / "model.tflite").open("ab") as network:
        network.write(b"!")
    monkeypatch.setenv("CXR_MODELS", str(shelf))
    monkeypatch.setenv("CXR_STUDY", "mysql://nowhere")
    status, told = asked()
    assert status == 503
    assert told["checks"]["network"] == "altered_file"
    assert told["checks"]["answers"] == "bad_store_setting"
