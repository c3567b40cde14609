"""The films that can be tried without an upload."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import cxr
from cxr.teaching import phantom, samples

COLUMNS = ["image", "label", "split", "source", "display", "recommended", "flags"]


def test_the_films_are_those_of_the_table() -> None:
    table = (samples.FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (child-\d\d)\.jpg \| ([NP]) \| \S+ \| (\w{64}) \|$", table, re.M)
    assert len(rows) == 16
    shipped = {sample.name: sample for sample in samples.shipped()}
    for name, label, digest in rows:
        data = shipped[name].data()
        assert shipped[name].label == label
        assert hashlib.sha256(data).hexdigest() == digest
        assert min(cxr.read(data).pixels.shape) > 500


@pytest.mark.parametrize("sample", samples.phantoms(), ids=lambda sample: sample.kind)
def test_a_phantom_is_always_the_same_and_says_that_it_is_drawn(sample: samples.Sample) -> None:
    film = cxr.read(sample.data()).eight_bit
    assert np.array_equal(film, phantom.draw(sample.kind))
    lettering = film[975:1015]
    assert (lettering == 255).sum() > 1000
    assert (film == 255).sum() == (lettering == 255).sum()


def test_phantoms_differ_in_the_lung_that_has_the_opacity() -> None:
    clear, upper, lower = (phantom.draw(kind).astype(int) for kind in ("clear", "upper", "lower"))
    assert (upper - clear)[270:390, 270:390].mean() > 20
    assert (lower - clear)[620:700, 720:780].mean() > 20
    assert np.array_equal(upper[:, 512:], clear[:, 512:])


def write_manifest(folder: Path, **changed: str) -> None:
    row = dict(zip(COLUMNS, ["a.png", "T", "val", "site", "1", "1", ""], strict=True)) | changed
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerow(row)


@pytest.mark.parametrize(
    ("changed", "offered"),
    [
        ({}, 1),
        ({"split": "test"}, 1),
        ({"display": "0"}, 0),
        ({"split": "train"}, 0),
        ({"split": "external"}, 0),
        ({"recommended": "0"}, 0),
        ({"flags": "white_box"}, 0),
        ({"image": "../a.png"}, 0),
        ({"image": "/a.png"}, 0),
    ],
)
def test_only_films_that_may_be_shown_are_offered(
    tmp_path: Path, changed: dict[str, str], offered: int
) -> None:
    write_manifest(tmp_path, **changed)
    assert len(samples.from_dataset(tmp_path).get("T", ())) == offered


def test_a_folder_without_a_manifest_offers_nothing(tmp_path: Path) -> None:
    assert samples.from_dataset(tmp_path) == {}


def test_the_real_folder_has_films_of_each_label(cxr_data: Path) -> None:
    found = samples.from_dataset(cxr_data, each=3)
    assert found.keys() == {"N", "P", "T"}
    for label, films in found.items():
        assert len({film.name for film in films}) == 3
        assert len({film.source for film in films}) > 1
        for film in films:
            assert film.label == label
            assert cxr.read(film.data()).format == "JPEG"


def _offered(labels: tuple[str, ...], names: dict[str, str]) -> AppTest:
    def page(labels: tuple[str, ...], names: dict[str, str]) -> None:
        from dataclasses import replace
        from pathlib import Path

        from cxr.model.bundle import open_bundle
        from ui.transfer.samples import groups

        bundle = open_bundle(Path("models") / "thumbnail")
        groups(replace(bundle, labels=labels, provenance={"adopted": {"labels": names}}))

    at = AppTest.from_function(page, args=(labels, names)).run(timeout=60)
    assert not at.exception
    return at


def test_a_model_with_names_of_its_own_keeps_the_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    monkeypatch.delenv("CXR_DATA", raising=False)
    at = _offered(("NORMAL", "PNEUMONIA"), {"N": "NORMAL", "P": "PNEUMONIA"})
    assert [m.value.split("**")[1] for m in at.markdown][:2] == ["NORMAL", "PNEUMONIA"]
    assert len(at.button) == 16 + len(samples.phantoms())
    assert not [c for c in at.caption if "No film" in c.value]


def test_samples_of_labels_that_a_model_lacks_are_offered_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    monkeypatch.delenv("CXR_DATA", raising=False)
    at = _offered(("WHOLE", "ILL"), {})
    assert len(at.button) == 16 + len(samples.phantoms())
    assert len([c for c in at.caption if "No film with this label" in c.value]) == 2
    assert len([m for m in at.markdown if "does not have" in m.value]) == 2
