"""Whose films a hospital profile rests on: what counts once, what is one patient's, how films are
told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from films import dicom, encoded, film, png
from PIL import Image
from sites import hospital

import cxr
from cxr.site import diagnostic_yield, fit, thresholds
from cxr.site.films import distinct, gather, people
from cxr.teaching import samples


def test_patients_count_and_not_their_films(phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 20, 20)
    site = fit(phantom_model, films, labels, patients=[""] * 20 + ["one"] * 15 + [""] * 5)
    assert site.kind == "threshold"
    assert "T of fewer than 10 patients" in site.report["why"]
    with pytest.raises(cxr.SiteError) as refusal:
        fit(phantom_model, films, labels, patients=["one"] * 15 + [""] * 25)
    assert refusal.value.code == "too_few_films"
    assert "N of 6 patients" in refusal.value.message


def test_intervals_are_of_patients(phantom_model: cxr.Classifier) -> None:
    """Two films of each: the intervals are those of half as many, the figures those of all."""
    films, labels = hospital(phantom_model, 40, 40, apart=0)
    patients = [str(place // 2) for place in range(80)]
    pairs = fit(phantom_model, films, labels, patients=patients).report
    assert pairs["independent"] == {"sensitivity": 20, "specificity": 20}
    for figure in ("sensitivity", "specificity"):
        found = thresholds.share(round(40 * pairs[figure]["value"]), 40, 20)
        assert pairs[figure] == {"value": found.value, "low": found.low, "high": found.high}
        more = thresholds.with_more(40, 20, 50)
        assert pairs["more"][1][figure] == thresholds.width(found.value, more)


def test_films_outside_are_counted_and_left_out_on_request(
    phantom_model: cxr.Classifier,
) -> None:
    films, labels = hospital(phantom_model, 30, 0)
    films = [replace(each, outside=i < 4) for i, each in enumerate(films)]
    kept = fit(phantom_model, films, labels)
    assert (kept.report["outside"], kept.report["left_out"], kept.films["N"]) == (4, 0, 30)
    less = fit(phantom_model, films, labels, without_outside=True)
    assert (less.report["outside"], less.report["left_out"], less.films["N"]) == (4, 4, 26)


def test_a_dicom_file_says_whose_film_it_is_where_nobody_else_does(
    phantom_model: cxr.Classifier,
) -> None:
    pictures = [np.roll(film(300, 260), 12 * i, axis=0) for i in range(4)]  # no copies of one
    whose = ("4711", "4711", "12", "")
    drawn = [dicom(each, PatientID=who) for each, who in zip(pictures, whose, strict=True)]
    found = [each for each in gather(phantom_model, drawn)[0] if each is not None]
    assert len({each.patient for each in found[:2]}) == 1
    assert found[2].patient not in (found[0].patient, "")
    assert "4711" not in found[0].patient
    assert found[3].patient == ""
    assert list(people(found, None, range(4))) in ([0, 0, 1, 2], [1, 1, 0, 2])
    assert len(set(people(found, ["a", "b", "", ""], range(4)))) == 4, "a table comes first"
    assert len(set(people(found, ["a", "", "", ""], range(4)))) == 3, "it names one of two"
    assert len(set(people(found, ["a", "b", "", "b"], [0, 1, 3]))) == 2
    assert len(set(people(found, ["a", "", "b", "a"], [1, 3]))) == 1, "by way of a third film"
    films, labels = hospital(phantom_model, 20, 20)
    one = [replace(each, patient="one") if i < 15 else each for i, each in enumerate(films)]
    with pytest.raises(cxr.SiteError) as refusal:
        fit(phantom_model, one, labels)
    assert "N of 6 patients" in refusal.value.message
    said = ["p" if i in (0, 1, 30, 31) else "" for i in range(40)]
    stated = [replace(each, patient=who) for each, who in zip(films, said, strict=True)]
    by_file, by_table = (
        fit(phantom_model, stated, labels),
        fit(phantom_model, films, labels, patients=said),
    )
    assert by_file.report == by_table.report
    scores = diagnostic_yield.film_scores(phantom_model, by_file, stated, labels, [""] * 40)
    assert sorted(scores[:20]) == pytest.approx(by_file.negatives)


def test_copies_of_one_film_are_one_patients(phantom_model: cxr.Classifier) -> None:
    """Another file of the same film is no film that a fold has not seen."""
    shown = [cxr.read(each.data()).eight_bit for each in samples.shipped()[:3]]
    stored = [encoded(Image.fromarray(each), "PNG") for each in shown]
    copies = [
        encoded(Image.fromarray(shown[0]), "JPEG", quality=75),
        encoded(Image.fromarray(shown[1]).resize((300, 280)), "PNG"),
    ]
    found = [each for each in gather(phantom_model, [*stored, *copies])[0] if each is not None]
    assert len({each.identity for each in found}) == 5
    first, second, third, *again = people(found, None, range(5))
    assert len({first, second, third}) == 3
    assert again == [first, second]


def test_films_are_read_scored_and_told_apart(phantom_model: cxr.Classifier) -> None:
    drawn = [png(film(300, 260)), b"no film", png(film(300, 260), compress_level=1)]
    found, refused = gather(phantom_model, drawn)
    assert [each is None for each in found] == [False, True, False]
    assert list(refused) == [1]
    first, _, other = found
    assert first is not None
    assert other is not None
    assert first.identity == other.identity  # another file of the same film
    shipped = phantom_model.predict([cxr.read(drawn[0])])[0]
    assert shipped.features is not None
    assert first.averages == pytest.approx(shipped.features.mean((0, 1)))
    with pytest.raises(cxr.SiteError) as refusal:
        distinct([first, other], ["N", "T"])
    assert refusal.value.code == "two_labels"
    assert "1 and 2" in refusal.value.message
