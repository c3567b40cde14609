"""Read under a network whose labels have names of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from appwalk import accepted, click, text, upload
from films import film, png
from streamlit.testing.v1 import AppTest

import cxr
from cxr.model.bundle import MANIFEST, manifest_values, write_manifest
from ui.transfer import samples


@pytest.fixture
def app(phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with one model, labels NORMAL and PNEUMONIA."""
    folder = tmp_path / "models" / "own"
    shutil.copytree(phantom_model.bundle.folder, folder)
    values = {**manifest_values(folder), "labels": ["NORMAL", "PNEUMONIA"]}
    (folder / MANIFEST).unlink()
    write_manifest(folder, values)
    monkeypatch.setenv("CXR_MODELS", str(folder.parent))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return accepted()


def test_samples_stand_under_the_network_s_own_names(app: AppTest) -> None:
    heads = [each.value for each in app.markdown if each.value.startswith("**")]
    assert [head.split("**")[1] for head in heads] == ["NORMAL", "PNEUMONIA", "Drawn phantoms"]
    assert samples.OTHER not in "".join(heads)
    assert samples.MISSING not in text(app)
    click(app, "take-child-01")
    assert 'class="cxr-bars"' in text(app)
    assert "given as P." in text(app)


def test_what_a_film_is_known_to_be_has_the_key_that_its_label_begins_with(app: AppTest) -> None:
    upload(app, ("a.png", png(film(300, 260))))
    for label, key in {"NORMAL": "shift+n", "PNEUMONIA": "shift+p"}.items():
        assert app.button(key=f"known-{label}").proto.shortcut == key
