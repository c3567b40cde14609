"""A run folder is one recipe's on one set of films, and says so to every other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from traindata import RECIPE, make_data

from cxr.errors import DataError
from train.data import cache, manifest
from train.experiments import site_holdout
from train.export import classifier
from train.fit import runs
from train.fit.training import fit
from train.recipes import recipe

Settings = tuple[recipe.Recipe, NDArray[np.uint8], pd.DataFrame]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("films")
    data = make_data(root / "films")
    (root / "tiny.toml").write_text(RECIPE.replace("epochs = 4", "epochs = 1"))
    plan, frame = recipe.load(str(root / "tiny.toml")), manifest.load(data)
    return plan, cache.films(frame, data, plan.labels, plan.learns_from, root / "cache"), frame


def _swapped(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(split=frame.split.replace({"train": "test", "test": "train"}))


def test_another_run_is_refused_and_says_by_what_it_differs(
    settings: Settings, tmp_path: Path
) -> None:
    plan, films, frame = settings
    fit(plan, films, frame, tmp_path / "run")
    history = (tmp_path / "run" / "history.csv").read_bytes()
    faster = replace(plan, training=replace(plan.training, seed=8, learning_rate=0.1))
    with pytest.raises(DataError, match=r"training\.learning_rate, training\.seed differ\.") as no:
        fit(faster, films, frame, tmp_path / "run")
    assert no.value.code == "other_run"
    with pytest.raises(DataError, match="films differs"):
        fit(plan, films, _swapped(frame), tmp_path / "run")
    with pytest.raises(DataError, match="films differs"):
        classifier.export_run(plan, tmp_path / "run", films, _swapped(frame), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "run" / "history.csv").read_bytes() == history


def test_what_training_does_not_see_may_change(settings: Settings, tmp_path: Path) -> None:
    plan, _, frame = settings
    runs.claim(tmp_path, plan, frame)
    runs.claim(tmp_path, replace(plan, card={"use": "None."}, operating={"T": 0.8}), frame)


def test_folds_of_another_number_are_other_runs(settings: Settings, tmp_path: Path) -> None:
    plan, films, frame = settings
    for k in (3, 4):
        site_holdout.cross_validate(plan, "tiny", films, frame, k, tmp_path)
    assert len(list(tmp_path.glob("tiny-fold*/plan.json"))) == 7
    for run in tmp_path.glob("tiny-fold*of4"):
        asked = set(pd.read_csv(run / "predictions.csv").image)
        assert not asked & _learnt(run, frame, plan)


def _learnt(run: Path, frame: pd.DataFrame, plan: recipe.Recipe) -> set[str]:
    """The films that the fold of this folder learnt from, by its plan."""
    from train.data import splits

    for cut in splits.folds(frame, 4, plan.training.seed):
        try:
            runs.claim(run, plan, cut)
        except DataError:
            continue
        return set(cut.image[cut.split == "train"])
    raise AssertionError("the folder is none of the folds")
