"""Reviewing the films that a model learnt from, and correcting their labels alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from reviewpage import opened, press, ran, section, shown, text

from cxr.manifest import case_of
from cxr.metrics.predictions import LEARNT
from cxr.model.bundle import manifest_values, write_manifest

LEARNT_FILMS = {f"images/learnt{number}.png": number for number in range(3)}


@pytest.fixture
def with_train(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The room, three films of train besides: the first called right, two not."""
    data = Path(shutil.copytree(os.environ["CXR_DATA"], tmp_path / "data"))
    models = Path(shutil.copytree(os.environ["CXR_MODELS"], tmp_path / "models"))
    bundle = models / "room"
    values = manifest_values(bundle)
    rows = ["image,split,source,patient,label,display,logit_N,logit_T"]
    with (data / "manifest.csv").open("a") as file:
        for name, number in LEARNT_FILMS.items():
            shutil.copy(data / "images" / "000.png", data / name)
            label = "N" if number == 0 else "T"
            file.write(f"{name},{label},train,new,1,[]\n")
            rows.append(f"{name},train,new,{number},{label},1,{2 + number},0")
    (bundle / LEARNT).write_text("\n".join(rows) + "\n")
    write_manifest(bundle, values)
    monkeypatch.setenv("CXR_DATA", str(data))
    monkeypatch.setenv("CXR_MODELS", str(models))
    return place


def test_train_has_a_queue_of_its_own(with_train: Path) -> None:
    at = opened(split="train")
    assert "1 of 2" in text(at)
    assert shown(at) == case_of("images/learnt2.png"), "the surest call first"
    assert "Of a film that it learnt from no alike ones are shown." in text(at)
    assert at.selectbox(key="queue-source").options == ["All", "new"]


def test_train_alone_is_corrected_until_the_rest_is_asked_for(
    with_train: Path, cases: list[str]
) -> None:
    press(opened(), f"verdict-label_wrong-{cases[0]}")
    at = opened(split="train", case=case_of("images/learnt1.png"))
    press(at, f"verdict-label_wrong-{case_of('images/learnt1.png')}")
    section(at, "Corrected labels")
    said = text(at)
    assert "2 labels corrected" in said
    assert "test: 1 corrected, 1 film judged, 0 of them called right" in said
    assert "train: 1 corrected, 1 film judged, 0 of them called right" in said
    warned = at.warning[0].value
    assert "Most of the films of test that were judged were called wrong" in warned
    assert "under “Split” in the sidebar" in warned
    assert list(at.dataframe[0].value["film"]) == ["images/learnt1.png"]
    ran(at.toggle(key="relabel-all").set_value(True).run())
    assert len(at.dataframe[0].value) == 2
