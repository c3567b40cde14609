"""Where passports are said: the command line, Read, its CSV, the metrics page, the review queue."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import streamlit as st
from appwalk import opened, pick, text
from films import film, png
from passports import altered, bundle_with, by_hand, drawn
from streamlit.testing.v1 import AppTest
from tables import LABELS, raw, table

import cxr
import cxr.input_checks
import cxr.model.lungs
from cxr.__main__ import main
from cxr.metrics import subgroups
from cxr.model.bundle import open_bundle
from cxr.review.queue import QueueFilter, queue
from cxr.screening import words
from cxr.teaching.story import Story, StoryStep
from train.evaluation.input_checks import pictures
from ui.panels import input_checks as shown
from ui.panels import map_text
from ui.review import address, case
from ui.session import map_tasks
from ui.session.films import Film, Reading
from ui.transfer.export import scores_csv

pytestmark = pytest.mark.usefixtures("lungs_looked_for")

CHEST, PICTURE = png(drawn().pixels), png(film(300, 260))
GIVEN = Film(1, "chest.png", CHEST, "0" * 64)
Admit = Callable[..., cxr.Classifier]


@pytest.fixture
def model(phantom_model: cxr.Classifier, tmp_path: Path) -> Callable[..., cxr.Classifier]:
    """The phantom network with limits of a passport."""

    def made(**limits: float) -> cxr.Classifier:
        folder = tmp_path / "models" / "passported"
        return cxr.load(bundle_with(folder, phantom_model.bundle, by_hand(**limits)).folder)

    return made


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A chest and a picture of something else."""
    for name, data in (("chest.png", CHEST), ("picture.png", PICTURE)):
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / "chest.png"), str(tmp_path / "picture.png")]


def test_the_command_line_says_it(
    model: Admit, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(model(outside=0.0, noisy=0.0).bundle.folder)
    assert main(["predict", *files, "--json", "--model", folder]) == 1
    chest, picture = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert chest["passport"]["flags"] == ["outside", "noisy"]
    checks = chest["passport"]["checks"]
    assert checks["noisy"]["limit"] == 0 < checks["noisy"]["score"]
    assert checks["noisy"]["flagged"]
    assert checks["noisy"]["done"] == "the film is scored as it is"
    assert not checks["child"]["flagged"]
    assert checks["child"]["done"] == ""
    assert list(chest).index("passport") < list(chest).index("label")
    assert picture["error"]["code"] == "not_chest"
    assert "label" not in picture
    main(["predict", *files, "--model", folder])
    head, scored, refused = capsys.readouterr().out.splitlines()
    assert scored.split()[1] == "outside:"
    assert scored.endswith(f"noisy {words.UNPLACED}")
    assert scored.split()[2] == "–"
    assert scored.index(" noisy") == len(head)  # columns stand under their heads all the same
    assert "[not_chest]" in refused


def test_a_map_from_the_command_line_says_it_first(
    model: Admit, files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn_by(folder: Path) -> tuple[list[str], int]:
        out = tmp_path / "map.png"
        asked = ["--class", "T", "--method", "gradcam", "--out", str(out), "--anyway", "--untested"]
        assert main(["explain", files[0], *asked, "--model", str(folder)]) == 0
        return capsys.readouterr().out.splitlines(), cv2.imread(str(out)).shape[0]

    folder = model(outside=0.0).bundle.folder
    said, height = drawn_by(folder)
    assert said[0].startswith("Outside what this model knows: distance ")
    known = altered(open_bundle(folder), limits=dict(by_hand().limits)).folder
    unsaid, lower = drawn_by(known)
    assert not any("Outside" in line for line in unsaid)
    assert lower < height  # the caption has a line less


def test_a_bad_passport_is_the_model_s_refusal(
    model: Admit, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(altered(model().bundle, format=99).folder)
    assert main(["predict", *files, "--json", "--model", folder]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "[bad_passport]" in printed.err


def test_a_model_without_a_passport_refuses_a_picture_too(
    phantom_model: cxr.Classifier, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(phantom_model.bundle.folder)
    assert main(["predict", *files, "--json", "--model", folder]) == 1
    chest, picture = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(chest["passport"]["checks"]) == ["not_chest"]
    assert picture["error"]["code"] == "not_chest"


@pytest.fixture
def _fresh() -> Iterator[None]:
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def read_page(*uploads: tuple[str, bytes]) -> AppTest:
    at = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=120).run()
    at.button(key="accept").click().run()
    at.file_uploader[0].set_value([(*each, "application/octet-stream") for each in uploads])
    at.run()
    assert not at.exception
    return at


@pytest.mark.usefixtures("_fresh")
def test_outside_outranks_the_scores(model: Admit, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = model(outside=0.0, child=-1.0).bundle.folder
    monkeypatch.setenv("CXR_MODELS", str(folder.parent))
    at = read_page(("chest.png", CHEST), ("picture.png", PICTURE))
    page = [each.value for each in at.get("html")]
    said = next(i for i, each in enumerate(page) if "Outside what this model knows" in each)
    called = next(i for i, each in enumerate(page) if "cxr-bars" in each and words.UNPLACED in each)
    assert said < called
    assert "cxr-muted" in page[called]
    assert "Before calibration" in page[called]
    assert any("A small child, it seems" in each and "<table" in each for each in page)
    pick(at, 2)
    assert "No lungs of a frontal chest film" in text(at)
    pick(at, 1)
    at.switch_page("pages/lab.py").run()
    assert any("Outside what this model knows" in each.value for each in at.get("html"))


@pytest.mark.usefixtures("_fresh")
def test_a_story_says_it_of_whatever_it_shows(
    model: Admit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(model(outside=0.0).bundle.folder.parent))
    story = Story(
        "A story",
        "",
        (StoryStep("chest"), StoryStep("picture")),
        {"chest": CHEST, "picture": PICTURE},
    )
    at = opened("lab", story=story, story_place=0)
    said = at.get("html")
    told = next(i for i, each in enumerate(said) if "Outside what this model" in each.value)
    assert told < next(i for i, each in enumerate(said) if "lab-moves" in each.value)
    assert not any("No lungs are found" in each.value for each in said)
    at.button[1].click().run()
    assert not at.exception
    assert any("No lungs are found" in each.value for each in at.get("html"))


def test_a_reviewed_case_says_it_before_its_scores(
    model: Admit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = model(outside=2.5)
    frame = raw(6)
    frame["passport"] = ["noisy;outside", "outside", "", "", "", ""]
    frame["check_outside"] = ["3.5", "", "1", "1", "1", "1"]
    frame["logit_P"] = -9.0  # a class that the network does not have
    rows = table(frame, tmp_path)
    said: list[str] = []
    monkeypatch.setattr(st, "html", said.append)
    for _, row in rows.iloc[:3].iterrows():
        case.scores(row, asked)
    measured, muted, unmeasured, muted_too, plain = said
    assert "Outside what this model knows" in measured
    assert "distance 3.5, limit 2.5." in measured
    assert "Outside what this model knows" in unmeasured
    assert "nan" not in unmeasured
    assert "cxr-muted" in muted
    assert "cxr-muted" in muted_too
    assert "cxr-muted" not in plain


def test_a_saved_map_says_it_first(model: Admit) -> None:
    asked = model(outside=0.0)
    (prediction,) = asked.predict([drawn()])
    found = cxr.input_checks.inspect(
        drawn(), prediction.features, cxr.input_checks.limits_of(asked), None
    )
    what = map_tasks.wanted(drawn(), asked, "T", "gradcam")
    read = Reading(prediction=prediction, passport=found)
    drawing = map_tasks.ComputedMap(cxr.explain.grad_cam(asked, drawn(), "T"))
    lines = map_text.caption(GIVEN, read, what, map_text.MapEvidence(drawing), asked)
    assert lines[0].startswith("Outside what this model knows: distance ")
    known = map_text.caption(
        GIVEN, replace(read, passport=None), what, map_text.MapEvidence(drawing), asked
    )
    assert known == lines[1:]


def test_what_is_done_is_said(model: Admit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = model(noisy=0.0, inverted=0.0)
    said: list[str] = []
    monkeypatch.setattr(st, "html", said.append)
    shown.show(cxr.input_checks.inspect(drawn(), None, cxr.input_checks.limits_of(asked), None))
    assert "The film is scored as it is." in said[0]
    assert "exchanged back, faint negatives scored worse" in said[0]
    assert "<code>burnt_in_text</code>" in said[0]


def test_scores_leave_with_their_flags(model: Admit) -> None:
    asked = model(noisy=0.0)
    (prediction,) = asked.predict([drawn()])
    found = cxr.input_checks.inspect(
        drawn(), prediction.features, cxr.input_checks.limits_of(asked), None
    )
    given = replace(GIVEN, source="a hospital that it knows")
    top = prediction.probabilities[prediction.label]
    sets = {"0.9": dict.fromkeys("NT", top), "0.99": dict.fromkeys("NT", 0.0)}
    asked.bundle = replace(asked.bundle, conformal=sets)
    out = scores_csv([(given, Reading(prediction=prediction, passport=found))], asked)
    (row,) = csv.DictReader(io.StringIO(out.decode("utf-8-sig")))
    assert row["passport"] == "noisy"
    assert list(row).index("passport") < list(row).index("class")
    scores = {each.code: f"{each.score:.4g}" for each in found.findings}
    assert {code: row[f"check_{code}"] for code in scores} == scores
    assert row["check_not_chest"] == ""
    assert float(row["raw_T"]) == pytest.approx(prediction.raw["T"], abs=1e-6)
    assert row["set_0.9"] == prediction.label
    assert row["set_0.99"] == "N;T"
    assert "lungs is missing" in row["unchecked"]
    elsewhere = replace(given, source="")
    out = scores_csv([(elsewhere, Reading(prediction=prediction, passport=found))], asked)
    (row,) = csv.DictReader(io.StringIO(out.decode("utf-8-sig")))
    assert row["set_0.9"] == row["set_0.99"] == ""


def test_flags_are_subgroups_and_narrow_the_queue(tmp_path: Path) -> None:
    frame = raw(60)
    old = table(frame, tmp_path)
    assert [name for name, _ in subgroups.parts(old, "passport")] == ["unknown"]
    assert not address.flags_of(old)
    frame["passport"] = ["noisy;child" if i % 6 == 0 else "" for i in range(len(frame))]
    rows = table(frame, tmp_path)
    counts = {name: int(films.sum()) for name, films in subgroups.parts(rows, "passport")}
    assert counts == {"child": 10, "noisy": 10, "none": 50}
    assert address.flags_of(rows) == ["child", "noisy"]
    found = queue(rows, LABELS, QueueFilter("test", passport="noisy", shown="all"))
    assert len(found.rows) + found.hidden == 10
    assert set(found.rows.passport) == {"noisy;child"}


def test_few_films_of_the_shipped_table_are_no_chest(shipped_table: pd.DataFrame) -> None:
    refused = shipped_table.passport.str.split(";").map(lambda codes: "not_chest" in codes)
    assert refused[shipped_table.split == "test"].mean() <= 0.01
    assert refused[shipped_table.split == "external"].mean() <= 0.03


def test_the_shipped_table_s_scores_agree_with_its_flags(
    models: Path, shipped_table: pd.DataFrame
) -> None:
    limits = json.loads((models / "default" / "passport.json").read_text())["limits"]
    lungs = json.loads((models / "lungs" / "bundle.json").read_text())
    limits["not_chest"] = lungs["operating_points"]["lung"]["threshold"]
    flags = shipped_table.passport.str.split(";")
    for code in cxr.input_checks.CODES:
        flagged = flags.map(lambda codes, code=code: code in codes).to_numpy()
        score = shipped_table[f"check_{code}"].to_numpy()
        # Of scores that are the limit to their four digits, the table cannot tell.
        told = [float(f"{limits[code]:.4g}") != each for each in score]
        below = cxr.input_checks.CHECKS[code].below
        beyond = score < limits[code] if below else score > limits[code]
        assert np.array_equal(beyond[told], flagged[told]), code
        assert sum(told) > 1000, code


@pytest.fixture(scope="module")
def shipped_table(models: Path) -> pd.DataFrame:
    return pd.read_csv(models / "default" / "predictions.csv", keep_default_na=False)


def test_what_is_no_chest_is_refused_in_every_form(
    cxr_data: Path, models: Path, finder: cxr.model.lungs.LungFinder
) -> None:
    """With the shipped networks, on every real picture there is."""
    shipped = cxr.load(models / "default")
    fitted = cxr.input_checks.limits_of(shipped)
    if fitted is None:
        pytest.skip("models/default brings no passport")
    bench = pictures.Bench(shipped, finder, fitted, cxr_data)
    rows = list(pictures.rows(bench, []))[2:6]
    for row in rows:
        name, shown, _, _, let_in, *_ = row.strip("| ").split(" | ")
        assert int(shown) > 20, name
        assert let_in == "0", name


@pytest.fixture(scope="module")
def finder() -> cxr.model.lungs.LungFinder:
    return cxr.model.lungs.load()
