"""Reports that are worked out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sites
from films import dicom, film, png
from passports import drawn
from reported import FILM, OTHER, changed

import cxr
from cxr.report import Report, from_json, make, to_json, verify


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


def test_a_child_by_its_header_stays_one_without_the_file(
    whole: tuple[cxr.Classifier, Path],
) -> None:
    made = make(dicom(drawn().pixels, PatientAge="009Y"), whole[0], tested=False, with_film=True)
    assert made.content["film"]["age_years"] == 9
    (child,) = [x for x in made.content["checks"]["findings"] if x["code"] == "child"]
    assert child["score"] == 1, "by the header, not by the network"
    assert verify(made, None, [whole[0]]).confirmed


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
