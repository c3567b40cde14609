"""The report of one film: what stands on it, that it is one page, and that it can be verified."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sites
from films import dicom, film, png
from passports import drawn

import cxr
from cxr.__main__ import main
from cxr.report import Report, Verdict, from_json, make, to_html, to_json, to_pdf, verify
from cxr.report.page import page_of
from cxr.site import store

FILM = png(film(300, 260))
OTHER = png(film(200, 260))
NAME = "Planted^Patient"


@pytest.fixture
def report(phantom_model: cxr.Classifier) -> Report:
    return make(FILM, phantom_model, tested=False)


def changed(report: Report, **parts: Any) -> Report:
    """The same with parts of its content changed, as if it had been written so."""
    content = json.loads(json.dumps(report.content))
    for path, value in parts.items():
        *into, last = path.split("__")
        place = content
        for name in into:
            place = place[name]
        place[last] = value
    return Report(content)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def test_it_says_what_the_spine_says(report: Report, phantom_model: cxr.Classifier) -> None:
    found = cxr.assess(FILM, phantom_model)
    prediction, checks = found.scored
    held = report.content
    assert held["scores"]["probabilities"] == prediction.probabilities
    assert held["sets"] == {share: list(labels) for share, labels in found.sets.items()}
    assert [each["code"] for each in held["checks"]["findings"]] == [
        each.code for each in checks.findings
    ]
    assert held["network"]["sha256"] == phantom_model.bundle.digest
    assert held["notice"] == cxr.NOTICE
    assert held["map"]["label"] == prediction.label


def test_every_form_carries_notice_scores_and_network(report: Report) -> None:
    page = page_of(report)
    html = to_html([report]).decode()
    for text in (cxr.NOTICE, page.caveat[:40], report.content["network"]["sha256"], report.sha256):
        assert text in html
    for bar in page.bars:
        assert bar.said in html
    assert html.count(cxr.NOTICE) == 2
    assert from_json(to_json(report)).sha256 == report.sha256


def test_html_needs_nothing_else_and_runs_nothing(
    phantom_model: cxr.Classifier,
) -> None:
    bad = "<script>alert(1)</script><img src=http://elsewhere/x>"
    html = to_html(
        [make(FILM, phantom_model, verdict=Verdict(bad, bad, bad), patient=bad)]
    ).decode()
    assert "<script" not in html
    assert "<img src=http" not in html
    assert not re.search(r"(?:src|href)=['\"](?!data:)", html)
    assert "default-src 'none'" in html


def test_text_is_never_markup_in_the_pdf(phantom_model: cxr.Classifier) -> None:
    bad = '#panic("ran") $x$ *b* @ref <label> \\ "'
    pdf = to_pdf([make(FILM, phantom_model, verdict=Verdict(bad, bad, bad), patient=bad)])
    assert pages(pdf) == 1


@pytest.mark.parametrize("shape", [(300, 260), (900, 260), (200, 640)])
def test_it_is_one_page_however_much_is_said(
    shape: tuple[int, int], phantom_model: cxr.Classifier
) -> None:
    verdict = Verdict("R" * 60, "V" * 60, "A long word and another. " * 160, "2026-01-01T10:00:00Z")
    made = make(png(film(*shape)), phantom_model, verdict=verdict, patient="P" * 60)
    flagged = [
        {**each, "flagged": True, "said": each["said"] + " More of it." * 4, "done": "said"}
        for each in made.content["checks"]["findings"]
    ]
    made = changed(made, checks={"findings": flagged * 2, "unchecked": ["Not checked."]})
    assert pages(to_pdf([made])) == 1
    assert pages(to_pdf([made, made])) == 2


def test_a_map_of_an_unlikely_class_says_so(phantom_model: cxr.Classifier) -> None:
    p = cxr.assess(FILM, phantom_model).scored[0].probabilities
    unlikely, likely = sorted(p, key=p.__getitem__)
    assert p[unlikely] < 0.1
    for label, said in ((unlikely, True), (likely, False)):
        told = " ".join(page_of(make(FILM, phantom_model, label=label, tested=False)).map_said)
        assert ("false alarm" in told) is said


def test_a_refused_film_has_a_report_without_scores(
    phantom_model: cxr.Classifier, lungs_looked_for: None, rng: np.random.Generator
) -> None:
    noise = png(rng.integers(0, 255, (300, 260), np.uint8))
    made = make(noise, phantom_model)
    assert verify(made, noise, [phantom_model]).confirmed
    assert made.content["refusal"]["code"] == "not_chest"
    assert made.content["scores"] is None
    assert "No lungs" in page_of(made).first[0]
    assert pages(to_pdf([made])) == 1
    assert verify(
        made, png(rng.integers(0, 255, (300, 260), np.uint8)), [phantom_model]
    ).differences


def test_a_file_that_cannot_be_read_has_none(phantom_model: cxr.Classifier) -> None:
    with pytest.raises(cxr.UnreadableFile):
        make(b"no film", phantom_model)


def test_the_patient_is_named_on_wish_alone(phantom_model: cxr.Classifier) -> None:
    source = dicom(film(300, 260), PatientName=NAME, PatientID="PLANTED-7")
    made = make(source, phantom_model, with_film=True)
    whole = to_json(made) + to_html([made]) + json.dumps(asdict(page_of(made))).encode()
    assert b"Planted" not in whole
    assert b"PLANTED" not in whole
    assert NAME in to_html([make(source, phantom_model, patient=NAME)]).decode()


def test_a_true_report_is_confirmed(report: Report, phantom_model: cxr.Classifier) -> None:
    found = verify(from_json(to_json(report)), FILM, [phantom_model])
    assert found.differences == ()
    assert found.worst == 0


def test_it_is_confirmed_from_the_film_within(phantom_model: cxr.Classifier) -> None:
    deep = dicom(film(300, 260, bits=12), bits=12)
    made = from_json(to_json(make(deep, phantom_model, with_film=True)))
    assert verify(made, None, [phantom_model]).confirmed


def test_without_a_film_it_says_so(report: Report, phantom_model: cxr.Classifier) -> None:
    with pytest.raises(cxr.ReportError, match=r"\[no_film\]"):
        verify(report, None, [phantom_model])


def test_another_film_is_named(report: Report, phantom_model: cxr.Classifier) -> None:
    assert "Another film" in verify(report, OTHER, [phantom_model]).differences[0]


def test_the_same_film_in_another_file_is_named(
    report: Report, phantom_model: cxr.Classifier
) -> None:
    (said,) = verify(report, png(film(300, 260), compress_level=1), [phantom_model]).differences
    assert said.startswith("The same film in another file")


def test_a_score_is_named_with_its_difference(
    report: Report, phantom_model: cxr.Classifier
) -> None:
    p = dict(report.content["scores"]["probabilities"])
    label = max(p, key=p.__getitem__)
    wrong = changed(report, **{f"scores__probabilities__{label}": p[label] - 0.2})
    (said,) = verify(wrong, FILM, [phantom_model]).differences
    assert f"Score of {label}" in said
    assert "+0.2000" in said


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("network__sha256", "0" * 64, "Another network"),
        ("network__temperature", 9.0, "calibrated otherwise"),
        ("scores__label", "?", "Class: ?"),
        ("sets", {"0.9": ["?"]}, "set of classes"),
        ("thresholds", {"T": {"value": 0.5, "above": True, "of": "network"}}, "threshold of T"),
        ("map__grid", [[5.0] * 16] * 16, "The map"),
        ("refusal", {"code": "not_chest", "message": ""}, "not_chest. Now: scored"),
        ("hospital", {"name": "Away", "sha256": "0" * 64}, "profile Away"),
    ],
)
def test_each_difference_has_a_name(
    part: str, value: object, said: str, report: Report, phantom_model: cxr.Classifier
) -> None:
    found = verify(changed(report, **{part: value}), FILM, [phantom_model])
    assert any(said in text for text in found.differences), found.differences


def test_a_hospital_profile_is_verified_too(phantom_model: cxr.Classifier) -> None:
    here, later = (sites.profile(phantom_model, threshold=t) for t in (0.25, 5.0))
    made = make(FILM, phantom_model.at(here))
    assert verify(made, FILM, [phantom_model], [here]).confirmed
    said = " ".join(verify(made, FILM, [phantom_model], [later]).differences)
    assert "Another version of the hospital profile Drawn hospital" in said
    assert "hospital’s threshold is another" in said


def test_an_edited_file_is_refused(report: Report) -> None:
    data = to_json(report)
    with pytest.raises(cxr.ReportError, match="altered_report"):
        from_json(data.replace(b'"label": "', b'"label": "x', 1))
    with pytest.raises(cxr.ReportError, match="report_format"):
        from_json(data.replace(b'"format": 1', b'"format": 99'))
    for junk in (b"", b"[]", b"{}", b"\xff", b'{"sha256": "", "format": 1}', b"[" * 10**5):
        with pytest.raises(cxr.ReportError):
            from_json(junk)


def test_a_crafted_file_is_refused_with_a_sentence(
    report: Report, phantom_model: cxr.Classifier
) -> None:
    for part, value in (("film", {}), ("scores", {"probabilities": 3}), ("map", {"label": "T"})):
        with pytest.raises(cxr.CxrError):
            verify(changed(report, **{part: value}), FILM, [phantom_model])


def run(*asked: object) -> int:
    return main([str(each) for each in asked])


def test_the_command_line(
    tmp_path: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    bundle = phantom_model.bundle.folder
    path, other, out = (tmp_path / name for name in ("a.png", "b.png", "report.json"))
    path.write_bytes(FILM)
    other.write_bytes(OTHER)
    assert run("report", path, "--out", out, "--model", bundle, "--untested") == 0
    assert run("verify", out, "--film", path, "--model", bundle) == 0
    assert "Confirmed" in capsys.readouterr().out
    assert run("verify", out, "--film", other, "--model", bundle) == 1
    assert "Another film" in capsys.readouterr().out
    assert run("verify", out, "--film", path) == 1  # by the shipped network
    assert "Another network" in capsys.readouterr().out
    assert run("verify", out, "--model", bundle) == 2
    assert run("report", path, "--out", tmp_path / "a.docx", "--model", bundle) == 2


def test_a_class_is_one_pdf_or_a_zip(
    tmp_path: Path, phantom_model: cxr.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = phantom_model.bundle.folder
    folder = tmp_path / "Planted Name"
    folder.mkdir()
    for name, data in (("x.png", FILM), ("y.png", OTHER), ("z.txt", b"no film")):
        (folder / name).write_bytes(data)
    asked = ("report", folder, "--model", bundle, "--untested", "--out")
    assert run(*asked, tmp_path / "class.pdf") == 1  # one file is none
    assert "2 of 3 films" in capsys.readouterr().out
    assert pages((tmp_path / "class.pdf").read_bytes()) == 2
    run(*asked, tmp_path / "class.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "class.zip").read_bytes())) as archive:
        names = archive.namelist()
        assert len(names) == 6
        assert not any("Planted" in name or "x.png" in name for name in names)
        assert from_json(archive.read(names[2]))
    assert run(*asked, tmp_path / "class.json") == 2


def test_a_reader_s_verdicts_stand_on_the_reports(
    tmp_path: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxr.review.entries import Entry, case_of
    from cxr.review.store import Store, new_key

    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    folder, out = tmp_path / "films", tmp_path / "report.json"
    folder.mkdir()
    (folder / "x.png").write_bytes(FILM)
    kept = Store(str(tmp_path / "review.sqlite3"))
    for reader, note in (("A. Reader", "a shadow"), ("Another", "nothing")):
        case, digest = case_of("x.png"), phantom_model.bundle.digest
        entry = Entry(new_key(), "verdict", reader, case, "x.png", digest, "N", "T", "model_wrong")
        kept.record(Entry(**{**asdict(entry), "note": note}))
    asked = ("report", folder, "--model", phantom_model.bundle.folder, "--untested", "--out", out)
    assert run(*asked, "--verdicts", "--reader", "A. Reader") == 0
    held: Mapping[str, Any] = from_json(out.read_bytes()).content["verdict"]
    assert (held["reader"], held["said"], held["note"]) == ("A. Reader", "model wrong", "a shadow")


def test_by_a_hospital_the_command_line_finds_the_profile_again(
    tmp_path: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    here = sites.profile(phantom_model)
    store.save(here)
    path, out = tmp_path / "a.png", tmp_path / "a.json"
    path.write_bytes(FILM)
    bundle = phantom_model.bundle.folder
    asked = ("report", path, "--out", out, "--model", bundle, "--untested", "--site")
    assert run(*asked, "Drawn hospital") == 0
    assert run("verify", out, "--film", path, "--model", bundle) == 0
    store.delete(here)
    assert run("verify", out, "--film", path, "--model", bundle) == 1


def test_a_child_by_its_header_stays_one_without_the_file(phantom_model: cxr.Classifier) -> None:
    source = dicom(drawn().pixels, PatientAge="009Y")
    made = make(source, phantom_model, with_film=True)
    assert made.content["film"]["age_years"] == 9
    assert verify(made, None, [phantom_model]).confirmed


@pytest.fixture(scope="module")
def whole(models: Path) -> tuple[cxr.Classifier, Path]:
    """A network with limits, sets, thresholds and hospitals, and a film that it flags."""
    return cxr.load(models / "default"), models.parent / "samples" / "child-01.jpg"


def test_promises_of_known_hospitals_stand_for_those_alone(
    whole: tuple[cxr.Classifier, Path],
) -> None:
    model, sample = whole
    found = cxr.assess(sample, model)
    assert found.sets
    assert found.above
    away, home = (
        make(sample, model, tested=False, known_hospital=known).content for known in (False, True)
    )
    assert (away["sets"], away["thresholds"]) == ({}, {})
    assert away["standing"]["headline"].startswith("T: higher than")
    assert home["sets"] == {share: list(labels) for share, labels in found.sets.items()}
    assert home["thresholds"].keys() == found.above.keys()
    assert home["standing"] is None
    for content in (away, home):
        assert verify(Report(content), sample, [model]).confirmed


@pytest.mark.parametrize(
    ("known", "path", "value", "said"),
    [
        (False, "notice", "For diagnosis.", "The notice is another"),
        (False, "network__caveat", "Always right.", "says of the network"),
        (False, "network__worth", [["Sensitivity", "1.00", ""]], "says of the network"),
        (False, "standing__headline", "T: higher than 1 of 100 films of N", "What is said of wh"),
        (False, "standing__log_odds", -9.0, "Where the film stands is another"),
        (False, "standing", None, "then or now alone"),
        (True, "sets__0.9", ["N"], "The set of classes"),
        (True, "thresholds__T__said", "T is far above.", "The threshold of T"),
    ],
)
def test_what_was_altered_with_its_hash_is_found(
    whole: tuple[cxr.Classifier, Path], known: bool, path: str, value: Any, said: str
) -> None:
    model, sample = whole
    made = make(sample, model, tested=False, known_hospital=known)
    found = verify(changed(made, **{path: value}), sample, [model])
    assert any(said in each for each in found.differences), found.differences


def test_checks_are_worked_out_again(whole: tuple[cxr.Classifier, Path]) -> None:
    model, sample = whole
    made = make(sample, model, tested=False)
    findings = made.content["checks"]["findings"]
    assert any(each["flagged"] for each in findings)
    other = [{**each, "flagged": not each["flagged"]} for each in findings]
    assert not verify(changed(made, checks__findings=other), sample, [model]).confirmed


def test_a_map_cannot_hide_behind_a_scale(whole: tuple[cxr.Classifier, Path]) -> None:
    model, sample = whole
    made = make(sample, model, tested=False)
    grid = np.full_like(np.array(made.content["map"]["grid"]), 7.0).tolist()
    forged = changed(made, map__scale=1e9, map__grid=grid)
    assert any("The map" in each for each in verify(forged, sample, [model]).differences)


def test_numbers_that_are_none_are_refused(report: Report, phantom_model: cxr.Classifier) -> None:
    with pytest.raises(cxr.ReportError, match="no report of a film"):
        from_json(b'{"sha256":"x","format":1,"a":1e999}')
    scores = report.content["scores"]["probabilities"]
    huge = changed(report, scores__probabilities=dict.fromkeys(scores, 10**400))
    with pytest.raises(cxr.ReportError, match="no report of a film"):
        verify(huge, FILM, [phantom_model])


def test_a_note_of_many_lines_is_one_paragraph(phantom_model: cxr.Classifier) -> None:
    made = make(FILM, phantom_model, tested=False, verdict=Verdict("R", "N", "a\n" * 300))
    assert "\n" not in page_of(made).note
    assert pages(to_pdf([made])) == 1


def test_one_film_alone_is_asked_before_any_is_worked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(FILM)
    monkeypatch.setattr("cxr.report.record.make", lambda *_, **__: pytest.fail("worked out"))
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "x.json")]) == 2
