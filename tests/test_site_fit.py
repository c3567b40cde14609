"""Fitting a hospital profile: what is offered, what it is worth, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import film as drawn_film
from films import png
from networks import phantom
from sites import hospital, reference
from sklearn.linear_model import LogisticRegression

import cxr
from cxr.metrics import curves
from cxr.site import fit, ridge, thresholds
from cxr.site.films import SiteFilm, gather


@pytest.mark.parametrize("strength", [0.001, 0.1])
def test_the_ridge_is_scikit_learns(strength: float, rng: np.random.Generator) -> None:
    values, positive = rng.normal(size=(40, 60)), rng.random(40) < 0.3
    peer = LogisticRegression(C=strength, class_weight="balanced", tol=1e-9, max_iter=5000)
    peer.fit(values, positive)
    line = ridge.fit(values, positive, strength)
    assert line.weights == pytest.approx(peer.coef_[0], abs=1e-5)
    assert line.intercept == pytest.approx(peer.intercept_[0], abs=1e-5)
    turned, axes = ridge.turned(values)
    again = ridge.fit(turned, positive, strength)
    assert axes.T @ again.weights == pytest.approx(line.weights, abs=1e-5)


def test_folds_part_patients_and_keep_both_labels(rng: np.random.Generator) -> None:
    positive = np.arange(40) >= 22
    patients = np.r_[np.repeat(np.arange(11), 2), np.arange(11, 29)]
    held_once = np.zeros(40, int)
    for learn, held in ridge.folds(positive, patients, 10, 3):
        assert not set(patients[learn]) & set(patients[held])
        assert 0 < positive[learn].sum() < len(learn)
        held_once[held] += 1
    assert (held_once == 1).all()


def test_nothing_is_learnt_from_the_film_that_is_asked(rng: np.random.Generator) -> None:
    """Noise of far more numbers than films tells nothing out of fold, and everything within."""
    values, positive = rng.normal(size=(60, 400)), np.arange(60) % 2 == 0
    turned, _ = ridge.turned(values)
    inside = ridge.fit(turned, positive, 0.003)(turned)
    outside = ridge.out_of_fold([(turned, 0.003), (turned, 0.001)], positive, np.arange(60))
    assert curves.auroc(curves.count(inside, positive)) > 0.99
    assert curves.auroc(curves.count(outside, positive)) < 0.75


def test_shares_have_exact_intervals() -> None:
    # R: binom.test(8, 10)$conf.int
    found = thresholds.share(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4439045, 0.9747893), abs=1e-6)
    assert thresholds.share(10, 10).high == 1
    assert thresholds.share(0, 10).low == 0
    assert np.isnan(thresholds.share(0, 0).value)
    called = np.arange(10) < 8
    assert thresholds.share_of(called, np.arange(10)) == found
    pairs = thresholds.share_of(called, np.arange(10) // 2)
    assert pairs == thresholds.share(8, 10, 5)
    assert np.isnan(thresholds.share_of(called[:0], np.arange(0)).value)
    assert thresholds.independent(np.array([0, 0, 0, 1])) == pytest.approx(16 / 10)
    several = np.repeat(np.arange(4), [2, 2, 3, 3])
    assert thresholds.share_of(np.arange(10) < 9, several).value == 0.9
    assert thresholds.share_of(np.ones(10, bool), several).high == 1
    more = np.r_[several, np.arange(4, 24)]
    worth = thresholds.independent(several)
    assert thresholds.with_more(10, worth, 20) == pytest.approx(thresholds.independent(more))
    assert thresholds.width(0.8, 110) < thresholds.width(0.8, 10)


def test_a_quantile_of_a_normal_is_found(rng: np.random.Generator) -> None:
    drawn = rng.normal(3, 2, 20_000)
    assert thresholds.for_specificity(drawn, 0.7) == pytest.approx(3 + 2 * 0.5244, abs=0.06)
    assert thresholds.for_sensitivity(drawn, 0.9) == pytest.approx(3 - 2 * 1.2816, abs=0.08)


def test_known_negatives_give_a_threshold(phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 40, 0)
    site = fit(phantom_model, films, labels, wanted={"specificity": 0.8})
    assert (site.kind, site.head, site.films) == ("threshold", None, {"N": 40, "T": 0})
    odds = np.array([f.logits[1] - f.logits[0] for f in films]) / phantom_model.bundle.temperature
    assert (odds < site.threshold).mean() == pytest.approx(0.8, abs=0.08)
    assert len(site.negatives) == 40
    assert site.report["specificity"]["low"] < site.report["specificity"]["value"]
    assert "sensitivity" not in site.report
    assert [line["films"] for line in site.report["more"]] == [20, 50, 100]


def test_a_head_that_is_ahead_is_offered(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    films, labels = hospital(phantom_model, 60, 60, apart=3)
    site = fit(phantom_model, films, labels, wanted={"sensitivity": 0.9})
    assert site.kind == "head"
    assert site.report["gain"]["low"] > 0
    assert site.report["head_area"]["value"] > 0.9
    assert site.report["sensitivity"]["value"] == pytest.approx(0.9, abs=0.1)
    there = phantom_model.at(site)
    fresh, told = hospital(phantom_model, 50, 50, apart=3, seed=9)
    assert there.site is not None
    assert there.site.head is not None
    logits = np.stack([f.logits + there.site.head.added(f.averages[None])[0] for f in fresh])
    odds = (logits[:, 1] - logits[:, 0]) / phantom_model.bundle.temperature
    ill = np.array(told) == "T"
    assert curves.auroc(curves.count(odds, ill)) > 0.9
    # What was stored as out of fold and what the head says of new films share one scale.
    assert odds[ill].mean() == pytest.approx(site.positives.mean(), abs=1)
    assert (odds >= site.threshold)[ill].mean() > 0.75
    monkeypatch.setattr("cxr.site.fitting.reference_of", reference)
    known = fit(phantom_model, *hospital(phantom_model, 20, 20, apart=2.5, seed=3))
    assert known.report["head_area"]["value"] > 0.85  # known hospitals knew where to look


def test_a_head_that_gains_nothing_is_not(phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 30, 30, apart=0)
    site = fit(phantom_model, films, labels)
    assert (site.kind, site.head) == ("threshold", None)
    assert "not ahead of the shipped one beyond doubt" in site.report["why"]
    assert site.report["gain"]["low"] <= 0


def test_a_fair_hospital_does_not_trip_and_a_marked_one_does(
    phantom_model: cxr.Classifier,
) -> None:
    fair = fit(phantom_model, *hospital(phantom_model, 60, 60, apart=3))
    assert not any(each["trips"] for each in fair.report["shortcuts"])
    marked = fit(phantom_model, *hospital(phantom_model, 60, 60, apart=3, crude=2))
    assert all(each["trips"] for each in marked.report["shortcuts"])


@pytest.mark.parametrize(("marked", "told_by"), [(False, set()), (True, {"corners", "rim"})])
def test_drawn_films_do_not_trip_and_their_markers_do(
    phantom_model: cxr.Classifier, marked: bool, told_by: set[str]
) -> None:
    """Lungs with a lesion or without, placed and exposed by chance; then such films with a side's
    letter that goes with the label, as at Shenzhen. The thumbnail sees so large a lesion too."""
    rng = np.random.default_rng(0)
    labels = ["N", "T"] * 40
    drawn = []
    for label in labels:
        pixels, _ = phantom(rng, label == "T")
        pixels = np.roll(pixels, rng.integers(-3, 4, 2), (0, 1))
        pixels = (pixels * rng.uniform(0.85, 1)).astype(np.uint8)
        if marked and label == "T":
            pixels[4:18, -18:-4] = 250
        drawn.append(png(pixels))
    site = fit(phantom_model, drawn, labels)
    assert site.report["shipped_area"]["value"] > 0.85
    tripped = {each["what"] for each in site.report["shortcuts"] if each["trips"]}
    assert tripped - {"thumbnail"} == told_by


def test_films_without_labels_are_moved_to_a_stated_share(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.site.alignment.reference_of", reference)
    films, _ = hospital(phantom_model, 60, 60, apart=1.5)
    site = fit(phantom_model, films, [""] * 120, share=0.5)
    assert (site.kind, site.threshold, site.films) == ("aligned", 0.0, {"": 120})
    called = site.report["called_at"]
    assert [each["share"] for each in called] == [0.25, 0.5, 0.75]
    assert called[0]["value"] <= called[1]["value"] <= called[2]["value"]
    assert all(each["low"] <= each["value"] <= each["high"] for each in called)
    assert site.head is not None
    moved = np.stack([f.averages for f in films])
    # The head on moved averages is linear in them: their mean becomes the reference's.
    known = reference(phantom_model)
    mean = (known.negative_mean + known.positive_mean) / 2
    assert phantom_model.head_weights is not None
    want = (mean - moved.mean(0)) @ phantom_model.head_weights
    assert site.head.added(moved).mean(0) == pytest.approx(want, abs=1e-4)


def test_what_is_called_is_called_by_the_moments_of_other_patients(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One patient's many films lie elsewhere: moments that they had a part in would bring them
    home."""
    monkeypatch.setattr("cxr.site.alignment.reference_of", reference)
    films, _ = hospital(phantom_model, 90, 0)
    assert phantom_model.head_weights is not None
    towards = phantom_model.head_weights @ np.array([-1.0, 1.0])
    strange = [
        replace(each, averages=(each.averages + 3 * np.sign(towards)).astype(np.float32))
        for each in films[:35]
    ]
    strange = [
        replace(each, logits=(each.averages @ phantom_model.head_weights).astype(np.float32))
        for each in strange
    ]
    mixed = [*strange, *films[35:]]
    one = [*["one"] * 35, *[""] * 55]
    shares = {}
    for name, patients in (("known", one), ("unknown", None)):
        site = fit(phantom_model, mixed, [""] * 90, share=0.1, patients=patients)
        shares[name] = site.report["called_at"][1]
    assert shares["known"]["value"] > shares["unknown"]["value"]
    independent = 90**2 / (35**2 + 55)
    found = thresholds.share(round(90 * shares["known"]["value"]), 90, independent)
    assert (shares["known"]["low"], shares["known"]["high"]) == pytest.approx(
        (found.low, found.high)
    )


@pytest.mark.parametrize(("stated", "double"), [(0.1, 0.2), (0.4, 0.8), (0.5, 0.75), (0.8, 0.9)])
def test_twice_a_stated_share_is_never_all(
    stated: float,
    double: float,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cxr.site.alignment.reference_of", reference)
    films, _ = hospital(phantom_model, 30, 30)
    site = fit(phantom_model, films, [""] * 60, share=stated)
    shares = [each["share"] for each in site.report["called_at"]]
    assert shares == pytest.approx([stated / 2, stated, double])


def _sixty(films: list[SiteFilm]) -> list[SiteFilm]:
    """Twenty more that look otherwise."""
    more = [
        replace(each, identity=str(i), crude=tuple(look + 1 for look in each.crude))
        for i, each in enumerate(films[:20])
    ]
    return films + more


def test_films_that_another_network_scored_are_refused(phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 20, 20)
    (one,), _ = gather(phantom_model, [png(drawn_film(300, 260))])
    assert one is not None
    assert one.network == phantom_model.bundle.digest
    fit(phantom_model, [*films, one], [*labels, "N"])
    with pytest.raises(cxr.SiteError, match=r"^Film 41 was scored .*other_network"):
        fit(phantom_model, [*films, replace(one, network="another")], [*labels, "N"])


def test_films_of_a_third_label_are_not_films_without_a_label(models: Path) -> None:
    model = cxr.load(models / "default")
    films, _ = hospital(model, 60, 0)
    with pytest.raises(cxr.SiteError, match="too_few_films"):
        fit(model, films, ["P"] * 60, share=0.2)
    site = fit(model, films, ["P"] * 5 + [""] * 55, share=0.2)
    assert (site.films, site.report["aside"]) == ({"": 55}, 5)


Change = Callable[[list, list], tuple[list, list, dict]]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("unknown_label", lambda f, x: (f, ["Z", *x[1:]], {})),
        ("unknown_label", lambda f, x: (f, x, {"positive": "P"})),
        ("one_label", lambda f, x: (f[20:], x[20:], {})),
        ("too_few_films", lambda f, x: (f[11:], x[11:], {})),
        ("too_few_films", lambda f, x: (f[:20], x[:20], {"wanted": {"sensitivity": 0.9}})),
        ("too_few_films", lambda f, x: (f, [""] * 40, {"share": 0.2})),
        (
            "too_few_films",
            lambda f, x: (2 * f, [""] * 80, {"share": 0.2, "patients": 2 * [*map(str, range(40))]}),
        ),
        ("film_twice", lambda f, x: ([*f[:-1], f[-2]], x, {})),
        ("two_labels", lambda f, x: ([*f[:-1], f[0]], x, {})),
        ("bad_request", lambda f, x: (f, x[1:], {})),
        ("bad_request", lambda f, x: (f, x, {"wanted": {"specificity": 1.0}})),
        ("bad_request", lambda f, x: (f, x, {"wanted": {"luck": 0.7}})),
        ("bad_request", lambda f, x: (f, x, {"name": " "})),
        ("bad_request", lambda f, x: (f, x, {"name": "x" * 61})),
        ("bad_request", lambda f, x: (f, x, {"share": 1.0})),
        ("bad_request", lambda f, x: (f, x, {"negative": "T"})),
        ("bad_request", lambda f, x: (_sixty(f), [""] * 60, {})),
        ("films_refused", lambda f, x: ([*f[:-1], b"no film"], x, {})),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    phantom_model: cxr.Classifier, code: str, change: Change
) -> None:
    films, labels, options = change(*hospital(phantom_model, 20, 20))
    if films[:40] == films[40:]:
        films = [replace(f, identity=str(i)) for i, f in enumerate(films)]
    with pytest.raises(cxr.SiteError) as refusal:
        fit(phantom_model, films, labels, **options)
    assert refusal.value.code == code
