"""The spine: one film in, one answer out, whatever the source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from films import film, png
from passports import drawn

import cxr

CHEST = png(drawn().pixels)


@pytest.fixture
def model(models: Path) -> cxr.Classifier:
    return cxr.load(models / "default")


@pytest.mark.usefixtures("lungs_looked_for")
def test_a_path_bytes_and_a_film_give_one_answer(model: cxr.Classifier, tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(CHEST)
    found = [cxr.assess(s, model) for s in (tmp_path / "film.png", CHEST, cxr.read(CHEST))]
    for each in found:
        assert each.refusal is None
        scores, checks = each.scored
        assert scores.logits == model.predict([cxr.read(CHEST)])[0].logits
        assert {"not_chest", "outside"} <= {finding.code for finding in checks.findings}
        assert set(each.sets) == set(model.bundle.conformal)
        point = model.bundle.operating_points["T"]["threshold"]
        assert each.above == {"T": scores.probabilities["T"] >= point}


@pytest.mark.usefixtures("lungs_looked_for")
def test_a_picture_that_is_no_chest_is_refused_with_what_was_checked(model: cxr.Classifier) -> None:
    grain = np.random.default_rng(1).integers(0, 255, (300, 300)).astype(np.uint8)
    found = cxr.assess(png(grain), model)
    assert found.refusal is not None
    assert found.refusal.code == "not_chest"
    assert found.film is not None
    assert found.checks is not None
    assert "not_chest" in found.checks.flags
    assert found.prediction is None
    with pytest.raises(cxr.NotARadiograph):
        _ = found.scored


@pytest.mark.parametrize(("source", "code"), [(b"", "empty"), ("gone.png", "not_found")])
def test_what_cannot_be_read_is_a_refusal_and_nothing_else(
    model: cxr.Classifier, source: bytes | str, code: str
) -> None:
    found = cxr.assess(source, model)
    assert found.refusal is not None
    assert found.refusal.code == code
    assert (found.film, found.checks, found.prediction) == (None, None, None)
    assert not found.before_scores


def test_what_the_model_does_not_know_stands_before_the_scores(model: cxr.Classifier) -> None:
    found = cxr.assess(png(film()), model)  # its lungs are not looked for
    assert found.refusal is None
    assert found.checks is not None
    assert found.checks.outside == bool(found.before_scores)
    assert found.checks.unchecked
