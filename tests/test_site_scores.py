"""A model at a hospital: every score and every map goes by the profile."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from films import film, png
from sites import hospital, profile, reference, some_head

import cxr
from cxr.explain.gradient import at_input
from cxr.imaging.preprocessing import preprocess
from cxr.model import reference as stored
from cxr.model.reference import LEVELS, HoldOutNetwork
from cxr.screening.standing import call_of
from cxr.screening.words import reading
from cxr.teaching import samples


@pytest.fixture
def drawn() -> cxr.Radiograph:
    return cxr.read(png(film(300, 260)))


def test_a_head_is_added_to_every_score(
    phantom_model: cxr.Classifier, drawn: cxr.Radiograph
) -> None:
    head = some_head(phantom_model)
    there = phantom_model.at(profile(phantom_model, head))
    shipped, moved = (m.predict([drawn])[0] for m in (phantom_model, there))
    assert shipped.features is not None
    want = np.array(list(shipped.logits.values())) + head.added(shipped.features.mean((0, 1)))
    assert list(moved.logits.values()) == pytest.approx(want, abs=1e-5)
    assert sum(moved.probabilities.values()) == pytest.approx(1)
    square = preprocess(drawn.eight_bit, there.preprocessing)
    assert there.squares(square[None])[0] == pytest.approx(want, abs=1e-5)
    assert there.averages(square[None]) == pytest.approx(phantom_model.averages(square[None]))


def test_log_odds_leave_the_third_label_out() -> None:
    scores = cxr.Prediction("P", {"N": 0.1, "P": 0.7, "T": 0.2}, {}, None)
    assert scores.log_odds("T", "N") == pytest.approx(np.log(2))
    nothing = cxr.Prediction("N", {"N": 1.0, "P": 0.0, "T": 0.0}, {}, None)
    assert np.isfinite(nothing.log_odds("T", "N"))


def test_the_model_itself_stays_as_it_was_shipped(
    phantom_model: cxr.Classifier, drawn: cxr.Radiograph
) -> None:
    before = phantom_model.predict([drawn])[0].logits
    site = profile(phantom_model, some_head(phantom_model))
    there = phantom_model.at(site)
    there.predict([drawn])
    assert phantom_model.predict([drawn])[0].logits == before
    assert there.at(site) is there
    assert there.at(None) is phantom_model
    assert there.at(profile(phantom_model)).predict([drawn])[0].logits == before
    assert len({m.identity for m in (phantom_model, there, there.at(profile(phantom_model)))}) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"network": "0" * 64},
        {"labels": ("N", "T", "P")},
        {"preprocessing": {"size": 65}},
    ],
)
def test_another_networks_profile_is_refused(
    phantom_model: cxr.Classifier, changed: dict[str, object]
) -> None:
    with pytest.raises(cxr.SiteError) as refusal:
        phantom_model.at(profile(phantom_model, **changed))
    assert refusal.value.code == "other_network"


def test_a_head_of_another_size_is_refused(phantom_model: cxr.Classifier) -> None:
    head = some_head(phantom_model)
    short = type(head)(head.weights[:-1], head.offset)
    with pytest.raises(cxr.SiteError) as refusal:
        phantom_model.at(profile(phantom_model, short))
    assert refusal.value.code == "other_network"


def test_grad_cam_and_occlusion_follow_the_head(
    phantom_model: cxr.Classifier, drawn: cxr.Radiograph
) -> None:
    head = some_head(phantom_model, 3)
    there = phantom_model.at(profile(phantom_model, head))
    scores = there.predict([drawn])[0]
    assert scores.features is not None
    cells = cxr.explain.gradcam.grad_cam_cells(there, drawn, "T", scores)
    h, w, _ = scores.features.shape
    assert there.head_weights is not None
    whole = scores.features @ there.head_weights[:, 1] / (h * w)
    assert cells == pytest.approx(np.maximum(whole, 0), abs=1e-5)
    bias = phantom_model.predict([drawn])[0]
    assert bias.features is not None
    assert phantom_model.head_weights is not None
    rest = bias.logits["T"] - bias.features.mean((0, 1)) @ phantom_model.head_weights[:, 1]
    assert whole.sum() + rest + head.offset[1] == pytest.approx(scores.logits["T"], abs=1e-4)
    maps = [cxr.explain.occlusion(m, drawn, "T") for m in (phantom_model, there)]
    assert np.abs(maps[0] - maps[1]).max() > 0.001


def test_gradients_take_the_head_in(phantom_model: cxr.Classifier, drawn: cxr.Radiograph) -> None:
    pytest.importorskip("tensorflow")
    there = phantom_model.at(profile(phantom_model, some_head(phantom_model, 3)))
    square = preprocess(drawn.eight_bit, there.preprocessing).astype(np.float32)
    logits, slope = at_input(there, square[None], 1)
    assert logits[0] == pytest.approx(there.predict([drawn])[0].logits["T"], abs=1e-3)
    plain = at_input(phantom_model, square[None], 1)[1]
    assert np.abs(slope - plain).max() > 1e-5
    # Along its own gradient the logit rises as fast as it says.
    step = slope / np.linalg.norm(slope) * 4
    ahead, behind = (at_input(there, square[None] + sign * step, 1)[0][0] for sign in (1, -1))
    assert ahead - behind == pytest.approx(8 * np.linalg.norm(slope), rel=0.25)


def test_an_assessment_says_where_the_film_lies(
    phantom_model: cxr.Classifier, drawn: cxr.Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cxr.assess(drawn, phantom_model).standing is None
    found = cxr.assess(drawn, phantom_model.at(profile(phantom_model)))
    assert found.standing is not None
    odds = found.standing.log_odds
    assert found.prediction is not None
    assert odds == found.prediction.log_odds("T", "N")
    assert found.standing.threshold == 0.25
    assert found.standing.called == (odds >= 0.25)
    assert found.standing.hospital == "Drawn hospital"
    for threshold, called in ((odds - 1, "T"), (odds + 1, "N")):
        stands = replace(found.standing, threshold=threshold)
        assert call_of(found.prediction, stands) == called
    assert call_of(found.prediction, None) == found.prediction.label
    assert found.standing.below_negatives == pytest.approx(np.mean(np.array([-3, -1, 0.5]) < odds))
    assert (found.sets, found.above) == ({}, {})
    monkeypatch.setattr("cxr.screening.standing.reference_of", reference)
    away = cxr.assess(drawn, phantom_model).standing
    assert away is not None
    assert (away.hospital, away.threshold, away.called) == ("", None, None)
    assert 0 <= away.below_negatives <= 1
    assert not away.like
    assert "hospitals that it had not seen" in reading(away)
    by = HoldOutNetwork("0" * 64, 3, *2 * ((0.0,) * len(LEVELS),))
    monkeypatch.setattr(
        "cxr.screening.standing.reference_of", lambda m: replace(reference(m), left_out={"far": by})
    )
    away = cxr.assess(drawn, phantom_model).standing
    assert away is not None
    assert "hospitals that a network like it had not seen" in reading(away)


def test_a_reference_is_written_and_read_and_refused(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    import shutil

    folder = tmp_path / "phantom"
    shutil.copytree(phantom_model.bundle.folder, folder)
    assert stored.reference_of(phantom_model) is None
    by = HoldOutNetwork("1" * 64, 3, *2 * (tuple(range(len(LEVELS))),))
    known = replace(reference(phantom_model), left_out={"far": by})
    stored.save(folder, known, phantom_model.bundle.digest)
    again = stored.load(cxr.load(folder).bundle)
    assert again is not None
    assert again.hospitals == known.hospitals
    assert again.left_out == known.left_out
    assert np.array_equal(again.direction, known.direction)
    stored.save(folder, known, "0" * 64)
    with pytest.raises(cxr.BundleError) as refusal:
        stored.load(cxr.load(folder).bundle)
    assert refusal.value.code == "bad_reference"


@pytest.mark.parametrize(("positive", "negative"), [*permutations(("N", "P", "T"), 2)])
def test_the_higher_log_odds_are_called_whichever_label_is_positive(
    positive: str, negative: str
) -> None:
    model = cxr.load()
    films = [cxr.read(each.data()) for each in samples.shipped()[:6]]
    odds = sorted(each.log_odds(positive, negative) for each in model.predict(films))
    between = (odds[2] + odds[3]) / 2
    there = model.at(profile(model, positive=positive, negative=negative, threshold=between))
    called = 0
    for found in (cxr.assess(each, there, let_in=True) for each in films):
        scores, _ = found.scored
        above = scores.log_odds(positive, negative) >= between
        assert found.standing is not None
        assert found.standing.called == above
        others = [label for label in model.labels if label != positive]
        likeliest = max(others, key=lambda label: scores.probabilities[label])
        assert call_of(scores, found.standing) == (positive if above else likeliest)
        called += above
    assert called == 3


@pytest.mark.parametrize(("positive", "negative"), [("N", "T"), ("T", "N")])
def test_a_fit_has_its_positive_label_on_the_high_side(
    phantom_model: cxr.Classifier, positive: str, negative: str
) -> None:
    films, told = hospital(phantom_model, 40, 40, apart=4)
    labels = [{"N": negative, "T": positive}[label] for label in told]
    site = cxr.site.fit(phantom_model, films, labels, positive=positive, negative=negative)
    assert site.films == {negative: 40, positive: 40}
    assert np.median(site.positives) > site.threshold > np.median(site.negatives)
    assert site.report["sensitivity"]["value"] > 0.6
