import json
from pathlib import Path

import numpy as np
import pytest
from networks import small_network

import cxr
from cxr.bundle import MANIFEST, manifest_values, write_manifest
from cxr.evidence import figures
from cxr.predictions import select, table
from cxr.preprocess import Preprocessing
from cxr.trust import prediction_set
from train import evaluate
from train.audit import store
from train.calibrate import calibrate
from train.export import write_network


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A network with made-up predictions: sure of the right class in `val` and `test`, wrong in
    half the films of `external`."""
    folder = tmp_path / "made_up"
    write_network(small_network(), ("N", "T"), Preprocessing(size=64), folder)
    values = json.loads((folder / MANIFEST).read_text())
    rng = np.random.default_rng(0)
    lines = ["image,split,source,patient,label,recommended,logit_N,logit_T"]
    for split, n in (("val", 200), ("test", 200), ("external", 80)):
        for i in range(n):
            t = i % 2
            right = split != "external" or i % 4 < 2
            logits = rng.normal(0, 1, 2) + 3 * np.eye(2)[t if right else 1 - t]
            row = [f"{split}{i}.png", split, f"site{i % 2 or 'B'}", "", "NT"[t], "1", *logits]
            lines.append(",".join(map(str, row)))
    (folder / "predictions.csv").write_text("\n".join(lines))
    cxr.bundle.write_manifest(
        folder, {k: v for k, v in values.items() if k not in ("files", "format", "notice")}
    )
    return folder


def test_a_bundle_is_calibrated_from_its_predictions_alone(bundle: Path) -> None:
    before = (bundle / "model.tflite").read_bytes()
    made = calibrate(bundle)
    assert made.temperature != 1
    assert made.operating_points["T"]["sensitivity"] >= 0.9
    assert set(made.conformal) == {"0.9", "0.95"}
    assert made.metrics["test"]["sets"]["0.9"]["T"]["covered"] == pytest.approx(0.9, abs=0.08)
    assert "external" not in made.metrics, "external films are scored by their own command"
    assert (bundle / "model.tflite").read_bytes() == before


def test_coverage_on_external_films_is_what_it_is(bundle: Path, tmp_path: Path) -> None:
    calibrate(bundle)
    made = evaluate.score_external(bundle, tmp_path / "log.md")
    sets = made.metrics["external"]["site1"]["sets"]["0.9"]["T"]
    assert sets["n"] == 40
    assert sets["covered"] < 0.7, "half of them are called the other class"
    again = calibrate(bundle)
    assert again.metrics["external"] == made.metrics["external"], "kept through a calibration"
    assert len((tmp_path / "log.md").read_text().splitlines()) == 1


def test_a_calibration_keeps_the_audit(bundle: Path) -> None:
    store(bundle, {"verdict": "It reads lungs."})
    made = calibrate(bundle)
    assert made.metrics["audit"] == {"verdict": "It reads lungs."}
    assert {"val", "test", "audit"} == set(made.metrics)


def test_figures_in_the_bundle_are_the_evidence_page_s(bundle: Path) -> None:
    """One bootstrap: the interval that the bundle carries is the one that its page shows."""
    made = calibrate(bundle)
    test = select(table(made), split="test")
    shown = figures(test, made.labels)["f1", "macro"]
    assert made.metrics["test"]["macro_f1"] == pytest.approx(
        {"value": shown.value, "low": shown.low, "high": shown.high}
    )


def test_the_sensitivity_of_an_operating_point_can_be_asked_for(bundle: Path) -> None:
    lax, strict = (calibrate(bundle, {"T": s}).operating_points["T"] for s in (0.5, 0.99))
    assert lax["threshold"] > strict["threshold"]
    assert strict["sensitivity"] >= 0.99


def test_a_recipe_says_which_operating_points_its_bundle_has(bundle: Path) -> None:
    values = manifest_values(bundle)
    values["provenance"] = {"recipe": {"operating": {"N": 0.8, "T": 0.99}}}
    write_manifest(bundle, values)
    points = calibrate(bundle).operating_points
    assert list(points) == ["N", "T"]
    assert points["T"]["sensitivity"] >= 0.99
    assert list(calibrate(bundle, {"T": 0.5}).operating_points) == ["T"], "asked for, it gives way"


def test_a_bundle_says_which_set_a_film_has(bundle: Path) -> None:
    limits = calibrate(bundle).conformal["0.9"]
    assert prediction_set({"N": 0.999, "T": 0.001}, limits) == ("N",)


def test_limits_for_other_labels_are_refused(bundle: Path) -> None:
    calibrate(bundle)
    values = json.loads((bundle / MANIFEST).read_text())
    values["conformal"]["0.9"] = {"N": 0.5}
    (bundle / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(cxr.BundleError, match="limit of 0 to 1 for each label"):
        cxr.load(bundle)
