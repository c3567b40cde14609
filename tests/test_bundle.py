import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import film, png

import cxr
from cxr.model.bundle import classifies, manifest_values, write_manifest

FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6}


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


def test_other_names_of_the_three_labels_are_understood(phantom_model: cxr.Classifier) -> None:
    adopted = replace(phantom_model.bundle, labels=("NORMAL", "PNEUMONIA"), provenance={})
    assert [adopted.called(label) for label in "NPT"] == ["NORMAL", "PNEUMONIA", "T"]
    paired = {"adopted": {"labels": {"N": "PNEUMONIA"}}}
    assert replace(adopted, provenance=paired).called("N") == "PNEUMONIA", "as it was said"
    assert phantom_model.bundle.called("N") == "N"


def test_no_folder_and_no_manifest(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing") == "no_bundle"
    assert refusal(tmp_path) == "no_bundle"


@pytest.mark.parametrize("name", ["model.tflite", "model.keras", "head.npy", "predictions.csv"])
def test_one_changed_byte_is_refused(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    assert refusal(copy) == "altered_file"


@pytest.mark.parametrize("name", ["model.tflite", "model.keras", "history.csv", "head.npy"])
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
        {"operating_points": {"T": {"threshold": "0.5"}}},
        {"operating_points": {"T": {}}},
        {"operating_points": {"T": {"threshold": 0.5}}},
        {"conformal": {"x": {"N": 0.5, "T": 0.5}}},
        {"conformal": {"1.5": {"N": 0.5, "T": 0.5}}},
        {"conformal": {"0.9": {"N": 0.5, "T": None}}},
        {"labels": [1, 2]},
        {"labels": ["N", ""]},
        {"labels": "NT"},
        {"name": []},
        {"created": 3},
        {"gradcam_layer": ["features"]},
        {"preprocessing": {"size": 64, "longer_side": 256.5}},
        {"agreement": None},
        {"agreement": {"films": "many"}},
        {"provenance": []},
        {"provenance": {"recipe": {"card": {"use": 3}}}},
        {"provenance": {"adopted": {"labels": ["N", "T"]}}},
        {"metrics": 3},
        {"metrics": {"test": 3}},
        {"metrics": {"test": {"n": 3, "macro_f1": 1}}},
        {"metrics": {"test": {"macro_f1": FIGURE}}},
        {"metrics": {"external": {"far": {"n": 3, "recall": {"T": 0.5}}}}},
        {"metrics": {"external": {"far": {"n": 3, "t_vs_n_auroc": {"value": 0.5}}}}},
        {"metrics": {"audit": {"sound": FIGURE}}},
        {"files": {"../model.tflite": "0"}},
        {"files": []},
        {"surprise": 1},
    ],
)
def test_senseless_values_are_refused(copy: Path, changes: dict[str, object]) -> None:
    rewrite(copy, **changes)
    assert refusal(copy) in {"bad_bundle", "missing_file"}


def test_values_as_they_are_written_are_not_refused(copy: Path) -> None:
    site = {"n": 3, "recall": {"T": {"n": 3, "value": 1}}, "t_vs_n_auroc": {"n": 3, **FIGURE}}
    figures = {"test": {"n": 3, "macro_f1": FIGURE}, "external": {"far": site}, "more": {"x": "y"}}
    rewrite(copy, metrics=figures, conformal={"0.9": {"N": 0, "T": 1}})
    assert cxr.load(copy).bundle.metrics == figures


def test_json_that_is_nested_without_end_is_refused_once_it_is_opened(copy: Path) -> None:
    (copy / "bundle.json").write_text("[" * 100_000)
    assert refusal(copy) == "bad_bundle"
    assert classifies(copy), "so that the pages of all other bundles are left alone"


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


def not_an_array() -> dict[str, bytes]:
    text, none, archive = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(text, np.full((32, 2), "0.5"))
    np.save(none, np.full((32, 2), np.nan))
    np.savez(archive, head=np.zeros((32, 2)))
    drawn = {"text": text, "not finite": none, "an archive": archive}
    return {"nothing": b"", "a header alone": text.getvalue()[:128]} | {
        name: file.getvalue() for name, file in drawn.items()
    }


@pytest.mark.parametrize("name", not_an_array())
def test_head_weights_that_are_no_numbers(copy: Path, name: str) -> None:
    values = manifest_values(copy)
    (copy / "head.npy").write_bytes(not_an_array()[name])
    write_manifest(copy, values)
    assert refusal(copy) == "wrong_shape"


def test_an_untouched_copy_gives_the_same_scores(copy: Path, phantom_model: cxr.Classifier) -> None:
    drawn = cxr.read(png(film()))
    expected = phantom_model.predict([drawn])[0].logits
    assert cxr.load(copy).predict([drawn])[0].logits == expected
