"""What a bundle brings along of hospitals, and what profiles are worth there, on drawn films."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sites import hospital

import cxr
from cxr.errors import BundleError, DataError
from cxr.metrics import hospital_profiles
from cxr.model.bundle import MANIFEST, manifest_values, open_bundle, sha256, write_manifest
from cxr.model.reference import HospitalReference, reference_of
from cxr.site.adaptation import labelled
from train import options
from train.__main__ import main
from train.data import manifest
from train.evaluation import hospital_draws, hospitals, hospitals_table, reference


def without_nan(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_both_commands_measure_keep_and_print(
    bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--data", str(data), "--out", str(bundle)]
    assert main(["reference", *common, "--at", "away"]) == 0
    assert "away as unseen; told apart within away, home, second" in capsys.readouterr().out
    assert main(["hospitals", *common, "--at", "away,far"]) == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]

    hashes = json.loads((bundle / MANIFEST).read_text())["files"]
    for name in (hospital_profiles.FILE, "reference.json", "reference.npz"):
        assert hashes[name] == sha256(bundle / name)
    kept = without_nan((bundle / hospital_profiles.FILE).read_text())
    assert list(kept["hospitals"]) == ["away", "far"]
    for there in kept["hospitals"].values():
        assert there["films"] == {"N": 14, "T": 14}
        assert [step["films"] for step in there["steps"]] == [4, 10], "30 would leave none"
        assert [alone["films"] for alone in there["threshold_alone"]] == [10]
        assert {step["draws"] for step in there["steps"]} == {2}
        assert "held" not in there["steps"][0], "fewer films than the app fits a threshold to"
        assert all("held" in each for each in (there["steps"][1], *there["threshold_alone"]))
        assert there["steps"][0]["offered"] == 0, "fewer films than the app asks for"
        assert [each["stated"] for each in there["unlabelled"]] == [0.25, 0.5, 0.75]
        assert {each["share"] for each in there["unlabelled"]} == {0.5}
        called = [each["sensitivity"]["value"] for each in there["unlabelled"]]
        assert called == sorted(called), "the more T are stated, the more are called"

    (sane,) = kept["one_label"].values()
    assert sane["films"] == {"N": 14}
    assert [alone["films"] for alone in sane["threshold_alone"]] == [10]
    assert any(line.startswith("| sane | 14 N |") for line in printed)

    read = hospital_profiles.load(open_bundle(bundle))
    assert read is not None
    assert read.one_label[0].name == "sane"
    assert read.one_label[0].alone[0].held == sane["threshold_alone"][0]["held"]
    assert read.one_label[0].alone[0].met == sane["threshold_alone"][0]["met"]
    assert (read.negative, read.positive, read.wanted) == ("N", "T", 0.7)
    for each in read.hospitals:
        assert (
            sum(each.name in line for line in printed) == len(each.steps) + len(each.unlabelled) + 2
        )
    tables = list(hospitals_table.lines(kept))
    assert printed == [line for line in tables if line]
    for filled, table in groupby(tables, bool):
        assert not filled or len({line.count("|") for line in table}) == 1


@pytest.fixture
def other(bundle: Path, data: Path, tmp_path: Path) -> Path:
    """A bundle that never learnt from `home`, and was measured there."""
    folder = tmp_path / "other"
    shutil.copytree(bundle, folder)
    values = manifest_values(folder)
    rows = pd.read_csv(folder / "predictions.csv")
    rows[rows.source != "home"].to_csv(folder / "predictions.csv", index=False)
    write_manifest(folder, values)
    hospitals.measure(folder, data, ("home",))
    return folder


def kept_by(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = without_nan((folder / hospital_profiles.FILE).read_text())
    return found


def test_a_hospital_that_was_learnt_from_is_taken_over_from_another_bundle(
    bundle: Path, data: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = kept_by(other)
    asked = ["hospitals", "--data", str(data), "--out", str(bundle), "--at", "far"]
    capsys.readouterr()
    assert main([*asked, "--left-out", f"home={other}"]) == 0
    assert f"| home (by {kept['network'][:12]}), 9 N + 9 T |" in capsys.readouterr().out
    read = hospital_profiles.load(open_bundle(bundle))
    assert read is not None
    assert [each.name for each in read.hospitals] == ["far"]
    (left,) = read.left_out
    assert (left.hospital.name, left.by) == ("home", kept["network"])
    assert left.hospital.steps[0].met == kept["hospitals"]["home"]["steps"][0]["met"]


def taken_over(bundle: Path, data: Path, asked: str) -> str:
    """The refusal of what was to be taken over."""
    with pytest.raises(DataError) as refused:
        hospitals.measure(bundle, data, ("far",), dict([options._elsewhere(asked)]))
    assert refused.value.code == "bad_data"
    return refused.value.message


def test_only_what_can_be_taken_over_is(
    bundle: Path, data: Path, other: Path, tmp_path: Path
) -> None:
    assert "far is named twice" in taken_over(bundle, data, f"far={other}")
    assert "away was not learnt from" in taken_over(bundle, data, f"away={other}")
    again = f"first run hospitals --out {bundle} --at home"
    assert again in taken_over(bundle, data, f"home={bundle}")
    with pytest.raises(BundleError) as refused:
        hospitals.measure(bundle, data, ("far",), {"home": tmp_path / "nowhere"})
    assert refused.value.code == "no_bundle"


@pytest.mark.parametrize(
    ("changed", "there", "why"),
    [
        ({"network": "0" * 64}, {}, "for another network"),
        ({"wanted": {"specificity": 0.9}}, {}, "for another specificity"),
        ({}, {"films": {"T": 9, "N": 9}}, "for other labels"),
        ({}, {"films": {"N": 9, "P": 9}}, "for other labels"),
    ],
)
def test_what_was_measured_otherwise_is_not_taken_over(
    changed: dict[str, Any],
    there: dict[str, Any],
    why: str,
    bundle: Path,
    data: Path,
    other: Path,
) -> None:
    kept, values = kept_by(other), manifest_values(other)
    kept["hospitals"]["home"] |= there
    (other / hospital_profiles.FILE).write_text(json.dumps(kept | changed))
    write_manifest(other, values)
    assert why in taken_over(bundle, data, f"home={other}")


def test_the_reference_is_of_the_films_that_it_names(bundle: Path, data: Path) -> None:
    found = reference.add(bundle, data, ("far",))
    model = cxr.load(bundle)
    stored = reference_of(model)
    assert stored is not None
    assert stored.hospitals == {"far": {"N": 14, "T": 14}}
    np.testing.assert_array_equal(stored.direction, found.direction)
    frame = manifest.load(data)
    train = frame.image[frame.split == "train"]
    averages = np.stack([reference.average(model, data / image) for image in train])
    np.testing.assert_allclose(stored.mean, averages.mean(0), rtol=1e-4)
    for scores, label in ((stored.unseen_negatives, "N"), (stored.unseen_positives, "T")):
        films = frame.image[(frame.source == "far") & (frame.label == label)]
        scored = model.predict([cxr.read(data / image) for image in films])
        said = (
            np.sort([each.logits["T"] - each.logits["N"] for each in scored])
            / model.bundle.temperature
        )
        np.testing.assert_allclose(scores, said, atol=1e-2)


@pytest.mark.parametrize("command", ["reference", "hospitals"])
@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("home", "home was learnt from"),
        ("nowhere", "nowhere has no film of T"),
        ("far,home", "home was learnt from"),
    ],
)
def test_only_unseen_hospitals_with_both_labels_will_do(
    command: str, at: str, why: str, bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (bundle / MANIFEST).read_bytes()
    assert main([command, "--data", str(data), "--out", str(bundle), "--at", at]) == 2
    assert why in capsys.readouterr().err
    assert (bundle / MANIFEST).read_bytes() == before


def test_a_hospital_with_one_label_or_few_films_is_refused(
    bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = cxr.load(bundle)
    frame = manifest.load(data)
    one = frame[(frame.source != "far") | (frame.label == "N")]
    with pytest.raises(DataError, match="far has no film of T"):
        reference.check_held_out(one, model.bundle, ("far",), "T", "N")
    with pytest.raises(DataError, match="name at least one"):
        reference.check_held_out(frame, model.bundle, (), "T", "N")
    monkeypatch.setattr(hospital_draws, "LEFT", 20)
    with pytest.raises(DataError, match="of 14 patients with T; at least 24 are needed"):
        hospitals.measure(bundle, data, ("far",))


def test_a_reference_needs_a_hospital_with_both_and_a_linear_head(
    bundle: Path, data: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "LEAST", 15)
    with pytest.raises(DataError, match="no hospital of train has 15 films each of T and N"):
        reference.add(bundle, data, ("far",))
    with pytest.raises(BundleError) as refused:
        hospitals.measure(models / "thumbnail", data, ("far",))
    assert refused.value.code == "no_averages"


def test_nothing_of_a_hospital_is_in_the_reference_for_it(
    bundle: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference.add(bundle, data, ("away",))
    model, frame = cxr.load(bundle), manifest.load(data)
    known = reference_of(model)
    assert known is not None
    assert hospitals._without(model, known, frame, data, "far") is known
    assert hospitals._without(model, None, frame, data, "away") is None
    for site, both in (("away", ("home", "second")), ("second", ("away", "home"))):
        left = hospitals._without(model, known, frame, data, site)
        assert left is not None
        assert left.both == both
        assert not np.array_equal(left.direction, known.direction)
        same_as_if_never_there(left, model, frame[frame.source != site], data)
    monkeypatch.setattr(reference, "LEAST", 10)
    assert hospitals._without(model, known, frame, data, "away") is None, "no other has ten"


def same_as_if_never_there(
    found: HospitalReference, model: cxr.Classifier, frame: pd.DataFrame, data: Path
) -> None:
    rows = reference.chosen(frame, sorted(found.hospitals), "T", "N")
    averages = np.stack([reference.average(model, data / image) for image in rows.image])
    again = reference.measure(model, rows, averages, sorted(found.hospitals), "T", "N")
    for name in ("mean", "direction", "negative_mean", "positive_deviation"):
        np.testing.assert_array_equal(getattr(found, name), getattr(again, name))


def test_no_patient_is_learnt_from_and_judged(phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 30, 30)
    whole = labelled(phantom_model, films, labels, np.arange(60) // 2, "T", "N")
    for learn, others in hospital_draws._draws(whole, 4):
        assert whole.positive[learn].sum() == len(learn) - 4 == 4
        assert not set(whole.patients[learn]) & set(whole.patients[others])
        assert len(others) >= 60 - 2 * len(learn)
    alone = replace(whole, patients=np.arange(60))
    for learn, others in hospital_draws._draws(alone, 4):
        assert sorted([*learn, *others]) == list(range(60))
