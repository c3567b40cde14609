import json
from pathlib import Path

import numpy as np
import pytest
from films import film, png

import cxr
from cxr.bundle import manifest_values, write_manifest


@pytest.fixture
def copy(phantom_model: cxr.Classifier, tmp_path: Path) -> Path:
    """A bundle to spoil."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in phantom_model.bundle.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(cxr.BundleError) as caught:
        cxr.load(folder)
    return caught.value.code


def rewrite(folder: Path, **changes: object) -> None:
    values = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**values, **changes}))


def test_no_folder_and_no_manifest(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing") == "no_bundle"
    assert refusal(tmp_path) == "no_bundle"


@pytest.mark.parametrize("name", ["model.tflite", "model.keras", "head.npy", "predictions.csv"])
def test_one_changed_byte_is_refused(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    assert refusal(copy) == "altered_file"


@pytest.mark.parametrize("name", ["model.tflite", "history.csv", "head.npy"])
def test_a_missing_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert refusal(copy) == "missing_file"


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["N"]},
        {"labels": ["N", "N"]},
        {"labels": 3},
        {"temperature": 0},
        {"temperature": "hot"},
        {"head": "mystery"},
        {"gradcam_layer": None},
        {"preprocessing": {"size": 0}},
        {"preprocessing": {"zoom": 2}},
        {"operating_points": {"X": {"threshold": 0.5}}},
        {"operating_points": {"T": {"threshold": 5}}},
        {"files": {"../model.tflite": "0"}},
        {"files": []},
        {"surprise": 1},
    ],
)
def test_senseless_values_are_refused(copy: Path, changes: dict[str, object]) -> None:
    rewrite(copy, **changes)
    assert refusal(copy) in {"bad_bundle", "missing_file"}


def test_broken_json_and_another_format(copy: Path) -> None:
    rewrite(copy, format=99)
    assert refusal(copy) == "wrong_format"
    (copy / "bundle.json").write_text("{")
    assert refusal(copy) == "bad_bundle"


def test_labels_that_do_not_fit_the_network(copy: Path) -> None:
    write_manifest(copy, {**manifest_values(copy), "labels": ["N", "P", "T"]})
    assert refusal(copy) == "wrong_shape"


def test_an_input_size_that_does_not_fit_the_network(copy: Path) -> None:
    values = manifest_values(copy)
    write_manifest(copy, {**values, "preprocessing": {**values["preprocessing"], "size": 32}})
    with pytest.raises(cxr.BundleError):
        cxr.load(copy)


def test_a_file_that_is_no_network(copy: Path) -> None:
    values = manifest_values(copy)
    (copy / "model.tflite").write_bytes(b"not a network")
    write_manifest(copy, values)
    assert refusal(copy) == "bad_model"


@pytest.mark.parametrize("shape", [(32, 5), (4, 2), (64,)])
def test_head_weights_that_do_not_fit(copy: Path, shape: tuple[int, ...]) -> None:
    values = manifest_values(copy)
    np.save(copy / "head.npy", np.zeros(shape))
    write_manifest(copy, values)
    assert refusal(copy) == "wrong_shape"


def test_an_untouched_copy_gives_the_same_scores(copy: Path, phantom_model: cxr.Classifier) -> None:
    drawn = cxr.read(png(film()))
    expected = phantom_model.predict([drawn])[0].logits
    assert cxr.load(copy).predict([drawn])[0].logits == expected
