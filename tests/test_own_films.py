"""Films of one's own folder as rows like those of a model's table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reviewroom import make_own
from sites import profile, some_head

import cxr
from cxr.errors import Cancelled
from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.folder import DataFolder, open_folder
from cxr.screening.own_films import OWN, OwnFilms, listed, score
from cxr.site_profiles import drift


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    return open_folder(make_own(tmp_path_factory.mktemp("own")))


def scored(folder: DataFolder, model: cxr.Classifier) -> OwnFilms:
    return score(folder, listed(folder, model).images, model, {})


def test_what_cannot_be_reviewed_is_counted(
    folder: DataFolder, phantom_model: cxr.Classifier
) -> None:
    found = listed(folder, phantom_model)
    assert (len(found.images), found.hidden, found.unlabelled) == (7, 1, 1)
    films = scored(folder, phantom_model)
    assert films.refused == 1
    assert set(films.table.split) == {OWN}
    assert list(films.table.label) == ["T"] * 3 + ["N"] * 3


def test_rows_are_those_of_a_model_s_table(
    folder: DataFolder, phantom_model: cxr.Classifier, room: tuple[Path, Path]
) -> None:
    whole = table(open_bundle(room[1] / "room"))
    own = scored(folder, phantom_model).table
    assert list(own.columns) == list(whole.columns)
    assert own.dtypes.map(type).equals(whole.dtypes.map(type))
    first = phantom_model.predict([folder.film(own.image[0])])[0]
    assert own.p_T[0] == pytest.approx(first.probabilities["T"])
    assert own.called[0] == first.label == "T"
    assert own.source[0] == "mbarara"
    assert own.patient[0] == "0.png"


def test_scores_and_calls_go_by_the_profile(
    folder: DataFolder,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path))
    strict = phantom_model.at(profile(phantom_model, threshold=1e6))
    assert set(scored(folder, strict).table.called) == {"N"}
    there = phantom_model.at(profile(phantom_model, some_head(phantom_model), threshold=-1e6))
    own = scored(folder, there).table
    assert set(own.called) == {"T"}
    moved = there.predict([folder.film(own.image[0])])[0]
    assert own.p_T[0] == pytest.approx(moved.probabilities["T"])


def test_a_folder_that_is_scored_leaves_nothing_to_the_profile_s_watch(
    folder: DataFolder,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def numbers(model: cxr.Classifier, averages: Any, odds: Any) -> Any:
        return np.zeros((len(odds), drift.NUMBERS))

    monkeypatch.setenv("CXR_SITES", str(tmp_path))
    monkeypatch.setattr(drift, "numbers", numbers)
    there = phantom_model.at(profile(phantom_model))
    assert len(scored(folder, there).table) == 6
    assert list(tmp_path.iterdir()) == []


def test_work_that_was_stopped_goes_on_with_the_rest(
    folder: DataFolder, phantom_model: cxr.Classifier
) -> None:
    images, held = listed(folder, phantom_model).images, {}
    with pytest.raises(Cancelled):
        score(folder, images, phantom_model, held, lambda share: share < 0.5)
    done = dict(held)
    assert 0 < len(done) < len(images)
    score(folder, images, phantom_model, held)
    assert all(held[image] is found for image, found in done.items())
    assert len(held) == len(images)
