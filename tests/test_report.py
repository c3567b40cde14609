"""A report: what stands on it, in each of its forms."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from films import dicom, film, png
from reported import FILM, NAME, changed, pages

import cxr
from cxr.report import Report, Verdict, from_json, make, to_html, to_json, to_pdf, verify
from cxr.report.page import page_of
from cxr.screening import words


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


def test_nothing_is_called_where_there_is_nothing_to_hold_it_against(
    report: Report, phantom_model: cxr.Classifier
) -> None:
    page = page_of(report)
    assert (page.headline, page.reading) == (words.UNPLACED, words.UNPLACED_WHY)
    assert not [bar for bar in page.bars if bar.called]
    for known, chosen, called in ((True, {}, 1), (False, {"T": 0.5}, 0)):
        page = page_of(
            make(FILM, phantom_model, tested=False, known_hospital=known, thresholds=chosen)
        )
        assert page.headline == ""
        assert sum(bar.called for bar in page.bars) == called


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
    shape: tuple[int, int], whole: tuple[cxr.Classifier, Path]
) -> None:
    verdict = Verdict("R" * 60, "V" * 60, "A long word and another. " * 160, "2026-01-01T10:00:00Z")
    made = make(png(film(*shape)), whole[0], verdict=verdict, patient="P" * 60)
    assert made.content["checks"]["findings"]
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


def test_a_note_of_many_lines_is_one_paragraph(phantom_model: cxr.Classifier) -> None:
    made = make(FILM, phantom_model, tested=False, verdict=Verdict("R", "N", "a\n" * 300))
    assert "\n" not in page_of(made).note
    assert pages(to_pdf([made])) == 1


def test_an_empty_set_is_said_as_on_read(report: Report) -> None:
    (said,) = [
        line for line in page_of(changed(report, sets={"0.9": []})).scores_said if "90" in line
    ]
    assert said.startswith("Not ruled out at 90 %: none: unlike the films of every class.")
