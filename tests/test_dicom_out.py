"""A film's results as DICOM, as independent readers find them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicomtools import tool
from films import film, png
from highdicom.sr import srread
from pacsfilms import stored, uids
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from sites import profile, reference

import cxr
from cxr.__main__ import main
from cxr.dicom_out.marks import Map, MarkedRegion, Window
from cxr.dicom_out.results import Result, results
from cxr.errors import DicomOutError
from cxr.explain import overlay
from cxr.explain_eval import words
from cxr.imaging.altered import altered
from cxr.screening.words import UNPLACED

_KINDS = ("ComprehensiveSR", "SCImage", "GrayscaleSoftcopyPresentationState")
BOX = MarkedRegion((10, 20, 30, 40), {"N": -0.25, "T": 0.25})


@pytest.fixture(scope="module")
def made(phantom_model: cxr.Classifier) -> dict[str, Result]:
    data = stored()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxr.screening.assess.shipped_lungs", lambda: None)
        found = cxr.assess(data, phantom_model)
    assert found.film is not None
    values = np.zeros(found.film.pixels.shape, np.float32)
    values[:40] = 0.2
    drawn = Map(values, "gradcam", "T")
    made = results(data, found, phantom_model, drawn, BOX, Window(120, 80))
    return {each.kind: each for each in made}


@pytest.fixture
def files(made: dict[str, Result], tmp_path: Path) -> dict[str, Path]:
    for kind, result in made.items():
        (tmp_path / f"{kind}.dcm").write_bytes(result.data)
    return {kind: tmp_path / f"{kind}.dcm" for kind in made}


def opened(result: Result) -> Dataset:
    return dcmread(io.BytesIO(result.data))


def test_patient_and_study_are_the_film_s(made: dict[str, Result]) -> None:
    source = dcmread(io.BytesIO(stored()))
    for result in made.values():
        ds = opened(result)
        for keyword in (
            *("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"),
            *("StudyTime", "StudyID", "AccessionNumber", "StudyDescription"),
        ):
            assert ds[keyword].value == source[keyword].value, keyword
        assert str(ds.PatientName) == "Müller^Jörg"
        assert ds.SeriesInstanceUID != source.SeriesInstanceUID
        assert result.study == source.StudyInstanceUID


def test_the_report_holds_scores_region_and_notice(
    made: dict[str, Result], phantom_model: cxr.Classifier, files: dict[str, Path]
) -> None:
    report = srread(files["report"])
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    (scores,) = report.content.get_image_measurement_groups()
    expected = phantom_model.predict([cxr.read(stored())])[0].probabilities
    found = {each.name.meaning: each.value for each in scores.get_measurements()}
    for label, p in expected.items():
        assert found[f"Probability of {label}"] == pytest.approx(p, abs=1e-4)
    (region,) = report.content.get_planar_roi_measurement_groups()
    assert {each.name.meaning: each.value for each in region.get_measurements()} == {
        "Fall of the probability of N": -0.25,
        "Fall of the probability of T": 0.25,
    }
    corners = region.roi.value
    assert corners.tolist() == [[10, 20], [40, 20], [40, 60], [10, 60], [10, 20]]
    source = region.roi.ContentSequence[0].ReferencedSOPSequence[0]
    assert source.ReferencedSOPInstanceUID == uids()[2]
    said = [
        each.TextValue
        for each in report.ContentSequence
        if each.ValueType == "TEXT" and each.ConceptNameCodeSequence[0].CodeValue == "121106"
    ]
    assert said[0] == cxr.NOTICE
    assert phantom_model.bundle.digest[:12] in said[-1]
    assert codes.DCM.Comment.value == "121106"


def test_under_a_profile_the_report_says_what_the_hospital_calls(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    there = phantom_model.at(profile(phantom_model, threshold=-40))
    found = cxr.assess(stored(), there)
    made = {each.kind: each.data for each in results(stored(), found, there)}
    (tmp_path / "report.dcm").write_bytes(made["report"])
    report = srread(tmp_path / "report.dcm")
    said = [each.TextValue for each in report.ContentSequence if each.ValueType == "TEXT"]
    assert any(text.endswith("threshold of Drawn hospital -40.00: T") for text in said)
    assert not any("No class is called" in text for text in said)


@pytest.fixture
def captions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that were drawn below pictures."""
    drawn: list[str] = []
    captioned = overlay.captioned

    def noted(picture: Any, lines: list[str], *more: Any) -> Image.Image:
        drawn.extend(lines)
        return captioned(picture, lines, *more)

    monkeypatch.setattr(overlay, "captioned", noted)
    return drawn


def test_where_nothing_is_called_both_files_say_so(
    phantom_model: cxr.Classifier, captions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Read: in a hospital that is not known, whether or not films are there to hold it
    against; not in a known one, nor where the reader's own threshold judges."""

    def said(**how: Any) -> list[str]:
        captions.clear()
        made = {each.kind: each for each in results(stored(), found, phantom_model, **how)}
        texts = [str(each.get("TextValue", "")) for each in opened(made["report"]).ContentSequence]
        none = [text for text in texts if "No class is called" in text]
        assert none == [line for line in captions if "No class is called" in line]
        return none

    found = cxr.assess(stored(), phantom_model)
    assert found.standing is None, "a bundle without films of unseen hospitals"
    (told,) = said()
    assert told.startswith(UNPLACED)
    assert said(known_hospital=True) == []
    assert said(chosen={"T": 0.5}) == []
    monkeypatch.setattr("cxr.screening.standing.reference_of", reference)
    found = cxr.assess(stored(), phantom_model)
    (told,) = said()
    assert told.startswith("Log-odds of T against N")


def test_a_threshold_that_the_reader_chose_stands_in_the_report(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    found = cxr.assess(stored(), phantom_model)
    p = found.scored[0].probabilities["T"]
    for at, side in ((p / 2, "above"), (p + 0.001, "below")):
        made = {
            each.kind: each.data
            for each in results(stored(), found, phantom_model, chosen={"T": at})
        }
        (tmp_path / "report.dcm").write_bytes(made["report"])
        report = srread(tmp_path / "report.dcm")
        said = [each.TextValue for each in report.ContentSequence if each.ValueType == "TEXT"]
        assert any(text.startswith(f"T is {side} the threshold ") for text in said)


def test_the_picture_is_the_film_under_its_map_with_the_notice(made: dict[str, Result]) -> None:
    ds = opened(made["picture"])
    pixels = ds.pixel_array
    height, width = film().shape
    assert pixels.shape[1] == 360  # as wide as its text must be
    left = (360 - width) // 2
    seen = pixels[:height, left : left + width].astype(int)
    assert np.ptp(seen[:40], axis=2).max() > 20  # coloured where the map is
    assert (seen[41:] == film()[41:, :, None]).all()  # and the film where it is not
    assert pixels[height:].max() > 200  # letters below
    assert ds.ImageComments == cxr.NOTICE
    assert ds.SourceImageSequence[0].ReferencedSOPInstanceUID == uids()[2]


def test_below_the_picture_stands_what_is_said(
    phantom_model: cxr.Classifier, captions: list[str]
) -> None:
    turned = altered(cxr.read(stored()), turns=1)
    found = cxr.assess(turned, phantom_model)
    results(stored(), found, phantom_model, Map(np.zeros(turned.pixels.shape), "gradcam", "T"))
    for line in (turned.notes[-1], words.CAVEAT):
        assert line in captions
    assert any(line.startswith("Scores: N ") for line in captions)
    assert any(phantom_model.bundle.digest[:12] in line for line in captions)


def test_who_says_the_same_again_makes_the_same(
    made: dict[str, Result], phantom_model: cxr.Classifier
) -> None:
    found = cxr.assess(stored(), phantom_model)
    first = results(stored(), found, phantom_model)
    again = results(stored(), found, phantom_model)
    assert [each.instance for each in first] == [each.instance for each in again]
    for each in first:
        assert each.instance != made[each.kind].instance  # without region and map
        assert each.series == made[each.kind].series
    other = results(stored(2), cxr.assess(stored(2), phantom_model), phantom_model)
    assert {each.instance for each in first}.isdisjoint(each.instance for each in other)


@pytest.mark.parametrize(
    "tags",
    [
        {"PatientID": None, "StudyDate": None, "StudyTime": None, "AccessionNumber": None},
        {"PatientName": None, "PatientBirthDate": None, "PatientSex": None, "StudyID": None},
        {"StudyDescription": None, "PatientOrientation": None},
        {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou=山田^太郎"},
    ],
)
def test_what_a_film_does_not_state_is_left_empty(
    phantom_model: cxr.Classifier, tags: dict[str, object]
) -> None:
    data = stored(**tags)
    for each in results(data, cxr.assess(data, phantom_model), phantom_model):
        ds = opened(each)
        name = str(tags.get("PatientName", "Müller^Jörg") or "")
        assert str(ds.PatientName) == name
        for keyword, value in tags.items():
            if value is None:
                assert not ds.get(keyword)


def test_broken_values_are_not_passed_on(phantom_model: cxr.Classifier) -> None:
    from dicomfiles import stating

    data = stating(stored(), PatientBirthDate=b"1.1.1960", PatientSex=b"male", StudyTime=b"x")
    for each in results(data, cxr.assess(data, phantom_model), phantom_model):
        ds = opened(each)
        assert (ds.PatientBirthDate, ds.PatientSex, ds.StudyTime) == ("", "", "")
        assert ds.PatientID == "PID-1"


def test_a_film_that_does_not_say_whose_it_is_is_refused(phantom_model: cxr.Classifier) -> None:
    from films import dicom

    for data, code in ((png(film()), "not_dicom"), (dicom(film()), "no_study")):
        found = cxr.assess(data, phantom_model)
        with pytest.raises(DicomOutError) as caught:
            results(data, found, phantom_model)
        assert caught.value.code == code


def test_a_refused_film_has_no_results(phantom_model: cxr.Classifier) -> None:
    data = stored(Modality="CT")
    with pytest.raises(cxr.NotARadiograph):
        results(data, cxr.assess(data, phantom_model), phantom_model)


@pytest.mark.parametrize("kind", ["report", "picture", "presentation"])
def test_dciodvfy_finds_no_error(files: dict[str, Path], kind: str) -> None:
    done = subprocess.run(
        [tool("dciodvfy"), "-new", files[kind]], capture_output=True, text=True, check=False
    )
    said = done.stderr.splitlines()
    assert any(line in _KINDS for line in said)
    assert not [line for line in said if line.startswith(("Error", "Abort"))]
    warned = [line for line in said if line.startswith("Warning") and "99CXRLENS" not in line]
    assert not warned


def test_dsrdump_reads_the_report(files: dict[str, Path]) -> None:
    done = subprocess.run(
        [tool("dsrdump"), "+Pl", files["report"]], capture_output=True, text=True, check=True
    )
    assert "Comprehensive SR Document" in done.stdout
    assert '"Probability of T"' in done.stdout
    assert "(POLYLINE,10/20,40/20,40/60,10/60,10/20)" in done.stdout
    assert cxr.NOTICE in done.stdout


def test_dcmtk_shows_the_picture(files: dict[str, Path], tmp_path: Path) -> None:
    shown = tmp_path / "shown.png"
    subprocess.run(
        [tool("dcmj2pnm"), "+on", files["picture"], shown], capture_output=True, check=True
    )
    wanted = dcmread(files["picture"]).pixel_array
    assert (np.asarray(Image.open(shown).convert("RGB")) == wanted).all()


def test_the_command_line_writes_all(
    phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(stored())
    bundle = ["--model", str(phantom_model.bundle.folder)]
    out = tmp_path / "out"
    asked = ["dicom", str(path), "--out", str(out), "--class", "T", *bundle]
    assert main([*asked, "--box", "10,20,30,40"]) == 0
    (region,) = srread(out / "report.dcm").content.get_planar_roi_measurement_groups()
    assert len(region.get_measurements()) == 2
    assert (out / "picture.dcm").is_file()
    assert not (out / "presentation.dcm").exists()
    assert main([*asked, "--window", "120", "80", "--inverted"]) == 0
    state = dcmread(out / "presentation.dcm")
    assert state.SoftcopyVOILUTSequence[0].WindowWidth == 81
    assert state.PresentationLUTShape == "INVERSE"
    for wrong in (["--window", "1", "0"], ["--window", "nan", "5"], ["--inverted"]):
        assert main([*asked, *wrong]) == 2
        assert "[bad_window]" in capsys.readouterr().err
    plain = [part for part in asked if part not in ("--class", "T")]
    assert main([*plain, "--method", "gradcam"]) == 2
    assert "say --class too" in capsys.readouterr().err
    for box in ("1,2,3", "a,b,c,d", "0,0,81,10", "0,0,0,10"):
        assert main([*asked, "--box", box]) == 2
        assert "[bad_request]" in capsys.readouterr().err
