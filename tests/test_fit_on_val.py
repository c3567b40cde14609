import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from networks import small_network
from traindata import RECIPE, make_data

import cxr
from cxr.imaging.preprocessing import Preprocessing
from cxr.metrics.evidence import figures
from cxr.metrics.predictions import select, table
from cxr.model.bundle import MANIFEST, manifest_values, write_manifest
from cxr.model.decision import prediction_set
from train.__main__ import main
from train.evaluation import evaluate
from train.evaluation.shortcut_audit import store
from train.export.fit_on_val import calibrate
from train.export.network_files import write_network


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with made-up predictions: sure of the right class in `val` and `test`, wrong in
    half the films of `external`."""
    folder = tmp_path_factory.mktemp("bundle") / "made_up"
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
    cxr.model.bundle.write_manifest(
        folder, {k: v for k, v in values.items() if k not in ("files", "format", "notice")}
    )
    return folder


@pytest.fixture
def bundle(made_up: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_up, tmp_path / made_up.name))


def test_a_bundle_is_calibrated_from_its_predictions_alone(bundle: Path) -> None:
    before = (bundle / "model.tflite").read_bytes()
    made = calibrate(bundle)
    assert made.temperature != 1
    assert made.operating_points["T"]["sensitivity"] >= 0.9
    assert set(made.conformal) == {"0.9", "0.95"}
    assert made.metrics["test"]["sets"]["0.9"]["T"]["covered"] == pytest.approx(0.9, abs=0.08)
    assert "external" not in made.metrics, "external films are scored by their own command"
    assert (bundle / "model.tflite").read_bytes() == before


def test_coverage_on_external_films_is_what_it_is(bundle: Path) -> None:
    calibrate(bundle)
    made = evaluate.score_external(bundle)
    sets = made.metrics["external"]["site1"]["sets"]["0.9"]["T"]
    assert sets["n"] == 40
    assert sets["covered"] < 0.7, "half of them are called the other class"
    again = calibrate(bundle)
    assert again.metrics["external"] == made.metrics["external"], "kept through a calibration"


def test_a_bundle_without_external_films_is_not_said_to_have_been_scored(bundle: Path) -> None:
    values, table = manifest_values(bundle), bundle / "predictions.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(line for line in lines if not line.startswith("external")))
    write_manifest(bundle, values)
    with pytest.raises(cxr.BundleError, match="no film of the split external") as refused:
        evaluate.score_external(bundle)
    assert refused.value.code == "no_predictions"
    values["metrics"]["external"] = {}
    write_manifest(bundle, values)
    assert "T" in calibrate(bundle).operating_points, "one that was, before, on none"


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
    asked = calibrate(bundle, {"T": 0.5}).operating_points
    assert asked["T"]["wanted_sensitivity"] == 0.5, "asked for, the recipe gives way"
    assert asked["N"] == points["N"], "not asked for, it stays"
    assert calibrate(bundle).operating_points == points


def test_what_no_recipe_led_to_keeps_the_points_it_has(bundle: Path) -> None:
    points = calibrate(bundle, {"N": 0.8, "T": 0.99}).operating_points
    assert calibrate(bundle).operating_points == points
    asked = calibrate(bundle, {"N": 0.7}).operating_points
    assert asked["T"] == points["T"]
    assert asked["N"]["wanted_sensitivity"] == 0.7


def test_a_label_that_the_network_does_not_have_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calibrate(bundle)
    before = (bundle / MANIFEST).read_bytes()
    assert main(["calibrate", "--out", str(bundle), "--sensitivity", "t=.95"]) == 2
    assert "No label is called t" in capsys.readouterr().err
    assert (bundle / MANIFEST).read_bytes() == before
    asked = ["--labels", "NORMAL=N,SICK=T", "--data", str(tmp_path), "--sensitivity", "SICK=.9"]
    assert main(["adopt", "any.keras", *asked, "--out", str(tmp_path / "none")]) == 2
    assert "[unknown_label]" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["calibrate", "external"])
def test_a_bundle_that_outlines_lungs_has_nothing_to_calibrate(
    models: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (models / "lungs" / MANIFEST).read_bytes()
    assert main([command, "--out", str(models / "lungs")]) == 2
    assert "[wrong_task]" in capsys.readouterr().err
    assert (models / "lungs" / MANIFEST).read_bytes() == before


def test_a_bundle_without_test_films_can_be_exported_and_scored(
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    values, table = manifest_values(bundle), bundle / "predictions.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(line for line in lines if not line.startswith("test")))
    write_manifest(bundle, values)
    made = calibrate(bundle)
    assert "test" not in made.metrics
    assert "| not measured |" in evaluate.external_row(evaluate.score_external(bundle))

    monkeypatch.setattr("train.export.classifier.export_run", lambda *_: made)
    run = tmp_path / "runs" / "tiny"
    run.mkdir(parents=True)
    (run / "best.weights.h5").touch()
    (tmp_path / "tiny.toml").write_text(RECIPE)
    where = ["--data", str(make_data(tmp_path / "data")), "--runs", str(tmp_path / "runs")]
    recipe = ["--recipe", str(tmp_path / "tiny.toml")]
    assert main(["export", *recipe, *where, "--out", str(tmp_path / "tiny")]) == 0
    assert "test not measured" in capsys.readouterr().out


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
