"""What a threshold does: against counting by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sites import hospital, profile

import cxr
from cxr.site import diagnostic_yield, fit, from_bytes, thresholds, to_bytes


def drawn(model: cxr.Classifier) -> cxr.site.Profile:
    """Of four N and five T, with figures that no counting gives."""
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    return profile(
        model,
        negatives=np.array([-2, -1, 0, 1], np.float32),
        positives=np.array([-0.5, 0.5, 1.5, 2, 3], np.float32),
        report={
            "why": "",
            "sensitivity": figure,
            "specificity": figure,
            "more": [{"films": 20.0, "sensitivity": 0.1, "specificity": 0.1, "area": 0.1}],
        },
    )


def test_a_moved_threshold_is_counted(phantom_model: cxr.Classifier) -> None:
    site = drawn(phantom_model)
    found = diagnostic_yield.at_threshold(site, 0.5, 0.1, 20.0)
    assert found.sensitivity.value == pytest.approx(4 / 5)
    assert found.specificity.value == pytest.approx(3 / 4)
    assert found.of_thousand.called == pytest.approx(80 + 225)
    assert found.of_thousand.found == pytest.approx(80)
    assert found.worst.found == pytest.approx(100 * found.sensitivity.low)
    assert found.best.alarms == pytest.approx(900 * (1 - found.specificity.high))
    assert found.worst.ppv < found.of_thousand.ppv < found.best.ppv
    assert found.cost == pytest.approx(20 * 305)
    assert found.cost_per_found == pytest.approx(20 * 305 / 80)


def test_films_of_one_patient_count_once(phantom_model: cxr.Classifier) -> None:
    """Four N of two patients, two films each: a moved threshold has the interval of two."""
    site = drawn(phantom_model)
    of_two = {**site.report, "independent": {"sensitivity": 5.0, "specificity": 2.0}}
    found = diagnostic_yield.rates(replace(site, report=of_two), -0.5)[1]
    assert found == thresholds.share(2, 4, 2)
    there = diagnostic_yield.moved(replace(site, report=of_two), -0.5).report["more"][0]
    assert there["specificity"] == pytest.approx(thresholds.width(0.5, 24**2 / (4**2 / 2 + 20)))


def test_its_own_threshold_has_the_figures_of_the_fit(phantom_model: cxr.Classifier) -> None:
    site = drawn(phantom_model)
    assert diagnostic_yield.rates(site, site.threshold)[0].value == 0.5


def test_without_t_only_false_alarms_can_be_told(phantom_model: cxr.Classifier) -> None:
    site = replace(drawn(phantom_model), positives=np.zeros(0, np.float32))
    found = diagnostic_yield.at_threshold(site, 0.5, 0.1, 20.0)
    assert np.isnan([found.sensitivity.value, found.cost, found.cost_per_found]).all()
    assert found.of_thousand.alarms == pytest.approx(225)
    assert set(diagnostic_yield.moved(site, 0.5).report["more"][0]) == set(site.report["more"][0])


def test_nothing_found_costs_no_number(phantom_model: cxr.Classifier) -> None:
    assert np.isnan(
        diagnostic_yield.at_threshold(drawn(phantom_model), 99.0, 0.1, 20.0).cost_per_found
    )


def test_a_moved_profile_is_another_and_says_so(phantom_model: cxr.Classifier) -> None:
    site = drawn(phantom_model)
    assert diagnostic_yield.moved(site, site.threshold) is site
    there = diagnostic_yield.moved(site, 0.5)
    assert (there.threshold, dict(there.wanted)) == (0.5, {"threshold": 0.5})
    assert there.report["sensitivity"]["value"] == pytest.approx(0.8)
    assert there.report["more"][0]["sensitivity"] != 0.1
    assert there.report["more"][0]["area"] == 0.1
    assert there.identity != site.identity
    assert from_bytes(to_bytes(there)).identity == there.identity


def test_thresholds_to_try_span_the_films(phantom_model: cxr.Classifier) -> None:
    site = drawn(phantom_model)
    steps = diagnostic_yield.tried(site)
    assert steps == sorted(set(steps))
    assert site.threshold in steps
    assert diagnostic_yield.at_threshold(site, steps[0], 0.1, 0).sensitivity.value == 1
    assert diagnostic_yield.at_threshold(site, steps[-1], 0.1, 0).specificity.value == 1


@pytest.mark.parametrize("apart", [0.0, 3.0])
def test_film_by_film_the_scores_are_the_profiles(
    phantom_model: cxr.Classifier, apart: float
) -> None:
    films, labels = hospital(phantom_model, 24, 24, apart)
    films = [replace(film, outside=place in (2, 30)) for place, film in enumerate(films)]
    labels[5] = ""
    patients = [str(place // 2) if place % 3 else "" for place in range(48)]
    site = fit(phantom_model, films, labels, patients=patients, without_outside=True)
    assert site.kind == ("head" if apart else "threshold")
    scores = diagnostic_yield.film_scores(phantom_model, site, films, labels, patients)
    assert np.isnan(scores[[2, 5, 30]]).all()
    ill = np.array(labels) == "T"
    for side, kept in ((~ill, site.negatives), (ill, site.positives)):
        there = scores[side]
        assert np.sort(there[np.isfinite(there)]) == pytest.approx(kept, abs=1e-5)


def test_groups_are_few_and_ages_parted_at_55() -> None:
    score = np.array([-1.0, 1, -1, 1, 2, -2, 0])
    positive = np.array([False, False, True, True, True, False, False])
    columns = {
        "age": ["54", "55,0", "56", "070Y", "nan", "?", ""],
        "hiv": ["+", "-", "+", "-", "+", "", ""],
        "id": [str(place) for place in range(7)],
        "same": ["x"] * 7,
        "none": [""] * 7,
    }
    found = diagnostic_yield.groups(score, positive, np.arange(7), columns, 0.0)
    parts = {(each.column, each.value): each for each in found}
    assert set(parts) == {
        ("age", "?"),
        ("age", "55 or under"),
        ("age", "over 55"),
        ("hiv", "+"),
        ("hiv", "-"),
    }
    old = parts["age", "over 55"]
    assert (old.negatives, old.positives, old.sensitivity.value) == (0, 2, 0.5)
    assert np.isnan(old.specificity.value)
    young = parts["age", "55 or under"]
    assert (young.negatives, young.positives, young.specificity.value) == (2, 0, 0.5)
    shared = diagnostic_yield.groups(score, positive, np.array([0, 0, 1, 1, 1, 2, 2]), columns, 0.0)
    wider = {(each.column, each.value): each for each in shared}["age", "55 or under"].specificity
    assert wider.value == 0.5
    assert wider.low < young.specificity.low
    assert wider.high > young.specificity.high
